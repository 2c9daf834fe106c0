"""The fleet's story: it starts, rests, grows by a shard, loses one, and ends."""

import asyncio
import time
from pathlib import Path
from typing import Final

from tests.system.programs import Programs
from tests.system.victoriametrics import VictoriaMetrics

from .findings import Findings
from .fleet import Fleet, Sizes, assembled
from .verdicts import Verdicts

_KILLED: Final = 1


async def prove(
    sizes: Sizes, programs: Programs, victoria: VictoriaMetrics, folder: Path, findings: Findings
) -> None:
    """All of it; the findings have what was promised and what was measured."""
    async with assembled(sizes, programs, victoria, folder) as fleet:
        verdicts = Verdicts(fleet, findings)
        await _start(fleet, verdicts)
        await _rest(fleet, verdicts)
        await _grow(fleet, verdicts)
        lost = await _lose(fleet, verdicts, _KILLED)
        await fleet.shards.end()
        await verdicts.left(lost)


async def _start(fleet: Fleet, verdicts: Verdicts) -> None:
    """All shards at once, as after a power failure."""
    shards = fleet.shards
    await shards.share(fleet.sizes.shards)
    began = time.time()
    async with asyncio.TaskGroup() as tasks:
        for ordinal in range(fleet.sizes.shards):
            tasks.create_task(shards.start(ordinal))
    for shard in shards.running.values():
        await shard.ready()
    seconds = f"{time.time() - began:.1f} s"
    verdicts.findings.report("all platforms polled, after the start", seconds)
    await verdicts.logins()
    fleet.alerts.watch(shards.running.values())
    await fleet.found()
    await fleet.alerts.until_scraped(fleet.sizes.shards)


async def _rest(fleet: Fleet, verdicts: Verdicts) -> None:
    """Nothing happens, for as long as it takes to see that."""
    await verdicts.once()
    await verdicts.series()
    usage, since = fleet.shards.usage, time.time()
    await asyncio.sleep(fleet.sizes.seconds)
    until = time.time()
    await verdicts.usage(usage, until - since)
    await verdicts.samples(since, until)
    await verdicts.polls(since, until)


async def _grow(fleet: Fleet, verdicts: Verdicts) -> None:
    """One shard more, in the order of docs/fleet.md."""
    shards, new = fleet.shards, fleet.sizes.shards
    before, others, since = await shards.owner(), [*shards.running.values()], time.time()
    await shards.share(new + 1)
    added = await shards.start(new)
    fleet.alerts.watch(shards.running.values())
    await added.ready()
    await fleet.found()
    async with asyncio.TaskGroup() as tasks:
        for shard in others:
            tasks.create_task(shard.reload())
    await fleet.found()
    until = await fleet.later(2)
    verdicts.moves(before, await shards.owner(), new)
    await verdicts.sessions()
    everyone = fleet.platforms.names
    await verdicts.gaps(f"from {new} to {new + 1} shards", everyone, since, until)


async def _lose(fleet: Fleet, verdicts: Verdicts, ordinal: int) -> frozenset[str]:
    """One is killed, and started again once that has been seen; its targets."""
    lost = await fleet.shards.running[ordinal].targets()
    await verdicts.quiet()
    await fleet.shards.kill(ordinal)
    killed = time.time()
    until = await fleet.later(3)
    await verdicts.silence(lost, killed, until)
    others = fleet.platforms.names - lost
    await verdicts.gaps("of the other shards after `kill -9`", others, killed, until)
    await verdicts.alert(killed)
    again = time.time()
    await fleet.shards.start(ordinal)
    await fleet.found()
    seconds = f"{time.time() - again:.1f} s"
    verdicts.findings.report("all data back, after it was started again", seconds)
    return lost
