"""What every test stands on."""

import logging
import signal
from collections.abc import Iterator

import hypothesis
import pytest
import structlog
from blockbuster import BlockBuster, blockbuster_ctx

# A shared machine is slow now and then; how long an example takes says nothing.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.load_profile("shared")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """The log of the process is no test's own: leave it as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A program that ends hears no more signals; the tests go on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.fixture(autouse=True)
def _loop_that_may_not_block() -> Iterator[BlockBuster]:
    """What would block the event loop in the exporter's code raises instead."""
    # A simulator may read a zone's file whenever it is asked in that zone.
    with blockbuster_ctx("exporter", excluded_modules=["exporter.simulator"]) as blocking:
        # systemd reads at once, and a readiness that is not told would be waited for.
        blocking.functions["socket.socket.sendto"].can_block_in("exporter/systemd.py", "_send")
        # coverage notes a line that is reached for the first time under a lock of its own.
        blocking.functions["threading.Lock.acquire"].can_block_in(
            "coverage/collector.py", "lock_data"
        )
        yield blocking
