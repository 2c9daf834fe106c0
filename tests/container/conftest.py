import os

import pytest

from .podman import Podman

IMAGE = os.environ.get("ZSTACK_TEST_IMAGE", "")


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    if not IMAGE:
        pytest.skip("no image to test: make test-system builds it and runs these")
    return Podman.configured(IMAGE, tmp_path_factory.mktemp("podman"))
