"""Which endpoints a request for their list wants."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


class UnknownParameterError(Exception):
    """A parameter that there is not; ignored, a typing error would make the list longer."""


@dataclass(frozen=True, slots=True)
class EndpointQuery:
    """The values that are wanted of each, any where there is none.

    Targets are sorted. Releases spell frameworks differently, so these and statuses are casefolded.
    """

    targets: tuple[str, ...] = ()
    frameworks: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()

    @classmethod
    def from_request(cls, parameters: Iterable[tuple[str, str]]) -> Self:
        """Read the URL's parameters, each as often as it is there. Raises UnknownParameterError."""
        values: dict[str, set[str]] = {"target": set(), "framework": set(), "status": set()}
        for name, value in parameters:
            if name not in values:
                known = ", ".join(values)
                raise UnknownParameterError(f"a parameter is unknown; this list knows {known}")
            values[name].add(value)
        return cls(
            tuple(sorted(values["target"])),
            frozenset(map(str.casefold, values["framework"])),
            frozenset(map(str.casefold, values["status"])),
        )

    def wants(self, framework: str, status: str) -> bool:
        """Whether endpoints of this framework with this status are asked for."""
        return (not self.frameworks or framework.casefold() in self.frameworks) and (
            not self.statuses or status.casefold() in self.statuses
        )
