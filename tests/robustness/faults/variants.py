"""Every variant of a fault that can be tried, found by looking at what makes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from exporter.simulator import Estate, Fault, ModelService
from exporter.simulator.faults import Rule

from .expected import ROWS, Row


def constructors(made: type) -> dict[str, Callable[..., Any]]:
    """The ways to make one, by name; those of its bases included."""
    members = {name: each for base in made.__mro__ for name, each in vars(base).items()}
    return {name: getattr(made, name) for name, each in members.items() if _makes(each)}


def _makes(member: object) -> bool:
    return isinstance(member, classmethod) and not member.__name__.startswith("_")


@dataclass(frozen=True)
class Variant:
    """A fault with its arguments, and what is right after it."""

    name: str
    row: Row

    @override
    def __str__(self) -> str:
        arguments = ",".join(f"{key}={value}" for key, value in self.row.arguments.items() if value)
        return f"{self.name}({arguments})"

    def fault(self, rule: Rule) -> Fault:
        made: Fault = FAULTS[self.name](**_arguments(self.row.arguments), **rule)
        return made


FAULTS: Final = constructors(Fault)


VARIANTS: Final = tuple(Variant(name, row) for name, rows in ROWS.items() for row in rows)


def _arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """With the function for what a table can only name."""
    changes = {"first row": _toggle_first_row(), "nothing": lambda _estate: None}
    made = {key: value for key, value in arguments.items() if value is not None}
    return made | ({"change": changes[made["change"]]} if "change" in made else {})


def _toggle_first_row() -> Callable[[Estate], None]:
    """Take the first row of the list away, and put it back the next time."""
    taken: list[ModelService] = []

    def change(estate: Estate) -> None:
        if taken:
            estate.add(taken.pop())
        else:
            taken.append(estate.remove(min(estate)))

    return change
