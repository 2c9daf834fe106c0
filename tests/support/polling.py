"""A poller that runs for as long as a test looks at it, and what it publishes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from exporter.metrics.lines import Blocks, blocks_by_family
from exporter.metrics.rendered import Rendered
from exporter.metrics.target_telemetry import TELEMETRY, TargetTelemetry
from exporter.polling.poller import Poller
from exporter.polling.schedule import Ramp, Schedule
from exporter.state.snapshot import Snapshot

SCHEDULE: Final = Schedule(interval=60, timeout=30, stale_after=180)


@dataclass(eq=False)
class Published:
    """The snapshots of a poller in their order, and how many are shown."""

    snapshots: "asyncio.Queue[Snapshot]" = field(default_factory=asyncio.Queue)

    async def render(self, snapshot: Snapshot, _lines: Blocks) -> Rendered:
        return Rendered(snapshot)

    def publish(self, rendered: Rendered, _telemetry: TargetTelemetry) -> None:
        self.snapshots.put_nowait(rendered.snapshot)


@asynccontextmanager
async def running(one: Poller) -> AsyncIterator[None]:
    """Run the poller during the block, which ends with its error if it fails."""
    async with asyncio.TaskGroup() as tasks:
        loop = tasks.create_task(one.run(Ramp()))
        yield
        loop.cancel()


def counted(telemetry: TargetTelemetry, name: str, **labels: str) -> float | None:
    """The value of the one sample that fits, as it stands on the page."""
    blocks = blocks_by_family(TELEMETRY, telemetry, "lab", {})
    lines = b"".join(block.text() for family in blocks.values() for block in family).decode()
    samples = [each for family in text_string_to_metric_families(lines) for each in family.samples]
    values = [
        each.value
        for each in samples
        if each.name == name and labels.items() <= each.labels.items()
    ]
    assert len(values) <= 1, f"{len(values)} samples of {name} {labels}"
    return values[0] if values else None
