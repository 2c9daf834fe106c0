"""What became of each mutant, as mutmut left it in the tree that it changed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from .accepted import Change

KILLED: Final = {"killed", "timeout"}
"""A test failed, or would have waited for ever."""


@dataclass(frozen=True)
class Tried:
    """The mutants of one module, by what became of them; `lived` are those that no test killed."""

    module: str
    statuses: Mapping[str, int]
    lived: tuple[Change, ...]

    @property
    def mutants(self) -> int:
        return sum(self.statuses.values())

    @property
    def killed(self) -> int:
        return sum(self.statuses.get(status, 0) for status in KILLED)


def tried(modules: Sequence[str]) -> list[Tried]:
    """What became of the mutants of each module, in the tree that is the current directory."""
    return [_tried(module) for module in modules]


def _tried(module: str) -> Tried:
    data = SourceFileMutationData(path=Path(module))
    data.load()
    statuses = {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}
    lived = (name for name, status in statuses.items() if status not in KILLED)
    return Tried(module, Counter(statuses.values()), tuple(_change(module, name) for name in lived))


def _change(module: str, mutant: str) -> Change:
    function, of = orig_function_and_class_names_from_key(mutant)
    diff = get_diff_for_mutant(mutant, path=Path(module)).splitlines()[2:]
    return Change(module, f"{of}.{function}" if of else function, tuple(_changed(diff)))


def _changed(diff: Iterable[str]) -> Iterable[str]:
    """The lines of a diff that went or came, without their indentation."""
    return (f"{line[0]} {line[1:].strip()}" for line in diff if line[:1] in "+-")
