"""The configuration file, read so that nothing in it is guessed at and nothing of it is quoted."""

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from .faults import Fault, Place, SettingsError
from .notation import read_list
from .yaml_document import YamlError, compose, is_text, not_usable, yaml_errors

NAME_A_READABLE_FILE: Final = "name a file that the exporter can read"


@dataclass(frozen=True, slots=True)
class Document:
    """Nested mappings, and the YAML that they were read from; None of an empty file."""

    tree: dict[str, Any] = field(default_factory=dict)
    node: yaml.Node | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing but blanks and comments."""
        return self.node is None

    def line(self, place: Place) -> int | None:
        """The line of the key or item at this place, or else of the nearest one above it."""
        line, node = None, self.node
        for part in place:
            found = _below(node, part)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line

    def positions(self, file: str, key: str) -> dict[str, str]:
        """Where each setting below the key is, as `position` says it."""
        found = _below(self.node, key)
        return {} if found is None else _positions(file, found[1])

    def positions_of_each(self, file: str, *key: str) -> dict[str, dict[str, str]]:
        """The same of each section below the key, or of the whole, by its name."""
        node = self.node
        for part in key:
            found = _below(node, part)
            node = None if found is None else found[1]
        return {name.value: _positions(file, section) for name, section in _pairs(node)}

    def position(self, file: str, place: Place) -> str:
        """Where the place is, as a fault says it."""
        line = self.line(place)
        return f"in {file}, line {line}" if line else f"in {file}"


def _below(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """What has the line of this key or item, and its value; None where there is none."""
    if pairs := _pairs(node):
        return next((pair for pair in pairs if pair[0].value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _positions(file: str, node: yaml.Node) -> dict[str, str]:
    return {key.value: f"in {file}, line {key.start_mark.line + 1}" for key, _ in _pairs(node)}


def read_file(path: Path) -> Document:
    """Read the configuration file. Raises SettingsError, which never quotes the file."""
    where = f"config.file {path}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _fault(where, read_failure(error), NAME_A_READABLE_FILE) from None
    what, fix = "must be a mapping of settings", "begin it with target: or targets:"
    document = read_document(content, path.parent, Fault(where, what, fix))
    if "file" in (document.tree.get("config") or ()):
        raise _fault(where, "cannot name another file", "remove config.file from this one")
    return document


def read_document(content: bytes, folder: Path, not_a_mapping: Fault) -> Document:
    """Read the content of a file in this folder; `not_a_mapping` names the file.

    Raises SettingsError, which never quotes the content.
    """
    try:
        node, tree = _content(content)
    except YamlError as error:
        position = f", line {error.line}, column {error.column}" if error.line else ""
        raise _fault(f"{not_a_mapping.where}{position}", error.what, error.fix) from None
    if not isinstance(tree, dict):
        raise SettingsError([not_a_mapping])
    return Document(_anchored(tree, folder), node)


def read_failure(error: OSError) -> str:
    """What is wrong with a file, as a fault puts it: `cannot be read: permission denied`."""
    return f"cannot be read: {(error.strerror or 'unreadable').lower()}"


def _fault(where: str, what: str, fix: str) -> SettingsError:
    return SettingsError([Fault(where, what, fix)])


def _anchored(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make relative paths in the file relative to its folder, wherever the exporter starts."""
    return {key: _anchor(key, value, folder) for key, value in tree.items()}


def _anchor(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return _anchored(value, folder)
    if key == "targets_files":
        return _anchored_globs(read_list(value), folder)
    is_path = key == "file" or key.endswith("_file")
    return folder / value if is_path and isinstance(value, str) and value else value


def _anchored_globs(globs: Any, folder: Path) -> Any:
    if not isinstance(globs, list) or folder == Path():
        return globs
    literal = glob.escape(str(folder))
    return [_anchored_glob(literal, each) for each in globs]


def _anchored_glob(literal: str, pattern: Any) -> Any:
    if not isinstance(pattern, str) or not pattern:
        return pattern
    return os.path.join(literal, pattern)  # noqa: PTH118 - a pattern is not a path


class _Loader(yaml.SafeLoader):
    """YAML in which a scalar is its literal text.

    Numbers and switches are read by the model, as from the environment; so a password of digits
    keeps its zeros, and an offset such as +10:00 is not the number 600, which YAML 1.1 makes of it.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the form that PyYAML reads
        first: [resolver for resolver in resolvers if resolver[0].endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _content(content: bytes) -> tuple[yaml.Node | None, Any]:
    with yaml_errors():
        loader = _Loader(content.decode("utf-8-sig"))
        node = compose(loader)
        if node is None:
            return None, {}
        _check(node)
        return node, loader.construct_document(node)


_TAGS: Final = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map", "null", "merge")}


def _check(node: yaml.Node) -> None:
    """Refuse tags, and a key that is repeated in one mapping: YAML would take the last."""
    if node.tag not in _TAGS:
        problem = "a value begins with !, the sign of a tag"
        raise not_usable(problem, "quote the value", node.start_mark)
    if isinstance(node, yaml.ScalarNode) and not is_text(node.value):
        fix = r"mind \ in double quotes, or use single ones"
        raise not_usable("a value has a character that no text has", fix, node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        for held in node.value:
            _check(held)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, held in node.value:
            _check_key(key, seen)
            seen.add(key.value)
            _check(held)


def _check_key(key: yaml.Node, seen: set[str]) -> None:
    if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":null"):
        raise not_usable("a key is not a name", "write it like name: value", key.start_mark)
    _check(key)
    if key.value in seen:
        raise not_usable("a key is repeated here", "keep one of them", key.start_mark)
