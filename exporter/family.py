"""What a metric family is, apart from where its samples come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Type = Literal["gauge", "counter", "histogram"]

Sample = tuple[tuple[str, ...], float]
"""The label values, in the order of the family's labels, and the value."""

Samples = Iterable[Sample]


@dataclass(frozen=True, slots=True)
class Family:
    """One exported family. `labels` does not name `target`, which every family of a target has."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: Type = "gauge"
