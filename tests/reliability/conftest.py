"""What the tests of reliability stand on."""

import pytest

from exporter import logs


@pytest.fixture(autouse=True)
def _quiet(_log_as_it_was: None) -> None:
    """Thousands of polls fail as they should."""
    logs.configure("error", "logfmt")
