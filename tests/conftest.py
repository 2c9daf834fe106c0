"""What every test stands on."""

import logging
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

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
