"""From nothing to a protected exporter that Prometheus scrapes, as docs/web-config.md shows it."""

import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Final

import aiohttp
import pytest
import yaml
from yarl import URL

from exporter.simulator import Cloud, serving
from tests.support.commands import started

from .programs import Programs
from .prometheus import Prometheus, running

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command here"),
]

PAGE: Final = (Path(__file__).parents[2] / "docs/web-config.md").read_text("utf-8")
SECTION: Final = PAGE.split("\n## In two minutes", 1)[1].split("\n## ", 1)[0]
PREPARE, START = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
SECRET, COMMAND = START.replace("\\\n", "").splitlines()
(SCRAPE,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
PATH: Final = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the page's commands have been run."""
    subprocess.run(
        ["bash", "-euc", PREPARE + SECRET],
        cwd=tmp_path,
        env=os.environ | {"PATH": PATH},
        capture_output=True,
        check=True,
    )
    return tmp_path


def flags(folder: Path, platform: str) -> list[str]:
    """The page's flags, with what differs here: the platform, the folder and the port."""
    program, *given = shlex.split(COMMAND)
    assert program == "zstack-aios-exporter"
    here = [str(folder / each) if (folder / each).is_file() else each for each in given]
    here[here.index("http://127.0.0.1:8080")] = platform
    return [*here, "--web.listen-address", "127.0.0.1:0", "--target.interval", "1s"]


async def test_prometheus_scrapes_an_exporter_that_refuses_all_others(
    programs: Programs, folder: Path
) -> None:
    configuration = yaml.safe_load(SCRAPE) | {"global": {"scrape_interval": "1s"}}
    async with (
        serving(Cloud(services=7)) as platform,
        started(*flags(folder, platform)) as (_, exporter),
    ):
        url = URL(exporter)
        assert url.scheme == "https"
        await refuses_clients_without_password(url, folder)
        [job] = configuration["scrape_configs"]
        job["static_configs"] = [{"targets": [f"localhost:{url.port}"]}]
        async with running(programs, folder, configuration) as prometheus:
            await sees(prometheus, 7)


async def refuses_clients_without_password(url: URL, folder: Path) -> None:
    trusting = ssl.create_default_context(cafile=folder / "exporter.crt")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as http:
        for headers in ({}, {"Authorization": aiohttp.encode_basic_auth("prometheus", "a guess")}):
            metrics = url.with_host("localhost") / "metrics"
            async with http.get(metrics, headers=headers) as answer:
                assert answer.status == 401
                assert "zstack" not in await answer.text()
        async with http.get(url.with_host("localhost") / "-/healthy") as answer:
            assert answer.status == 200


async def sees(prometheus: Prometheus, services: int) -> None:
    reported = await prometheus.until("zstack_model_services_reported")
    assert list(reported.values()) == [services]
    certificate = "zstack_exporter_web_certificate_not_after_timestamp_seconds"
    [days] = (await prometheus.query(f"({certificate} - time()) / 86400")).values()
    assert 364 < days < 365
