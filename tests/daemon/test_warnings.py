"""What works but was hardly meant: how often it is logged, and where it is not."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter.daemon.warnings import warn_of_start, warn_of_targets
from exporter.settings import Settings, load
from exporter.simulator import Cloud, serving
from tests.support.exporting import exporting_file, is_up, target


def doubts(logs: list[Any]) -> list[dict[str, str]]:
    return [each for each in logs if each["event"] == "doubtful setting"]


def loaded(file: Path, text: str) -> Settings:
    file.write_text(text)
    return load({"config": {"file": file}}, environ={})


async def test_a_thousand_targets_with_the_same_doubt_are_one_line(tmp_path: Path) -> None:
    lines = [
        f"  t{number}: {{url: 'http://a', session_uuid: s, timeout: 2m}}" for number in range(1000)
    ]
    file = tmp_path / "exporter.yaml"
    settings = await asyncio.to_thread(loaded, file, "\n".join(["targets:", *lines]))
    with capture_logs() as logs:
        await warn_of_targets(settings.targets)
    [line] = logs
    assert f"targets.t0.timeout (in {file}, line 2),targets.t1.timeout" in line["warning"]
    assert "and 980 more: is longer than interval" in line["warning"]
    assert len(line["warning"]) < 4000


@pytest.mark.parametrize("text", [None, "target: ["], ids=["gone", "broken"])
async def test_a_file_that_changes_during_the_start_is_no_failure(
    text: str | None, tmp_path: Path
) -> None:
    file, key = tmp_path / "exporter.yaml", tmp_path / "gone.pem"
    settings = await asyncio.to_thread(loaded, file, "target: {url: 'http://a', session_uuid: s}")
    file.unlink()
    if text is not None:
        file.write_text(text)
    with capture_logs() as logs:
        await warn_of_start(settings, [key])
    assert not logs


async def test_a_reload_warns_of_the_targets_that_changed(tmp_path: Path) -> None:
    file = tmp_path / "exporter.yaml"
    async with serving(Cloud(services=1)) as url:
        text = f"targets:\n  a: {target(url, timeout=0.01)}\n"
        file.write_text(text)
        file.chmod(0o600)
        with capture_logs() as logs:
            async with exporting_file(file) as exporter:
                await exporter.until(is_up)
                file.write_text(f"{text}  b: {target(url)}\n")
                assert (await exporter.reload())[0] == 200
    [line] = doubts(logs)
    assert line["warning"].startswith(f"targets.b.timeout (in {file}, line 3): is longer")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare here (package util-linux)")
@pytest.mark.parametrize("alone", [False, True], ids=["beside others", "alone in a container"])
def test_who_can_read_a_secret_matters_where_others_are(tmp_path: Path, *, alone: bool) -> None:
    secret, file = tmp_path / "secret", tmp_path / "exporter.yaml"
    secret.write_text("password")
    secret.chmod(0o644)
    file.write_text("target: {url: 'http://a', account: admin, password_file: secret}")
    given = ("-m", "exporter", "--config.check", "--config.file", str(file))
    apart = ("unshare", "--pid", "--fork", "--map-root-user") if alone else ()
    done = subprocess.run(
        [*apart, sys.executable, *given], capture_output=True, text=True, check=False
    )
    if alone and "unshare:" in done.stderr:
        pytest.skip(f"no process may be made apart here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert ("every user can read" in done.stderr) is not alone
