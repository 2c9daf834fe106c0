"""Objects of the API as structs, field by field where one is not as it is declared.

A JSON null and a field left out are the same, and a number may come as a string: `"4"`. A field
that cannot be read is unknown, and costs no other one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import msgspec

T = TypeVar("T")

_LONGEST_TEXT: Final = 1 << 20

_NULL: Final = msgspec.Raw(b"null")
_NUMBER: Final = re.compile(rb"-?[0-9][0-9.eE+-]*")
_STRING: Final = msgspec.json.Decoder(str)
_NUMBERS: Final = msgspec.json.Decoder(float | None, strict=False)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])

ReadOtherwise = Callable[[msgspec.Raw], object]
"""Reads a field that is not of the type it should have. Raises msgspec.DecodeError."""


class Drifted:
    """Marks a record with fields that are `unreadable`, or in no release's documents: `unknown`."""

    __slots__ = ()
    unreadable: tuple[str, ...]
    unknown: tuple[str, ...]


class Decoder(Protocol):
    """A decoder of a type that is made when the program runs."""

    def decode(self, body: bytes | msgspec.Raw, /) -> Any: ...


def decoder(decoded: Any) -> Decoder:
    """One that takes a number that comes as a string."""
    made: Decoder = msgspec.json.Decoder(decoded, strict=False)
    return made


class LooseStruct(Generic[T]):
    """Reads objects as one kind of struct; `otherwise` reads fields that are of another type."""

    def __init__(self, struct: type[T], otherwise: Mapping[str, ReadOtherwise]) -> None:
        fields = msgspec.structs.fields(cast("type[msgspec.Struct]", struct))
        self.names = {field.name: field.encode_name for field in fields}
        """The name that each of its fields has in JSON."""
        self._otherwise = otherwise
        self._strict = decoder(struct)
        self._raw = decoder(_raw(self.names))
        self._readers = {field.name: decoder(field.type) for field in fields}

    def strict(self, raw: msgspec.Raw) -> T:
        """The object as it is declared. Raises msgspec.DecodeError or UnicodeDecodeError."""
        return cast("T", self._strict.decode(raw))

    def fields(self, raw: msgspec.Raw) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The values that can be read, and the JSON names of the fields that cannot.

        Raises msgspec.DecodeError if it is no object.
        """
        values: dict[str, Any] = {}
        unreadable = []
        for name, value in msgspec.structs.asdict(self._raw.decode(raw)).items():
            if value is _NULL:
                continue
            try:
                values[name] = self._read(name, value)
            except msgspec.DecodeError:
                unreadable.append(self.names[name])
        return values, tuple(unreadable)

    def _read(self, name: str, raw: msgspec.Raw) -> object:
        """Raises msgspec.DecodeError where no way of reading this field takes the value."""
        try:
            return self._readers[name].decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._otherwise.get(name, absence)(raw)


def _raw(names: Mapping[str, str]) -> type[msgspec.Struct]:
    """The struct with fields that are still JSON."""
    fields = [(name, msgspec.Raw, _NULL) for name in names]
    return msgspec.defstruct("_Raw", fields, rename=names)


def string(raw: msgspec.Raw) -> str:
    """Also one that is not UTF-8, which is replaced; it then has four times the bytes at most."""
    written = bytes(raw)
    if len(written) > _LONGEST_TEXT:
        raise msgspec.DecodeError("the text is too long")
    return _STRING.decode(written.decode("utf-8", "replace"))


def string_or_number(raw: msgspec.Raw) -> str:
    """A number as it is written: the version 1.10 is another than 1.1."""
    written = bytes(raw)
    return written.decode() if _NUMBER.fullmatch(written) else string(raw)


def number(raw: msgspec.Raw) -> float | None:
    """Also one that comes as a string. Raises msgspec.DecodeError where it is none."""
    try:
        found: float | None = _NUMBERS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        absence(raw)
        return None
    return found


def absence(raw: msgspec.Raw) -> None:
    """An empty text where something else belongs is no value."""
    if string(raw).strip():
        raise msgspec.DecodeError("a text")


def strings(raw: msgspec.Raw) -> tuple[str, ...]:
    """One, or a list in which a null is none."""
    if bytes(raw).startswith(b"["):
        return tuple(string_or_number(each) for each in _LIST.decode(raw) if each != _NULL)
    return (string(raw),)


def objects(
    struct: type[T], drifted: Callable[..., T], otherwise: Mapping[str, ReadOtherwise]
) -> ReadOtherwise:
    """Reads a list of objects of which one that is not as declared costs no other one.

    It becomes `drifted`, whose `unreadable` names its fields; one that is no object at all has the
    name "". A null is none.
    """
    loose = LooseStruct(struct, otherwise)

    def read(raw: msgspec.Raw) -> T:
        try:
            return loose.strict(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        try:
            values, unreadable = loose.fields(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            values, unreadable = {}, ("",)
        return drifted(**values, unreadable=unreadable) if unreadable else struct(**values)

    def read_all(raw: msgspec.Raw) -> tuple[T, ...]:
        return tuple(read(each) for each in _LIST.decode(raw) if each != _NULL)

    return read_all
