"""Without the password there is health, and nothing else."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice, product
from pathlib import Path

import pytest
import trustme

from exporter.metrics.exposition import Exposition
from exporter.metrics.telemetry import Telemetry
from exporter.simulator import Cloud, serving
from exporter.web.config.hashing import hashed
from exporter.web.server import HEALTH_PATHS, Server
from tests.support.exporting import until_seen
from tests.support.material import PASSWORD, make, quick_hash
from tests.support.sample import IS_WHOLE

from .raw_http import Answer, ask
from .requests import METHODS, TRICKS
from .running import Running, running

OPEN = {"/-/healthy", "/-/ready"}
GUARDED = {
    "/",
    "/-/status.js",
    "/api/v1/status",
    "/metrics",
    "/probe",
    "/sd/endpoints",
    "/sd/targets",
    "/-/reload",
}
"""Every route is in one of the two."""

Routes = list[tuple[str, str]]

SCRAPE_SECONDS = 10.0
"""After which Prometheus gives a scrape up, where nothing else is set."""

HEALTH = {"healthy\n", "ready\n", ""}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


RIGHT = basic(f"prometheus:{PASSWORD}")
WRONG = (
    None,
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
    basic("prometheus"),
    basic("prometheus:"),
    basic(":"),
    basic(f":{PASSWORD}"),
    basic(f"Prometheus:{PASSWORD}"),
    basic(f"prometheus :{PASSWORD}"),
    basic(f"prometheus\0:{PASSWORD}"),
    basic(f"nobody:{PASSWORD}"),
    basic(f"prometheus:{PASSWORD}x"),
    basic(f"prometheus:{PASSWORD[:-1]}"),
    basic(f"prometheus:{PASSWORD}\0"),
    basic(f"prometheus:{PASSWORD.upper()}"),
    basic(f"prometheus:{quick_hash()}"),
    basic("prometheus:" + "x" * 5000),
    RIGHT.replace("Basic ", "Bearer "),
    RIGHT.replace("Basic ", ""),
    RIGHT.replace("Basic ", "Basic Basic "),
    f"{RIGHT}, {RIGHT}",
    'Digest username="prometheus", realm="", nonce="", uri="/metrics", response=""',
)


@asynccontextmanager
async def guarded(
    folder: Path, *, tls: bool, hash_: str | None = None
) -> AsyncIterator[tuple[Running, "Client"]]:
    authority = trustme.CA()
    material = make(folder, authority)
    server = "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n" if tls else ""
    file = material.write(f"{server}basic_auth_users:\n  prometheus: {hash_ or quick_hash()}\n")
    client = ssl.create_default_context() if tls else None
    if client is not None:
        authority.configure_trust(client)
    async with (
        serving(Cloud(services=3)) as platform,
        running(platform, f"--web.config.file={file}", "--web.enable-lifecycle") as exporter,
    ):
        known = Client(exporter, client)
        await until_seen(partial(known.ask, "GET", "/-/ready"), lambda answer: answer.status == 200)
        yield exporter, known
        assert not exporter.warnings


class Client:
    def __init__(self, exporter: Running, tls: ssl.SSLContext | None) -> None:
        self._address = exporter.address
        self._tls = tls

    async def ask(self, method: str, target: str, authorization: str | None = None) -> Answer:
        head = f"{method} {target} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
        if authorization is not None:
            head += f"Authorization: {authorization}\r\n"
        answer = await ask(self._address, f"{head}\r\n".encode(), self._tls)
        assert answer is not None, (method, target)
        return answer


@pytest.fixture(scope="module")
def routes() -> Routes:
    """Method and path of all that the exporter answers."""
    server = Server(
        Exposition({}), Telemetry(process=False), telemetry_path="/metrics", max_requests=0
    )
    return [
        (route.method, str(route.resource and route.resource.canonical))
        for route in server.application().router.routes()
    ]


def test_every_route_is_listed_as_open_or_guarded(routes: Routes) -> None:
    assert {path for _, path in routes} == OPEN | GUARDED
    assert OPEN == HEALTH_PATHS


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_without_the_password_there_is_nothing_but_health(
    tmp_path: Path, routes: Routes, *, tls: bool
) -> None:
    async with guarded(tmp_path, tls=tls) as (exporter, client):
        wrong = WRONG[::5] if tls and not IS_WHOLE else WRONG
        for authorization in wrong:
            await asyncio.gather(*(refused(client, *route, authorization) for route in routes))
        targets = [*_tricks(), *_absolute(exporter)]
        for some in batches(targets[::4] if tls and not IS_WHOLE else targets):
            await asyncio.gather(*(led_to_health_at_most(client, target) for target in some))
        methods = [each for several in METHODS.values() for each in several]
        for method, path in product(methods[::3] if tls and not IS_WHOLE else methods, GUARDED):
            assert_refused(await client.ask(method, path))
        for method, path in routes:
            answer = await client.ask(method, f"{path}?target=default", RIGHT)
            assert answer.status == 200, (method, path)


async def refused(client: "Client", method: str, path: str, authorization: str | None) -> None:
    answer = await client.ask(method, path, authorization)
    if path in OPEN:
        assert (answer.status, answer.text in HEALTH) == (200, True), (method, path)
    else:
        assert_refused(answer)


async def led_to_health_at_most(client: "Client", target: str) -> None:
    answer = await client.ask("GET", target)
    if answer.text in HEALTH:
        assert answer.status == 200
    else:
        assert_refused(answer)


async def test_guesses_hold_up_neither_health_nor_who_knows(tmp_path: Path) -> None:
    async with guarded(tmp_path, tls=False) as (_, client):
        assert (await client.ask("GET", "/metrics", RIGHT)).status == 200
        guesses = [client.ask("GET", "/metrics", basic(f"prometheus:{n}")) for n in range(60)]
        guessing = asyncio.gather(*guesses)
        for _ in range(5):
            assert (await client.ask("GET", "/metrics", RIGHT)).status == 200
            assert (await client.ask("GET", "/-/healthy")).status == 200
        assert {answer.status for answer in await guessing} == {401}


async def test_guesses_hold_up_no_first_login(tmp_path: Path) -> None:
    """With a hash that takes as long as that of `hash-password`: 400 checks take half a minute."""
    async with guarded(tmp_path, tls=False, hash_=hashed(PASSWORD)) as (_, client):
        guesses = [
            asyncio.create_task(client.ask("GET", "/metrics", basic(f"prometheus:{n}")))
            for n in range(400)
        ]
        await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
        async with asyncio.timeout(SCRAPE_SECONDS):
            assert (await client.ask("GET", "/metrics", RIGHT)).status == 200
            assert (await client.ask("GET", "/-/healthy")).status == 200
        assert not all(guess.done() for guess in guesses)
        for guess in guesses:
            guess.cancel()
        await asyncio.wait(guesses)


def batches(targets: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(targets)
    while some := list(islice(rest, 20)):
        yield some


def _tricks() -> Iterator[str]:
    for targets in TRICKS.values():
        yield from targets
    for path in sorted(GUARDED):
        for health in sorted(OPEN):
            yield f"{health}/..{path}"
            yield f"{health}?{path}"
            yield f"{path}?{health}"
            yield f"{path}#{health}"
            yield f"{path};{health}"
            yield f"{path}%3f{health}"
            yield f"{path}/{health}"


def _absolute(exporter: Running) -> Iterator[str]:
    for path in sorted(GUARDED):
        yield exporter.url + path
        yield f"http://prometheus:{PASSWORD}@here{path}"
        yield f"{exporter.url}/-/healthy/..{path}"


def assert_refused(answer: Answer) -> None:
    """With as many words, and no more: nothing that is known of a platform."""
    assert answer.status in {400, 401}, answer
    assert answer.text in {"Unauthorized\n", "Bad Request\n", ""}, answer
    assert ("WWW-Authenticate" in answer.headers) == (answer.status == 401)
