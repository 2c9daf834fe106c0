"""Every fault of the simulator, in every phase of a poll, with both kinds of credentials."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.simulator import Cloud, Fault, serving

from .expected import ROWS
from .scenario import Scenario, run_all
from .situations import SERVICES, Phase, Situation, grouped, joined_names, situations
from .variants import FAULTS, VARIANTS, Variant


@dataclass(eq=False)
class Struck:
    """A fault of a simulated platform, in one situation."""

    cloud: Cloud
    fault: Fault = field(repr=False)

    def begin(self) -> None:
        self.cloud.faults.append(self.fault)

    def end(self) -> None:
        self.cloud.faults.clear()

    @property
    def struck(self) -> int:
        return self.fault.struck


def scenario(variant: Variant, situation: Situation, name: str, folder: Path) -> Scenario:
    cloud = Cloud(services=SERVICES)
    trouble = Struck(cloud, variant.fault(situation.rule))
    if situation.phase is Phase.ZONE:
        trouble.begin()
    return Scenario(name, str(variant), situation, variant.row, trouble, cloud, folder / name)


def test_every_fault_has_an_expected_outcome() -> None:
    assert FAULTS.keys() == ROWS.keys()


@pytest.mark.parametrize("variants", grouped(VARIANTS), ids=joined_names)
async def test_a_fault_is_reported_with_its_reason_and_the_exporter_recovers(
    variants: Sequence[Variant], tmp_path: Path
) -> None:
    cells = [
        (variant, situation)
        for variant in variants
        for situation in situations(VARIANTS.index(variant))
    ]
    scenarios = [scenario(*cell, f"t{number}", tmp_path) for number, cell in enumerate(cells)]
    async with AsyncExitStack() as stack:
        urls = {await stack.enter_async_context(serving(each.cloud)): each for each in scenarios}
        wrong = await run_all(urls)
    assert not wrong, wrong
