from pathlib import Path

import pytest
import trustme

from .material import Material, make


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def material(tmp_path: Path, authority: trustme.CA) -> Material:
    """PEM files of this test's own."""
    return make(tmp_path, authority)
