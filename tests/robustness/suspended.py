"""The exporter on a machine that sleeps: SIGUSR1 lets eight hours pass.

As in a suspend, CLOCK_BOOTTIME goes on, and neither the monotonic clock nor the time-outs of the
kernel do. It takes the place of the clock before anything of the exporter is imported.
"""

import signal
import sys
import time
from typing import Final

SLEEP_SECONDS: Final = 8 * 3600.0


def main() -> int:
    gettime, slept = time.clock_gettime, 0.0

    def suspend(*_: object) -> None:
        nonlocal slept
        slept += SLEEP_SECONDS

    def clock_gettime(clock: int) -> float:
        return gettime(clock) + (slept if clock == time.CLOCK_BOOTTIME else 0.0)

    time.clock_gettime = clock_gettime
    signal.signal(signal.SIGUSR1, suspend)
    from exporter.__main__ import main as run  # noqa: PLC0415 - after the clock

    return run()


if __name__ == "__main__":
    sys.exit(main())
