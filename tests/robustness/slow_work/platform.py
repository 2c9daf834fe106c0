"""A platform whose whole list is another one at some polls, and which knows what it answered."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from typing_extensions import override

from exporter.simulator import Account, Cloud
from exporter.simulator.inventory import Inventory
from exporter.simulator.query import Query
from exporter.simulator.services import SERVICES as SERVICES_LIST

SERVICES: Final = 12
PAGE_SIZE: Final = 5
"""Three pages: rows 1 to 5, 5 to 10 and 10 to 12, as each begins with the last row before it."""

PAGES: Final = 3


class Pass(NamedTuple):
    """A list that was asked for from its first page on, at this Unix time."""

    time: float
    generation: str


@dataclass(eq=False)
class ChangingCloud(Cloud):
    """Every service has the generation of the list for its version.

    A list is of one generation from its first page to its last. `upcoming` are the generations of
    the next lists; when none is left, they stay what they are.
    """

    generation: str = "a"
    upcoming: list[str] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    on_page: Callable[[int], None] = lambda _start: None
    """Called with the offset of each page that is asked for."""

    @override
    def __post_init__(self, services: int, instance_groups: int | None, model_centers: int) -> None:
        super().__post_init__(services, instance_groups, model_centers)
        self._turn(self.generation)

    @override
    def select(self, inventory: Inventory, query: Query, account: Account) -> tuple[Any, ...]:
        if inventory is not SERVICES_LIST:
            return super().select(inventory, query, account)
        if query.start == 0:
            if self.upcoming:
                self._turn(self.upcoming.pop(0))
            self.passes.append(Pass(time.time(), self.generation))
        self.on_page(query.start)
        return super().select(inventory, query, account)

    def _turn(self, generation: str) -> None:
        self.generation = generation
        for uuid in tuple(self.estate):
            self.estate.alter(uuid, version=generation, request_memory=1024)

    def generations_since(self, began: float, until: float) -> set[str]:
        """What lists that began in this time were of."""
        return {each.generation for each in self.passes if began <= each.time < until}
