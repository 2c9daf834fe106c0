"""What a metric family is, apart from where its samples come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Type = Literal["gauge", "counter", "histogram"]

Sample = tuple[tuple[str, ...], float]
"""The values of the family's own labels, in their order, and the value."""

Samples = Iterable[Sample]


@dataclass(frozen=True, slots=True)
class Family:
    """One exported family; one that is told `per_target` has the label `target` before its own."""

    name: str
    help: str
    own_labels: tuple[str, ...] = ()
    type: Type = "gauge"
    per_target: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels, as they are on the page."""
        return ("target", *self.own_labels) if self.per_target else self.own_labels
