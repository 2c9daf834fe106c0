"""A real Prometheus on loopback, for as long as a test wants it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client.parser import text_string_to_metric_families

from .programs import Programs

PATIENCE: Final = 60.0
"""Seconds after which an effect that was waited for counts as missing."""

_LISTENING: Final = re.compile(r'msg="Listening on".*? address=(\S+)')
TROUBLE: Final = re.compile(r"\blevel=(warn|error)\b", re.IGNORECASE)
_LONGEST_LINE: Final = 1 << 20

TEXT: Final = "text/plain;version=0.0.4"

Labels = frozenset[tuple[str, str]]


def labels(**values: str) -> Labels:
    """Labels as Prometheus keeps them: one that is empty is none."""
    return frozenset((name, value) for name, value in values.items() if value)


class Prometheus:
    """A running Prometheus, asked over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, log: list[str]) -> None:
        self._http = http
        self._log = log

    @property
    def troubles(self) -> list[str]:
        """The warnings and errors that it has logged."""
        return [line for line in self._log if TROUBLE.search(line)]

    async def query(self, expression: str, at: float | None = None) -> dict[Labels, float]:
        """An instant vector, now or at a moment; no labels but those that the exporter gave."""
        parameters = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        answer = await self._get("/api/v1/query", **parameters)
        series = answer["data"]["result"]
        vector = {_given(each["metric"]): float(each["value"][1]) for each in series}
        assert len(vector) == len(series), f"labels are not enough to tell apart {series}"
        return vector

    async def rows(self, expression: str, at: float) -> list[tuple[dict[str, str], float]]:
        """An instant vector with all labels, in Prometheus' own order."""
        answer = await self._get("/api/v1/query", query=expression, time=f"{at:.3f}")
        return [(each["metric"], float(each["value"][1])) for each in answer["data"]["result"]]

    async def lines(
        self, expression: str, until: float, *, span: int, step: int
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """The points of each series in so many seconds until then."""
        times = {"start": f"{until - span:.3f}", "end": f"{until:.3f}", "step": str(step)}
        answer = await self._get("/api/v1/query_range", query=expression, **times)
        return [
            (each["metric"], [(float(at), float(value)) for at, value in each["values"]])
            for each in answer["data"]["result"]
        ]

    async def until(
        self, expression: str, holds: Callable[[dict[Labels, float]], object] = bool
    ) -> dict[Labels, float]:
        """The first answer for which something holds; asks again until then."""
        vector = None
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    vector = await self.query(expression)
                    if holds(vector):
                        return vector
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"it never held for {expression}, at last {vector}") from None

    async def alerts(self) -> list[str]:
        """What is pending or firing, once every rule has seen what is stored now."""
        now = time.time()
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._get("/api/v1/rules")
                groups = answer["data"]["groups"]
                seen = [datetime.fromisoformat(each["lastEvaluation"]) for each in groups]
                if min(seen).timestamp() > now:
                    rules = [rule for group in groups for rule in group["rules"]]
                    return [each["name"] for each in rules if each.get("alerts")]
                await asyncio.sleep(0.1)

    async def moment(self, condition: str) -> float:
        """When the newest scrape was, as soon as a condition holds after it.

        What was scraped until then is settled: a query at that moment has the same answer for ever.
        """
        answer = await self.until(f"max(timestamp(up)) and on() ({condition})")
        return max(answer.values())

    async def types(self, job: str) -> dict[str, str]:
        """The families that a job's target has exposed, by the names that its format gives them."""
        answer = await self._get("/api/v1/targets/metadata", match_target=f'{{job="{job}"}}')
        return {family["metric"]: family["type"] for family in answer["data"]}

    async def refused_samples(self) -> dict[str, float]:
        """How many samples it would not take, by why."""
        async with self._http.get("/metrics") as response:
            page = await response.text()
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if re.match(r"prometheus_target_scrapes_(sample|exceeded)_\w+_total$", sample.name)
        }

    async def ready(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self._http.get("/-/ready") as response:
                    if response.status == 200:
                        return
                await asyncio.sleep(0.02)

    async def _get(self, path: str, **parameters: str) -> Any:
        async with self._http.get(path, params=parameters) as response:
            answer = await response.json()
        assert answer["status"] == "success", answer
        return answer


@asynccontextmanager
async def scraping(
    programs: Programs, folder: Path, jobs: Mapping[str, str], *, every: str = "1s"
) -> AsyncIterator[Prometheus]:
    """Prometheus with one target a job, given by the URL of its page, until the block ends.

    It looks for its targets every five seconds, the first time five seconds after it has begun.
    """
    async with running(programs, folder, _configuration(jobs, every)) as prometheus:
        yield prometheus


@asynccontextmanager
async def running(
    programs: Programs, folder: Path, configuration: Mapping[str, Any]
) -> AsyncIterator[Prometheus]:
    """Prometheus with this configuration, whose files are in the folder, until the block ends."""
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(dict(configuration)), encoding="utf-8")
    flags = (f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}")
    async with (
        listening(programs.prometheus, *flags) as (url, log),
        aiohttp.ClientSession(url) as http,
    ):
        prometheus = Prometheus(http, log)
        await prometheus.ready()
        yield prometheus


@asynccontextmanager
async def listening(program: Path, *flags: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The URL of Prometheus or one of its family, and its log so far, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        program,
        *flags,
        "--web.listen-address=127.0.0.1:0",  # it logs which port the system gave it
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    log: list[str] = []
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep(process, log, address))
        try:
            async with asyncio.timeout(PATIENCE):
                url = f"http://{await address}"
            yield url, log
        finally:
            await end(process)


async def end(program: asyncio.subprocess.Process) -> int:
    """Ask a program to stop; its exit status."""
    if program.returncode is None:
        program.terminate()
    try:
        async with asyncio.timeout(PATIENCE):
            return await program.wait()
    except TimeoutError:
        program.kill()
        raise


@asynccontextmanager
async def only_text(url: str) -> AsyncIterator[str]:
    """The same page for a scraper that is made to want the text format."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def forward(request: web.Request) -> web.Response:
            wanted = {"Accept": TEXT, "Accept-Encoding": request.headers["Accept-Encoding"]}
            async with http.get(url, headers=wanted) as answer:
                kept = ("Content-Type", "Content-Encoding")
                headers = {name: answer.headers[name] for name in kept if name in answer.headers}
                return web.Response(status=answer.status, body=await answer.read(), headers=headers)

        application = web.Application()
        application.router.add_get("/metrics", forward)
        async with TestServer(application) as server:
            yield str(server.make_url("/metrics"))


def _configuration(jobs: Mapping[str, str], every: str) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every},
        "scrape_configs": [
            {
                "job_name": job,
                "metrics_path": f"/{url.split('/', 3)[3]}",
                "static_configs": [{"targets": [url.split("/")[2]]}],
            }
            for job, url in jobs.items()
        ],
    }


async def _keep(
    program: asyncio.subprocess.Process, log: list[str], address: asyncio.Future[str]
) -> None:
    """Read the log to its end; others wait for the address, when it is logged."""
    assert program.stderr is not None
    async for line in program.stderr:
        log.append(line.decode())
        listening = _LISTENING.search(log[-1])
        if listening and not address.done():
            address.set_result(listening[1])
    if not address.done():
        address.set_exception(AssertionError(f"it did not start: {''.join(log)}"))


def _given(metric: Mapping[str, str]) -> Labels:
    added = ("__name__", "job", "instance", "target")
    return labels(**{name: value for name, value in metric.items() if name not in added})
