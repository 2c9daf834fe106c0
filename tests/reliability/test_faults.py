"""Every fault the simulator can make, at every place, with both kinds of credentials."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.simulator import Cloud, Fault, serving

from .expected import ROWS
from .kinds import FAULTS, KINDS, Kind
from .places import SERVICES, Phase, Place, named, places, together
from .trial import Trial, tried


@dataclass(eq=False)
class Struck:
    """A fault of a simulated platform, at one place."""

    cloud: Cloud
    fault: Fault = field(repr=False)

    def begin(self) -> None:
        self.cloud.faults.append(self.fault)

    def end(self) -> None:
        self.cloud.faults.clear()

    @property
    def struck(self) -> int:
        return self.fault.struck


def trial(kind: Kind, place: Place, name: str, folder: Path) -> Trial:
    cloud = Cloud(services=SERVICES)
    trouble = Struck(cloud, kind.fault(place.rule))
    if place.phase is Phase.ZONE:
        trouble.begin()
    return Trial(name, str(kind), place, kind.row, trouble, cloud, folder / name)


def test_what_is_right_is_known_of_every_fault_that_there_is() -> None:
    assert FAULTS.keys() == ROWS.keys()


@pytest.mark.parametrize("kinds", together(KINDS), ids=named)
async def test_a_fault_anywhere_is_told_rightly_and_got_over(
    kinds: Sequence[Kind], tmp_path: Path
) -> None:
    cells = [(kind, place) for kind in kinds for place in places(KINDS.index(kind))]
    trials = [trial(*cell, f"t{number}", tmp_path) for number, cell in enumerate(cells)]
    async with AsyncExitStack() as stack:
        urls = {await stack.enter_async_context(serving(each.cloud)): each for each in trials}
        wrong = await tried(urls)
    assert not wrong, wrong
