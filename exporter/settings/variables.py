"""Variables of the environment that are no settings, and the names that were meant."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from .faults import Fault
from .names import PREFIX
from .nearest import did_you_mean, nearest

# Kubernetes sets these in each pod of a namespace with a Service zstack-exporter(-something).
_SERVICE: Final = re.compile(
    rf"{PREFIX}(\w+?_)??(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?|PORT)"
)

_LOOKS_ALIKE: Final = re.compile(
    r"ZSTACK[_.-]*(AIOS[_.-]*)?(EXPORTER[_.-]*)?(?P<rest>.*)", re.IGNORECASE
)
_LIKENESS: Final = 0.85
"""Of the rest of a name to a setting's: other programs may have variables of ZStack, too."""


def unknown_variables(environ: Mapping[str, str], names: Collection[str]) -> Iterator[Fault]:
    """A fault of each variable that has our prefix and is no setting; `names` are the settings'."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in names and not _of_kubernetes(name, environ):
            yield Fault(name, "is not a setting", _hint(name, names))


def look_alikes(environ: Iterable[str], names: Collection[str]) -> Iterator[Fault]:
    """A fault of each variable whose name is a setting's, but for the prefix or its case.

    It may be another program's: the exporter starts all the same.
    """
    by_letters = {_letters(name.removeprefix(PREFIX)): name for name in names}
    for name in sorted(environ):
        found = _LOOKS_ALIKE.fullmatch(name)
        if found is None or name.startswith(PREFIX):
            continue
        meant = nearest(_letters(found["rest"]), by_letters, likeness=_LIKENESS)
        if meant is not None:
            what = f"is not read: variables begin with {PREFIX}, in capitals"
            yield Fault(name, what, f"did you mean {by_letters[meant]}?")


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _of_kubernetes(name: str, environ: Mapping[str, str]) -> bool:
    match = _SERVICE.fullmatch(name)
    return match is not None and (match[2] != "PORT" or "://" in environ[name])


def _hint(name: str, names: Iterable[str]) -> str:
    if name.startswith(f"{PREFIX}TARGETS"):
        return (
            "several targets can only be set in the file; see --config.file, "
            f"or name targets files in {PREFIX}TARGETS_FILES"
        )
    tails = [known.removeprefix(PREFIX) for known in sorted(names)]
    hint = did_you_mean(name.removeprefix(PREFIX), tails, prefix=PREFIX)
    return hint or "remove it; --help lists every name"
