"""Strict YAML: one document, and errors that give a line and never quote the file.

The configuration file and the web configuration share this; what a value may be, each decides.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import yaml

_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_SAME_INDENTATION: Final = "indent with the same number of spaces as the line above"
_PROBLEMS: Final = (
    (r"'\\t'", "a tab stands where only spaces may", "indent with spaces"),
    ("<scalar>", "text follows a quoted value", "put the whole value in quotes, or no part of it"),
    ("expected <block end>|<document start>", "the indentation is wrong", _SAME_INDENTATION),
    (
        "mapping values are not allowed",
        "a colon stands where none may, or the indentation is wrong",
        f"{_SAME_INDENTATION}, with a space after each colon; quote a value that has both in it",
    ),
    ("expected ':'", "a name has no colon", "write a colon and a space between name and value"),
    ("unexpected end of stream", "a quote is never closed", "close it"),
    (r"expected ',' or", "a bracket is never closed", "close it"),
    ("another document", "a second document follows", "remove the line ---"),
)
"""A part of PyYAML's text, with what is wrong and how to fix it; the first that fits."""

_NEVER_CLOSED: Final = re.compile(r"unexpected end of stream|expected ',' or")

_QUOTE_IT: Final = "quote a value that begins with one of ! & * @ % { [ ` > |"


class YamlError(Exception):
    """The content is not usable; `what` and `fix` are those of a fault."""

    def __init__(self, what: str, fix: str, mark: yaml.Mark | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.line = None if mark is None else mark.line + 1
        self.column = None if mark is None else mark.column + 1


def not_usable(problem: str, fix: str, mark: yaml.Mark | None = None) -> YamlError:
    """An error in the YAML itself."""
    return YamlError(f"is not usable YAML: {problem}", fix, mark)


@contextmanager
def yaml_errors() -> Iterator[None]:
    """Raise a YamlError in place of PyYAML's errors, which quote the file, secrets and all."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        raise not_usable(*_problem(error), _mark(error)) from None
    except (yaml.YAMLError, UnicodeError) as error:
        if getattr(error, "encoding", "") == "unicode":  # PyYAML's Reader got text, not bytes
            raise YamlError("contains control characters", "remove them") from None
        raise YamlError("is not text in UTF-8", "save it as UTF-8") from None
    except RecursionError:
        fix = "remove the alias that refers to itself, or the brackets that stay open"
        raise YamlError("is nested without end", fix) from None


def compose(loader: yaml.SafeLoader | yaml.BaseLoader) -> yaml.Node | None:
    """The one document of a file; None of an empty one."""
    try:
        return loader.get_single_node()
    except UnicodeError:
        raise
    except (ValueError, OverflowError):  # PyYAML reads versions and "\U00110000" unchecked
        fix = "look for a %YAML line or a \\U in quotes"
        raise not_usable("a number is too large", fix, loader.get_mark()) from None
    finally:
        loader.dispose()


def is_text(value: str) -> bool:
    r"""Whether a value could have been typed; "\0" and "\ud800" in quotes give what could not."""
    return not _NOT_TEXT.search(value)


def _mark(error: yaml.MarkedYAMLError) -> yaml.Mark | None:
    """Where it is; of what is never closed, where it begins."""
    if _NEVER_CLOSED.search(error.problem or ""):
        return error.context_mark or error.problem_mark
    return error.problem_mark or error.context_mark


def _problem(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """What is wrong and how to fix it; else PyYAML's own words, up to the first quotation."""
    problem = error.problem or "unreadable"
    for pattern, what, fix in _PROBLEMS:
        if re.search(pattern, problem):
            return what, fix
    return re.sub(r"['\"].*", "…", problem, flags=re.DOTALL), _QUOTE_IT
