"""The exporter's own command, in the time of the process that has started it.

`python -m tests.robustness.soak.exporter BEGAN CLOCK LEADER` and then the command's flags: Unix
time, and the numbers of two inherited files.
"""

import os
import socket
import sys

from .clock import Clock
from .loop import Loop
from .virtual_time import Following


def main() -> int:
    began, shared, leader, *flags = sys.argv[1:]
    clock = Clock(float(began), int(shared))
    clock.rule()
    with_leader = socket.socket(fileno=os.dup(int(leader)))  # the other end notices our own end
    # nothing of the exporter may be imported before the clock rules
    from exporter.cli.main import run  # noqa: PLC0415
    from exporter.daemon import event_loop  # noqa: PLC0415

    event_loop.new_event_loop = lambda: Loop(clock, Following(clock, with_leader))
    return run(flags)


if __name__ == "__main__":
    sys.exit(main())
