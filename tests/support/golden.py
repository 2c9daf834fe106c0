"""Golden pages: what a test compares its output with, byte for byte; `make golden` renews them."""

import os
from pathlib import Path


def assert_golden(file: Path, text: str) -> None:
    """Compare the text with the file, or write the file where ZSTACK_TEST_GOLDEN is `renew`."""
    if os.environ.get("ZSTACK_TEST_GOLDEN") == "renew":
        file.write_text(text)
    assert text == file.read_text()
