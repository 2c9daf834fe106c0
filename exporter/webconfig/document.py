"""A YAML file read with the strictness of Go's `yaml.UnmarshalStrict`, each value with its place.

The exporter toolkit reads YAML into typed fields: whether a value is text or a switch is decided by
the field, and only a plain `yes` is a switch, never `"yes"`. So the file is kept as nodes here, and
each value is asked for as what it should be. What is wrong is noted, and never quoted: a password
may stand where a name was meant.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import yaml

from exporter.settings import Fault, is_text, yaml_node, yaml_problem

Note = Callable[[Fault], None]

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_ON: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_OFF: Final = frozenset(
    {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
)
_TEXT: Final = "tag:yaml.org,2002:str"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Value:
    """What stands at one place of the file; `node` is None where nothing does.

    Each way to read it notes what is wrong, and then returns what it would for an absent value.
    """

    path: Path
    line: int | None
    name: str
    node: yaml.Node | None
    note: Note

    def wrong(self, what: str, fix: str) -> None:
        """Note a fault of this value."""
        line = f"line {self.line}" if self.line else ""
        place = ", ".join(filter(None, (str(self.path), line, self.name)))
        self.note(Fault(place, what, fix))

    @property
    def given(self) -> bool:
        """Whether anything but null stands here."""
        return self.node is not None and not _is_null(self.node)

    @property
    def quoted(self) -> bool:
        """Whether a scalar is in quotes or a block, which makes it text whatever it says."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.style is not None

    def section(self, *known: str) -> dict[str, "Value"]:
        """Every key of `known` with its value, given or not; any other key is noted."""
        values = {key: replace(self, name=self._below(key), node=None) for key in known}
        for key, value in self._pairs():
            if key in values:
                values[key] = value
            else:
                value.wrong("is not a key of the web configuration", _suggestion(key, known))
        return values

    def entries(self, kind: str) -> tuple[tuple[str, "Value"], ...]:
        """Keys of the operator's own with their values; a fault numbers them, as a `kind`."""
        return tuple(self._pairs(kind))

    def items(self) -> tuple["Value", ...]:
        """The values of a list."""
        if not self.given:
            return ()
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("must be a list", "write it like [one, two]")
            return ()
        return tuple(
            self._at(node, f"{self.name}[{index}]", node)
            for index, node in enumerate(self.node.value)
        )

    def text(self) -> str:
        """A scalar as it is written, empty for null."""
        if not self.given:
            return ""
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong("must be text", "quote it if it begins with one of { [ & * !")
            return ""
        if self.node.tag != _TEXT:
            self.wrong("has a tag, a word that begins with !", "remove the tag or quote the value")
            return ""
        if not is_text(self.node.value):
            self.wrong("has a character that no text has", r"mind \ in double quotes")
            return ""
        return str(self.node.value)

    def switch(self, *, default: bool) -> bool:
        """Whether it is on; the default for null."""
        if not self.given:
            return default
        text = self.text()
        if self.quoted or text not in _ON | _OFF:
            self.wrong("must be true or false", "write true or false, without quotes")
            return default
        return text in _ON

    def _pairs(self, kind: str = "") -> Iterator[tuple[str, "Value"]]:
        """The pairs of a mapping whose keys are names, each once."""
        if not self.given:
            return
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("must be a mapping", "write it like name: value, one a line")
            return
        seen: set[str] = set()
        for number, (key, node) in enumerate(self.node.value, start=1):
            name = f"({kind} {number})" if kind else _shown(key)
            value = self._at(key, self._below(name), node)
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT or _is_null(key):
                value.wrong("does not have a name as its key", "write it like name: value")
            elif key.value == "<<" and key.style is None:
                value.wrong("merges keys from elsewhere", "write the keys out")
            elif key.value in seen:
                value.wrong("is repeated", "keep one of them")
            else:
                seen.add(key.value)
                yield key.value, value

    def _at(self, mark: yaml.Node, name: str, node: yaml.Node) -> "Value":
        return replace(self, line=mark.start_mark.line + 1, name=name, node=node)

    def _below(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key


def document(content: bytes, path: Path, note: Note) -> Value:
    """Return the whole file as one value, an absent one if it is no YAML at all, which is noted."""
    whole = Value(path, None, "", None, note)
    try:
        return replace(whole, node=_node(content))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        replace(whole, line=line).wrong(yaml_problem(error), _QUOTES)
    except (yaml.YAMLError, UnicodeDecodeError):
        whole.wrong("is not plain text in UTF-8", "save it as UTF-8, remove control characters")
    except RecursionError:
        whole.wrong("is nested too deeply", "three levels are all it needs")
    return whole


_QUOTES: Final = "mind the indentation, and quote values that begin with one of ! & * @ % { [ ` > |"


def _node(content: bytes) -> yaml.Node | None:
    # BaseLoader takes every scalar as text: what it means is the field's business.
    loader = yaml.BaseLoader(content)
    try:
        node = yaml_node(loader)
        if loader.yaml_version not in {None, (1, 1)}:
            raise yaml.MarkedYAMLError(problem="only version 1.1 is read here")
    finally:
        loader.dispose()
    return node


def _is_null(node: yaml.Node) -> bool:
    return (
        isinstance(node, yaml.ScalarNode)
        and node.style is None
        and node.tag == _TEXT
        and node.value in _NULLS
    )


def _shown(key: yaml.Node) -> str:
    """Spell a key, unless it may be a secret gone astray: YAML reads `{password:x}` as one."""
    if isinstance(key, yaml.ScalarNode) and _NAME.fullmatch(key.value):
        return str(key.value)
    return "(a key not shown here)"


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    if near := get_close_matches(key.lower(), known, n=1):
        return f"did you mean {near[0]}?"
    return f"known here: {', '.join(known)}"
