"""The answers of ZStack's API, typed, as tolerant as the API is loose.

A JSON null and a field left out are the same (ZStack omits nulls), unknown fields are normal, and
a number may come as a string: `"4"`. Every field but `uuid` may be absent.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

UNKNOWN_FIELD: Final = "SYS.1000"
"""The code, among other meanings, of a query that names a field the platform does not have."""

Number = float | None
Uuid = Annotated[str, msgspec.Meta(min_length=1)]  # not always hex: shipped templates break that


class ModelServiceRef(msgspec.Struct, frozen=True, gc=False):
    """A model bound to a service; that it is there is all that is read of it."""


class ModelService(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """QueryModelService's ModelServiceInventory: a definition, so it has no running state.

    `request_cpu` counts cores. `request_memory` has no documented unit and `size` is in bytes.
    The dates are text in the platform's local time. `framework` meant the origin (HuggingFace …)
    before 5.3.20 and the runtime (vLLM …) since.
    """

    uuid: Uuid
    name: str | None = None
    type: str | None = None
    framework: str | None = None
    source: str | None = None
    version: str | None = None
    has_new_version: bool | None = None
    request_cpu: Number = None
    request_memory: Number = None
    size: Number = None
    model_center_uuid: str | None = None
    gpu_compute_capability: str | float | None = None
    python_version: str | float | None = None
    system: bool | None = None
    support_distributed: bool | None = None
    cpu_architectures: tuple[str, ...] | None = None
    vendor_to_spec_uuids_map: Mapping[str, object] | None = None
    model_service_refs: tuple[ModelServiceRef, ...] | None = None
    create_date: str | float | None = None
    last_op_date: str | float | None = None


_COLLECTIONS: Final = {"cpuArchitectures", "vendorToSpecUuidsMap", "modelServiceRefs"}

PROJECTION: Final = ",".join(
    name for name in ModelService.__struct_encode_fields__ if name not in _COLLECTIONS
)
"""The fields that are read here, but for collections, which a projection may not name.

`supportDistributed` is a Java primitive: not asked for, it would come all the same, and be false.
"""


class _Page(msgspec.Struct, frozen=True):
    inventories: tuple[ModelService, ...]
    total: int


class _LoosePage(msgspec.Struct, frozen=True):
    inventories: tuple[object, ...]
    total: int


class _Uuid(msgspec.Struct, frozen=True):
    uuid: Uuid


class _Session(msgspec.Struct, frozen=True, rename="camel"):
    uuid: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\Z")
    ]  # it goes into a header and a path
    create_date: object = None
    expired_date: object = None


class _Login(msgspec.Struct, frozen=True):
    inventory: _Session


@dataclass(frozen=True, slots=True)
class Session:
    """The session that a login opened. Its dates are text in the platform's local time."""

    uuid: str
    create_date: str | float | None = None
    expired_date: str | float | None = None


class TimeZone(msgspec.Struct, frozen=True):
    """GetPlatformTimeZone: `{"timezone": "Asia/Shanghai", "offset": "+08:00"}`."""

    timezone: str | None = None
    offset: str | None = None


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A row that is there but cannot be read; `uuid` is None where not even that could be."""

    uuid: str | None
    fault: str


Row = ModelService | Undecodable


@dataclass(frozen=True, slots=True)
class Page:
    """One page of model services in the order it came; `total` counts all that match."""

    rows: tuple[Row, ...]
    total: int


_PAGE: Final = msgspec.json.Decoder(_Page, strict=False)
_LOGIN: Final = msgspec.json.Decoder(_Login)
_TIME_ZONE: Final = msgspec.json.Decoder(TimeZone)

_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair of surrogates
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
_LONGEST_INTEGER: Final = 20


def model_services(body: bytes) -> Page:
    """A page of QueryModelService; a row that does not decode costs no other row.

    Raises msgspec.DecodeError if the page as a whole cannot be read, RecursionError if it is
    nested beyond all reason.
    """
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _row_by_row(_loosely(body))
    return Page(page.inventories, page.total)


def session(body: bytes) -> Session:
    """The session that a login opened. Raises msgspec.DecodeError."""
    opened = _LOGIN.decode(_text(body)).inventory
    return Session(opened.uuid, _date(opened.create_date), _date(opened.expired_date))


def _date(value: object) -> str | float | None:
    """No login fails for the sake of a date."""
    try:
        return msgspec.convert(value, str | float | None)
    except msgspec.ValidationError:
        return None


def nothing(body: bytes) -> None:
    """For answers whose body does not matter."""


def time_zone(body: bytes) -> TimeZone:
    """The zone of the platform's dates. Raises msgspec.DecodeError."""
    return _TIME_ZONE.decode(_text(body))


def _loosely(body: bytes) -> _LoosePage:
    """The page by the standard library: slower, but it takes rows of any shape.

    And what msgspec refuses anywhere in the page: text that is not UTF-8, a bare control character,
    NaN, a lone surrogate (which JSON allows).
    """
    text = _ESCAPE.sub(lambda found: r"\ufffd" if found["lone"] else found[0], _text(body))
    try:
        page = json.loads(text, parse_int=_integer, strict=False)
        return msgspec.convert(page, _LoosePage, strict=False)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _integer(digits: str) -> float:
    """Of any length; `int` refuses thousands of digits, and the page with them."""
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def _row_by_row(page: _LoosePage) -> Page:
    return Page(tuple(_row(row) for row in page.inventories), page.total)


def _row(row: object) -> Row:
    try:
        return msgspec.convert(row, ModelService, strict=False)
    except msgspec.ValidationError as error:
        return Undecodable(_uuid(row), str(error))


def _uuid(row: object) -> str | None:
    try:
        return msgspec.convert(row, _Uuid).uuid
    except msgspec.ValidationError:
        return None
