import os
from pathlib import Path

import pytest

from .podman import Podman

IMAGE = os.environ.get("ZSTACK_TEST_IMAGE", "")


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    if not IMAGE:
        pytest.skip("no image to test: make test-system builds it and runs these")
    return Podman.configured(IMAGE, tmp_path_factory.mktemp("podman"))


@pytest.fixture
def secret(tmp_path: Path) -> tuple[str, ...]:
    """Options that mount the password into the container, readable by its user."""
    file = tmp_path / "password"
    file.write_text("password\n")
    file.chmod(0o444)
    return (f"--volume={file}:/run/secrets/zstack:ro",)
