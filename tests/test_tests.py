"""What the tests themselves promise to notice."""

import asyncio
import warnings
from pathlib import Path

import pytest
from blockbuster import BlockingError

from exporter.connection import secret_text


async def test_a_call_that_blocks_the_loop_raises(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    await asyncio.to_thread(secret.write_text, "password")
    assert await asyncio.to_thread(secret_text, secret) == "password"
    with pytest.raises(BlockingError):
        secret_text(secret)


@pytest.mark.parametrize("kind", [DeprecationWarning, ResourceWarning, UserWarning])
def test_a_warning_is_an_error(kind: type[Warning]) -> None:
    with pytest.raises(kind):
        warnings.warn("careful", kind, stacklevel=1)


def test_the_order_of_tests_is_a_matter_of_chance(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.hasplugin("randomly")
    assert pytestconfig.getoption("randomly_reorganize")
