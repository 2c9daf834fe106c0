"""The configuration file that a test writes."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.settings.loading import Write


@pytest.fixture
def file(tmp_path: Path) -> Write:
    """The flags that name a configuration file of the given text."""

    def write(text: str) -> dict[str, Any]:
        path = tmp_path / "exporter.yaml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return {"config": {"file": str(path)}}

    return write
