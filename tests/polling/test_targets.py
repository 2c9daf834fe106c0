"""What applying targets touches, where there are many."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from exporter.metrics.exposition import Exposition
from exporter.metrics.target_telemetry import TargetTelemetry
from exporter.metrics.telemetry import Telemetry
from exporter.polling.fetcher import Fetched
from exporter.polling.poller import Poller
from exporter.polling.schedule import Schedule
from exporter.polling.targets import Changes, TargetManager
from exporter.settings import ShardSettings, TargetSettings, load
from exporter.state.inventory import Inventory
from exporter.state.snapshot import Snapshot
from exporter.zstack import QUERY_MODEL_SERVICE
from exporter.zstack.errors import UnreachableError
from tests.support.certificates import authority
from tests.support.exporting import until_seen

NUMBER = 1000
WHOLE = ShardSettings()
"""One exporter polls all."""


def targets(**settings: str) -> dict[str, TargetSettings]:
    given = {"url": "http://127.0.0.1:1", "session_uuid": "s", "interval": "1h"} | settings
    return load({"targets": {f"t{n}": given for n in range(NUMBER)}}, {}).named_targets


class Pollers:
    """Connects pollers of platforms that cannot be reached, and counts them."""

    def __init__(self, exposition: Exposition) -> None:
        self.made = Counter[str]()
        self.contexts = set[ssl.SSLContext]()
        self._exposition = exposition

    def has_begun(self, name: str) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return name in self.made

        return look

    @asynccontextmanager
    async def connect(
        self,
        name: str,
        target: TargetSettings,
        tls: ssl.SSLContext,
        before: Snapshot | None,
        *,
        telemetry: TargetTelemetry,
    ) -> AsyncIterator[Poller]:
        self.made[name] += 1
        self.contexts.add(tls)
        schedule = Schedule(target.interval, target.timeout, target.effective_stale_after)
        publisher = self._exposition
        yield Poller(name, _fetch, publisher, schedule=schedule, telemetry=telemetry, before=before)


async def _fetch() -> Fetched[Inventory]:
    raise UnreachableError("nothing is there", QUERY_MODEL_SERVICE)


async def test_one_changed_target_of_a_thousand_is_the_only_one_that_is_touched(
    tmp_path: Path,
) -> None:
    ca = authority().write(tmp_path, "ca.pem")
    before = await asyncio.to_thread(targets, ca_file=str(ca))
    other = await asyncio.to_thread(targets)
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    exposition = Exposition({})
    pollers = Pollers(exposition)
    async with asyncio.TaskGroup() as tasks:
        manager = TargetManager(exposition, telemetry, tasks, pollers.connect)
        await manager.apply(before, WHOLE)
        ca.unlink()  # to read it for another target would fail
        changes = await manager.apply({**before, "t7": other["t7"]}, WHOLE, again=())
        assert changes == Changes(changed=frozenset({"t7"}))
        added = {"t7": other["t7"], "new": other["t8"]}
        changes = await manager.apply({**before, **added}, WHOLE, again=())
        assert changes == Changes(added=frozenset({"new"}))
        await until_seen(pollers.has_begun("new"), bool)
        await manager.end()
    assert pollers.made == Counter({**dict.fromkeys(before, 1), "t7": 2, "new": 1})
    assert len(pollers.contexts) == 2, "those of the same certificates share one"
