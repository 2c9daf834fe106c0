"""The exporter's own command, in the time of the process that has started it.

`python -m soak.exporter BEGAN CLOCK LEADER` and then the command's flags: Unix time, and the
numbers of two inherited files.
"""

import asyncio
import os
import socket
import sys

from typing_extensions import override

from .clock import Clock
from .loop import Loop
from .pace import Following


class _Policy(asyncio.DefaultEventLoopPolicy):
    """The command runs its loop by itself, so that it has to find this one."""

    def __init__(self, clock: Clock, leader: socket.socket) -> None:
        super().__init__()
        self._clock = clock
        self._leader = leader

    @override
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return Loop(self._clock, Following(self._clock, self._leader))


def main() -> int:
    began, shared, leader, *flags = sys.argv[1:]
    clock = Clock(float(began), int(shared))
    clock.rule()
    with_leader = socket.socket(fileno=os.dup(int(leader)))  # the other end hears of our own end
    asyncio.set_event_loop_policy(_Policy(clock, with_leader))
    from exporter.commandline import run  # noqa: PLC0415 - nothing of it before the clock rules

    return run(flags)


if __name__ == "__main__":
    sys.exit(main())
