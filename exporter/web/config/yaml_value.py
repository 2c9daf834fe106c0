"""The values of a YAML file, read as strictly as Go's `yaml.UnmarshalStrict` does.

The exporter toolkit reads YAML into typed fields: whether a value is text or a switch is decided by
the field, and only a plain `yes` is a switch, never `"yes"`. So the file is kept as nodes, and each
value is read as the type that its field has. A fault never quotes the file: a password may stand
where a name was meant.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from exporter.settings import Fault, did_you_mean
from exporter.settings.yaml_document import YamlError, compose, is_text, not_usable, yaml_errors

OnError = Callable[[Fault], None]

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_ON: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_OFF: Final = frozenset(
    {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
)
_TEXT: Final = "tag:yaml.org,2002:str"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class YamlValue:
    """The value at one place of the file; `node` is None where there is none.

    Each way to read it passes a fault to `on_error`, and then returns what it would for no value.
    """

    path: Path
    line: int | None
    name: str
    node: yaml.Node | None
    on_error: OnError

    def report(self, what: str, fix: str) -> None:
        """Report a fault of this value."""
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(filter(None, (str(self.path), line, self.name)))
        self.on_error(Fault(place, what, fix))

    @property
    def is_set(self) -> bool:
        """Whether it is there and not null."""
        return self.node is not None and not _is_null(self.node)

    @property
    def has_content(self) -> bool:
        """Whether it is there, not null and not empty."""
        return self.is_set and bool(getattr(self.node, "value", None))

    @property
    def is_quoted(self) -> bool:
        """Whether it is a scalar in quotes or a block, and therefore always text."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.style is not None

    def section(self, *known: str) -> dict[str, "YamlValue"]:
        """Every key of `known` with its value, set or not; any other key is a fault."""
        values = {key: replace(self, name=self._below(key), node=None) for key in known}
        for key, value in self._pairs():
            if key in values:
                values[key] = value
            else:
                value.report("is not a key of the web configuration", _suggestion(key, known))
        return values

    def entries(self, kind: str) -> tuple[tuple[str, "YamlValue"], ...]:
        """Keys that the operator chooses, with their values.

        A fault has a key that looks like a name, and the number of any other, as a `kind`.
        """
        return tuple(self._pairs(kind))

    def items(self) -> tuple["YamlValue", ...]:
        """The values of a list."""
        if not self.is_set:
            return ()
        if not isinstance(self.node, yaml.SequenceNode):
            self.report("must be a list", "write it like [one, two]")
            return ()
        return tuple(
            self._at(node, f"{self.name}[{index}]", node)
            for index, node in enumerate(self.node.value)
        )

    def as_text(self) -> str:
        """A scalar as it is written, empty for null."""
        if not self.is_set:
            return ""
        if not isinstance(self.node, yaml.ScalarNode):
            self.report("must be text", "quote it if it begins with one of { [ & * !")
            return ""
        if self.node.tag != _TEXT:
            self.report("has a tag, a word that begins with !", "remove the tag or quote the value")
            return ""
        if not is_text(self.node.value):
            self.report("has a character that no text has", r"mind \ in double quotes")
            return ""
        return str(self.node.value)

    def as_bool(self, *, default: bool) -> bool:
        """The value of a switch; the default for null."""
        if not self.is_set:
            return default
        text = self.as_text()
        if self.is_quoted or text not in _ON | _OFF:
            self.report("must be true or false", "write true or false, without quotes")
            return default
        return text in _ON

    def _pairs(self, kind: str = "") -> Iterator[tuple[str, "YamlValue"]]:
        """The pairs of a mapping whose keys are names, each once."""
        if not self.is_set:
            return
        if not isinstance(self.node, yaml.MappingNode):
            self.report("must be a mapping", "write it like name: value, one a line")
            return
        seen: set[str] = set()
        for number, (key, node) in enumerate(self.node.value, start=1):
            name = _printable(key) or (f"({kind} {number})" if kind else "(a key not shown here)")
            value = self._at(key, self._below(name), node)
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT or _is_null(key):
                value.report("does not have a name as its key", "write it like name: value")
            elif key.value == "<<" and key.style is None:
                value.report("merges keys from elsewhere", "write the keys out")
            elif key.value in seen:
                value.report("is repeated", "keep one of them")
            else:
                seen.add(key.value)
                yield key.value, value

    def _at(self, mark: yaml.Node, name: str, node: yaml.Node) -> "YamlValue":
        return replace(self, line=mark.start_mark.line + 1, name=name, node=node)

    def _below(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def parse(content: bytes, path: Path, on_error: OnError) -> YamlValue:
    """The whole file as one value, which has no node if the file is not YAML; that is a fault."""
    whole = YamlValue(path, None, "", None, on_error)
    try:
        return replace(whole, node=_node(content))
    except YamlError as error:
        replace(whole, line=error.line).report(error.what, error.fix)
        return whole


def _node(content: bytes) -> yaml.Node | None:
    with yaml_errors():
        # BaseLoader reads every scalar as text: its type is decided by the field.
        loader = yaml.BaseLoader(content)
        node = compose(loader)
        if loader.yaml_version not in {None, (1, 1)}:
            raise not_usable("only version 1.1 is read here", "remove the line %YAML")
        return node


def _is_null(node: yaml.Node) -> bool:
    return (
        isinstance(node, yaml.ScalarNode)
        and node.style is None
        and node.tag == _TEXT
        and node.value in _NULLS
    )


def _printable(key: yaml.Node) -> str:
    """A key that looks like a name, else nothing: YAML reads `{password:secret}` as a key."""
    is_name = isinstance(key, yaml.ScalarNode) and _NAME.fullmatch(key.value)
    return str(key.value) if is_name else ""


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    return did_you_mean(key.lower(), known) or f"known here: {', '.join(known)}"
