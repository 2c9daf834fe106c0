"""What the tests of files that are watched have in common."""

import pytest

from exporter.daemon import targets_files


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for changes of targets files more often, and so wait less for their effect."""
    monkeypatch.setattr(targets_files, "LOOK_SECONDS", 0.4)
    monkeypatch.setattr(targets_files, "SETTLE_SECONDS", 0.4)
