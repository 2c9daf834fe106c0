"""Fixtures of the fault matrix."""

import pytest

from exporter.daemon import logs


@pytest.fixture(autouse=True)
def _quiet(_log_as_it_was: None) -> None:
    """Thousands of polls fail, as expected."""
    logs.configure("error", "logfmt")
