"""The configuration file, read so that nothing in it is guessed at and nothing of it is quoted."""

import re
from pathlib import Path
from typing import Any

import yaml

from .faults import Fault, SettingsError


def read_file(path: Path) -> dict[str, Any]:
    """Nest what the file says; raise SettingsError, without a word of the file, if it cannot be."""
    where = f"config.file {path}"
    try:
        content = _yaml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise _fault(
            where, f"cannot be read: {reason}", "name a file that the exporter can read"
        ) from None
    except UnicodeDecodeError:
        raise _fault(where, "is not text in UTF-8", "save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        fix = _FIXES.get(error.problem or "", _QUOTES)
        raise _fault(f"{where}{_line(error)}", yaml_problem(error), fix) from None
    except yaml.YAMLError:
        raise _fault(where, "contains control characters", "remove them") from None
    except RecursionError:
        raise _fault(
            where, "is nested without end", "remove the alias that refers to itself"
        ) from None
    if not isinstance(content, dict):
        raise _fault(where, "must be a mapping of settings", "begin it with target: or targets:")
    if "file" in (content.get("config") or ()):
        raise _fault(where, "cannot name another file", "remove config.file from this one")
    return _anchored(content, path.parent)


def yaml_problem(error: yaml.MarkedYAMLError) -> str:
    """Give PyYAML's own words up to the first quotation: it quotes the file, secrets and all."""
    problem = error.problem or "unreadable"
    if r"'\t'" in problem:
        return "is not usable YAML: a tab stands where only spaces may"
    words = re.sub(r"['\"].*", "…", problem, flags=re.DOTALL)
    return f"is not usable YAML: {words}"


def yaml_node(loader: yaml.SafeLoader | yaml.BaseLoader) -> yaml.Node | None:
    """The one document of a file; None of an empty one. Raises YAMLError for whatever is wrong."""
    try:
        return loader.get_single_node()
    except UnicodeError:
        raise
    except (ValueError, OverflowError):  # PyYAML reads versions and "\U00110000" unchecked
        mark = loader.get_mark()
        raise yaml.MarkedYAMLError(problem=_TOO_LARGE, problem_mark=mark) from None


def is_text(value: str) -> bool:
    r"""Whether a value could have been typed; "\0" and "\ud800" in quotes give what could not."""
    return not _NO_TEXT.search(value)


_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_TOO_LARGE = "a number is too large"
_ODD = "a value has a character that no text has"
_TWICE = "a key is repeated here"
_TAG = "a value begins with !, the sign of a tag"
_NO_NAME = "a key is not a name"
_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map", "null", "merge")}
_FIXES = {
    _TAG: "quote the value",
    _TWICE: "keep one of them",
    _NO_NAME: "write it like name: value",
    _TOO_LARGE: "look for a %YAML line or a \\U in quotes",
    _ODD: r"mind \ in double quotes, or use single ones",
}
_QUOTES = "mind the indentation, and quote values that begin with one of ! & * @ % { [ ` > |"


def _fault(where: str, what: str, fix: str) -> SettingsError:
    return SettingsError([Fault(where, what, fix)])


def _line(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _anchored(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make relative paths in the file relative to its folder, wherever the exporter starts."""
    return {key: _anchor(key, value, folder) for key, value in tree.items()}


def _anchor(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return _anchored(value, folder)
    return folder / value if key.endswith("_file") and isinstance(value, str) and value else value


class _Loader(yaml.SafeLoader):
    """YAML in which a scalar is its literal text.

    Numbers and switches are read by the model, as from the environment; so a password of digits
    keeps its zeros, and an offset such as +10:00 is not the number 600, which YAML 1.1 makes of it.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the form that PyYAML reads
        first: [resolver for resolver in resolvers if resolver[0].endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _yaml(text: str) -> Any:
    loader = _Loader(text)
    try:
        node = yaml_node(loader)
        if node is None:
            return {}
        _check(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check(node: yaml.Node) -> None:
    """Refuse tags, and a key that is repeated in one mapping: YAML would take the last."""
    if node.tag not in _TAGS:
        raise yaml.MarkedYAMLError(problem=_TAG, problem_mark=node.start_mark)
    if isinstance(node, yaml.ScalarNode) and not is_text(node.value):
        raise yaml.MarkedYAMLError(problem=_ODD, problem_mark=node.start_mark)
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
        raise yaml.MarkedYAMLError(problem=_NO_NAME, problem_mark=key.start_mark)
    _check(key)
    if key.value in seen:
        raise yaml.MarkedYAMLError(problem=_TWICE, problem_mark=key.start_mark)
