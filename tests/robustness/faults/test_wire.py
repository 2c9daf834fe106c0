"""What no HTTP server does: broken connections and answers, in every phase of a poll."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from exporter.simulator import Cloud, serving

from .expected import WIRE_FAULTS
from .scenario import Scenario, run_all
from .situations import SERVICES, Phase, grouped, joined_names, situations
from .variants import constructors
from .wire import WireFault, wired

WAYS = constructors(WireFault)


def test_every_wire_fault_has_an_expected_outcome() -> None:
    assert WAYS.keys() == WIRE_FAULTS.keys()


@pytest.mark.parametrize("kinds", grouped(WAYS), ids=joined_names)
async def test_a_wire_fault_is_reported_with_its_reason_and_the_exporter_recovers(
    kinds: Sequence[str], tmp_path: Path
) -> None:
    cells = [
        (kind, situation) for kind in kinds for situation in situations(list(WAYS).index(kind))
    ]
    async with AsyncExitStack() as stack:
        urls = {}
        for number, (kind, situation) in enumerate(cells):
            [row] = WIRE_FAULTS[kind]
            cloud = Cloud(services=SERVICES)
            platform = await stack.enter_async_context(serving(cloud))
            wire = await stack.enter_async_context(wired(platform, situation.rule, WAYS[kind]()))
            if situation.phase is Phase.ZONE:
                wire.begin()
            secret = tmp_path / f"secret{number}"
            urls[wire.url] = Scenario(f"t{number}", kind, situation, row, wire, cloud, secret)
        wrong = await run_all(urls)
    assert not wrong, wrong
