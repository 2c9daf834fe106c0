"""Work that never ends costs its own target, and one thread, however often it is polled."""

import os
import threading
from pathlib import Path

import pytest

from exporter.simulator import Cloud, serving
from tests.support.exporting import exporting, is_down, target

POLLS = 100
"""More than the pool has threads."""


def working() -> int:
    return sum(each.name.startswith("work") for each in threading.enumerate())


async def test_a_secret_that_cannot_be_read_to_its_end_holds_one_thread(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "password"
    os.mkfifo(secret)
    hanging = {"account": "admin", "password_file": str(secret), "interval": 0.02, "timeout": 0.01}
    async with serving(Cloud(services=3)) as url, serving(Cloud(services=3)) as other:
        targets = {"a": target(url, **hanging), "b": target(other)}
        try:
            async with exporting(targets=targets) as exporter:
                before = working()
                await exporter.until(is_down, "/probe?target=a")
                page = await exporter.until(
                    lambda page: page.total("zstack_polls_total", outcome="failure") >= POLLS,
                    "/probe?target=a",
                )
                labels = {"reason": "unauthorized", "operation": "QueryModelService"}
                assert page.value("zstack_api_error", **labels) == 1
                page = await exporter.scrape("/probe?target=b")
                assert page.value("zstack_up") == 1
                assert working() - before < POLLS / 4, "a thread for each poll hangs"
                reason = f"{secret}: was not read within 0.005 seconds"
                assert reason in capfd.readouterr().out, (
                    "the hint is about the file, not the platform"
                )
        finally:
            os.close(os.open(secret, os.O_RDWR | os.O_NONBLOCK))  # frees the thread


async def test_a_secret_that_can_be_read_again_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    os.mkfifo(secret)
    hanging = {"account": "admin", "password_file": str(secret), "interval": 0.2, "timeout": 0.1}
    async with serving(Cloud(services=3)) as url, exporting(target=target(url, **hanging)) as one:
        await one.until(is_down)
        (tmp_path / "new").write_text("password")
        writer = os.open(secret, os.O_RDWR | os.O_NONBLOCK)
        (tmp_path / "new").replace(secret)
        os.write(writer, b"late\n")
        os.close(writer)
        await one.until(lambda page: page.value("zstack_up") == 1)
