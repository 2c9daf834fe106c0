"""A thousand targets, published as polls would, and served over HTTP, for tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.telemetry import Telemetry
from exporter.settings.targets_files import TargetsFile
from exporter.state.snapshot import POLLS_KEPT, Poll, Snapshot
from exporter.web.server import Server
from exporter.web.serving import serving
from exporter.web.sockets import bind
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService, clock
from exporter.zstack.errors import DeniedError

from .builders import found, publish

SERVICES: Final = 30
"""Of each target that was ever polled; a tenth of them has a new version."""

_INTERVAL: Final = 60.0
_STALE_AFTER: Final = 180.0
_STATES: Final = {13: "failing", 29: "stale", 31: "waiting"}
"""The state of some in 97 targets; the others are up."""


def state_of(number: int) -> str:
    """The state of the target with this number."""
    return _STATES.get(number % 97, "up")


def name_of(number: int) -> str:
    return f"site-{number}"


def fleet(targets: int) -> list[Snapshot]:
    """So many targets, each with all the polls that a snapshot can have."""
    listed = found(
        *(
            ModelService(f"{n:032x}", name=f"chat-{n}", has_new_version=n % 10 == 0)
            for n in range(SERVICES)
        )
    )
    now = time.time()
    polls = tuple(Poll(now - _INTERVAL * n, 0.2, SERVICES) for n in range(POLLS_KEPT, 0, -1))
    up = Snapshot(
        "up",
        _INTERVAL,
        _STALE_AFTER,
        attempted_at=polls[-1].at,
        succeeded_at=polls[-1].at,
        inventory=listed,
        good_until=clock.now() + _STALE_AFTER,
        up_since=polls[0].at,
        polls=polls,
    )
    error = DeniedError("permission denied", QUERY_MODEL_SERVICE, code="ID.1002")
    kinds = {
        "up": up,
        "failing": replace(up, error=error, up_since=None, failing_since=polls[-1].at),
        "stale": replace(up, good_until=clock.now() - 1),
        "waiting": Snapshot("waiting", _INTERVAL, _STALE_AFTER),
    }
    return [replace(kinds[state_of(number)], target=name_of(number)) for number in range(targets)]


@asynccontextmanager
async def serving_fleet(
    targets: int, targets_files: Sequence[TargetsFile] = ()
) -> AsyncIterator[str]:
    """The URL of a server that has published a fleet of so many targets."""
    snapshots = fleet(targets)
    exposition = Exposition({each.target: OnStale.KEEP for each in snapshots})
    for snapshot in snapshots:
        await publish(exposition, snapshot)
    server = Server(
        exposition,
        await asyncio.to_thread(Telemetry, process=False),
        telemetry_path="/metrics",
        max_requests=4,
        targets_files=lambda: targets_files,
    )
    async with serving(server.application(), bind([("127.0.0.1", 0)])) as served:
        yield served.urls[0]
