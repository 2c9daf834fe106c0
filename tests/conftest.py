"""Hooks and fixtures of every test."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest
import structlog
from blockbuster import BlockBuster, blockbuster_ctx

from .support import sample

# A shared machine is slow now and then; how long an example takes proves nothing.
hypothesis.settings.register_profile("shared", deadline=None)
hypothesis.settings.register_profile("small", deadline=None, max_examples=20)
hypothesis.settings.load_profile("small" if sample.IS_SMALL else "shared")

_COVERAGE: Final = "COVERAGE_PROCESS_CONFIG"
"""The variable by which coverage starts in processes of a process that it measures."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", sample.MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the small sample, unless tests are named one by one."""
    if sample.IS_SMALL and not any("::" in argument for argument in config.args):
        left = {*sample.left_out(items)}
        config.hook.pytest_deselected(items=[item for item in items if item in left])
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session", autouse=True)
def _coverage_of_processes() -> str:
    """Taken away: it makes each process slower, and one that is killed leaves half a data file."""
    return os.environ.pop(_COVERAGE, "")


@pytest.fixture
def measured_processes(_coverage_of_processes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage also of the processes that a test starts."""
    if _coverage_of_processes:
        monkeypatch.setenv(_COVERAGE, _coverage_of_processes)


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> None:
    """Where a shell runs the tests in the background, SIGINT is ignored, and so by each process."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Restore the log of the process after a test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    """A program that ends blocks its signals; the tests go on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.fixture(autouse=True)
def _loop_that_may_not_block() -> Iterator[BlockBuster]:
    """What would block the event loop in the exporter's code raises instead."""
    # A simulator may read a zone's file whenever it is asked in that zone.
    with blockbuster_ctx("exporter", excluded_modules=["exporter.simulator"]) as blocking:
        # systemd reads at once, and waits for a readiness that is not sent.
        blocking.functions["socket.socket.sendto"].can_block_in(
            "exporter/daemon/systemd.py", "_send"
        )
        # coverage notes a line that is reached for the first time under a lock of its own.
        blocking.functions["threading.Lock.acquire"].can_block_in(
            "coverage/collector.py", "lock_data"
        )
        yield blocking


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("password\n")
    file.chmod(0o600)
    return file
