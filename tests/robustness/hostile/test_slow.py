"""Clients that are slow, or many: no other client and no poll waits for them."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trustme

from exporter.simulator import Cloud, serving
from tests.support.exporting import PATIENCE
from tests.support.material import make
from tests.support.sample import IS_WHOLE

from .raw_http import ask, connected
from .running import Running, running

log = logging.getLogger(__name__)

READERS, SERVICES = (500, 5000) if IS_WHOLE else (100, 1000)
MORE_MEMORY = 120
"""MiB that it may take for all of them."""

HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
HALVES = {
    "nothing": b"",
    "half a line": b"GET /metr",
    "half a head": b"GET /metrics HTTP/1.1\r\nHost: here\r\nX-Never: ",
    "a head, but its end": b"GET /metrics HTTP/1.1\r\nHost: here\r\n",
    "no body": b"POST /metrics HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\nhalf",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx",
    "no end of chunks": b"GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    "all of it": b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n",
}


@asynccontextmanager
async def connections(
    address: tuple[str, int], sent: Iterable[bytes]
) -> AsyncIterator[Callable[[], int]]:
    """Clients that each send something and take no answer; yields how many have been dropped."""
    loop = asyncio.get_running_loop()
    with ExitStack() as closing:
        clients = []
        for each in sent:
            client = closing.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(0)
            await loop.sock_connect(client, address)
            client.send(each)
            clients.append(client)
        yield lambda: sum(map(_is_dropped, clients))


def _is_dropped(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


async def until(holds: Callable[[], bool], missing: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE * (4 if IS_WHOLE else 1)):
            while not holds():  # noqa: ASYNC110 - it holds by what another process does
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(missing) from None


async def until_polled(cloud: Cloud, times: int = 5) -> None:
    before = cloud.operations["QueryModelService"]
    await until(lambda: cloud.operations["QueryModelService"] >= before + times, "it polls no more")


async def assert_healthy(exporter: Running, tls: ssl.SSLContext | None = None) -> None:
    answer = await ask(exporter.address, HEALTHY, tls)
    assert answer is not None
    assert answer.status == 200


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("path", ["/metrics", "/", "/api/v1/status"])
async def test_readers_that_do_not_read_cost_little_and_delay_no_other(path: str) -> None:
    cloud = Cloud(services=SERVICES)
    for uuid in cloud.estate:
        cloud.estate.alter(uuid, has_new_version=True)  # the longest pages that there are
    sent = f"GET {path} HTTP/1.1\r\nHost: here\r\nAccept-Encoding: identity\r\n\r\n".encode()
    async with (
        serving(cloud) as platform,
        running(platform, "--target.interval=0.5") as exporter,
    ):
        await exporter.until_up()
        before = exporter.memory()
        async with connections(exporter.address, [sent] * READERS):
            await until_polled(cloud)
            await assert_healthy(exporter)
            peak, files = exporter.memory("VmHWM"), exporter.files()
        await until(lambda: exporter.files() < files - READERS / 2, "they stay connected")
        await exporter.until_up()
        log.info("%d readers of %s: RSS %.0f, peak %.0f MiB", READERS, path, before, peak)
        assert peak < before + MORE_MEMORY
        assert not exporter.warnings


async def test_requests_that_never_end_delay_no_other_and_are_closed() -> None:
    each = 50 if IS_WHOLE else 10
    cloud = Cloud(services=10)
    async with (
        serving(cloud) as platform,
        running(platform, "--target.interval=0.1") as exporter,
    ):
        await exporter.until_up()
        files = exporter.files()
        sent = [half for half in HALVES.values() for _ in range(each)]
        async with connections(exporter.address, sent) as dropped:
            await until_polled(cloud)
            await assert_healthy(exporter)
            await exporter.until_up()
            if IS_WHOLE:  # after ten seconds; but those who asked may stay, and ask again
                asked = each
                await until(lambda: dropped() >= len(sent) - asked, "they stay connected")
        await until(lambda: exporter.files() <= files, "files stay open")
        assert not exporter.warnings


@pytest.mark.small_sample(0)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_client_that_ends_its_side_is_answered_or_closed(exporter: Running) -> None:
    """Half a request will never be whole; several at once, as each takes seconds to be given up."""
    await asyncio.gather(*(ends_its_side(exporter, half) for half in HALVES))
    await exporter.until_up()


async def ends_its_side(exporter: Running, half: str) -> None:
    async with connected(exporter.address) as connection:
        connection.send(HALVES[half])
        connection.send_eof()
        answers = await connection.answers()
    assert all(answer.status in {200, 405} for answer in answers), half
    assert answers or half != "all of it"


@pytest.mark.small_sample
@pytest.mark.parametrize(("soft", "hard"), [(256, 512), (128, 128)], ids=["raised", "as it is"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "halfway to TLS"])
async def test_more_connections_than_files_leave_it_the_files_to_poll(
    tmp_path: Path, soft: int, hard: int, *, tls: bool
) -> None:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    file = make(tmp_path, authority).write("tls_server_config: {cert_file: c.pem, key_file: k.pem}")
    flags = [f"--web.config.file={file}"] if tls else []
    cloud = Cloud(services=10)
    async with (
        serving(cloud) as platform,
        running(platform, "--target.interval=0.1", *flags, files=(soft, hard)) as exporter,
    ):
        limits = Path(f"/proc/{exporter.pid}/limits").read_text()
        [granted] = [line.split()[3] for line in limits.splitlines() if "open files" in line]
        assert int(granted) == hard
        async with connections(exporter.address, [b""] * (hard + 50)) as dropped:
            await until(lambda: dropped() >= 50 + hard // 2, "too many are connected")
            await until_polled(cloud)
            await assert_healthy(exporter, trusting if tls else None)
            assert exporter.files() <= hard * 3 // 4
        assert not exporter.warnings
