from pathlib import Path

import pytest
import trustme

from exporter.web.config import watcher
from tests.support.material import Material, make


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def material(tmp_path: Path, authority: trustme.CA) -> Material:
    """PEM files of this test's own."""
    return make(tmp_path, authority)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for changes more often, and so wait less for their effect."""
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.4)
