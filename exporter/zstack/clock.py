"""The clock for ages, deadlines and waits: it also counts while the machine sleeps.

`time.monotonic` stands still in a suspended machine (Linux: CLOCK_MONOTONIC), so data of hours ago
would look fresh. `time.time` can be set. CLOCK_BOOTTIME has neither fault; where a
system does not offer it, the monotonic clock takes its place.
"""

import time
from typing import Final

_BOOT_TIME: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)  # Linux only


def now() -> float:
    """Seconds since an arbitrary instant; never set, and counted through a suspend."""
    if _BOOT_TIME is None:
        return time.monotonic()
    return time.clock_gettime(_BOOT_TIME)
