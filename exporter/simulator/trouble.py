"""A platform that lives: its estate changes, and now and then something fails for a while."""

import asyncio
from collections.abc import Callable

from .centers import CENTERS
from .cloud import Cloud
from .faults import QUERY, Fault
from .groups import GROUPS

TROUBLES: tuple[Callable[[], Fault], ...] = (
    lambda: Fault.error("SYS.1012", "simulated: a management node is down", operation=QUERY),
    lambda: Fault.expired(operation=QUERY, times=1),
    lambda: Fault.rate_limited(body="simulated: rate limit exceeded"),
    lambda: Fault.error("ID.1002", "simulated: permission denied", operation=QUERY),
    Fault.html,
    lambda: Fault.slow(3.0, operation=QUERY),
    lambda: Fault.error("LICENSE.1000", "simulated: license expired", operation=QUERY),
    Fault.truncated,
    lambda: Fault.not_ready(details="simulated: management node is not ready"),
    lambda: Fault.error("SYS.1001", "simulated: query timeout", operation=GROUPS.operation),
    lambda: Fault.error("ID.1002", "simulated: permission denied", operation=CENTERS.operation),
    Fault.reset,
)
"""What goes wrong, one after the other: errors first that an operator meets in real life.

The words of one begin with "simulated", and no code sends an operator to a log, which a simulator
does not have. Each is what a platform does to any client, so it holds for accounts and access keys
alike: what stops a proxy, the limiter or the whole node meets logins too; the sessions end once,
and a client that signs its requests has none to lose.
"""

_FIRST_TROUBLE = 15.0
_LASTING = 20.0


async def live(
    cloud: Cloud,
    *,
    every: float | None = 10.0,
    trouble_every: float | None = None,
    lasting: float = _LASTING,
) -> None:
    """Evolve the estate and make trouble for ever; cancel it to stop.

    All in seconds: a step of the estate `every` so many, trouble `trouble_every` so many, each over
    after `lasting` by itself. The first comes soon. None leaves either out.
    """
    async with asyncio.TaskGroup() as tasks:
        if every is not None:
            tasks.create_task(_evolve(cloud, every))
        if trouble_every is not None:
            tasks.create_task(_make_trouble(cloud, trouble_every, lasting))


async def _evolve(cloud: Cloud, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        cloud.evolve()


async def _make_trouble(cloud: Cloud, every: float, lasting: float) -> None:
    await asyncio.sleep(min(every, _FIRST_TROUBLE))
    while True:
        for trouble in TROUBLES:
            fault = trouble()
            cloud.faults.append(fault)
            try:
                await asyncio.sleep(min(lasting, every))
            finally:
                # it may have been cleared, or be over, already
                cloud.faults[:] = [each for each in cloud.faults if each is not fault]
            await asyncio.sleep(max(0.0, every - lasting))
