"""One request and its answer: what cuts it short, what caps it, and who is told."""

import asyncio
import gzip
import threading
import tracemalloc

import pytest

from exporter.simulator import Cloud, Fault
from exporter.zstack import QUERY_MODEL_SERVICE, Operation
from exporter.zstack.errors import (
    MalformedError,
    RejectedError,
    TooLargeError,
    UnreachableError,
)

from .asking import (
    LOG_IN,
    MIB,
    QUERY,
    asking,
    asking_at,
    by_account,
    page,
    reply,
    replying,
    send,
)


async def _closed_port() -> int:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port: int = server.sockets[0].getsockname()[1]
    return port


async def test_refused_connection_is_unreachable_and_says_where() -> None:
    port = await _closed_port()
    async with asking_at(f"http://127.0.0.1:{port}") as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert f"127.0.0.1:{port}" in str(error)


async def test_name_that_does_not_resolve_is_unreachable_and_named() -> None:
    async with asking_at("http://platform.invalid:8080") as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("DNS: platform.invalid: ")


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid"])
async def test_host_that_can_be_no_name_is_unreachable(host: str) -> None:
    async with asking_at(f"http://{host}:8080") as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("DNS: ")


@pytest.mark.parametrize("trouble", [Fault.reset(), Fault.reset_midway(), Fault.reset_midway(0)])
async def test_lost_connection_is_unreachable(trouble: Fault) -> None:
    async with asking(Cloud(services=50, faults=[trouble])) as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error) in {
        "connection lost: Connection reset by peer",
        "connection lost: the answer was cut short",
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01 garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    ],
    ids=["no status line", "null in a header", "no length", "endless header"],
)
async def test_what_is_no_http_is_malformed_in_one_short_line(raw: bytes) -> None:
    async with replying(raw) as told, asking_at(told.url) as asked:
        error = await asked.failure()

    assert isinstance(error, MalformedError)
    assert str(error).isprintable()
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"inventories":[]}', b"[" * 100_000, b"\xff"]
)
async def test_success_that_does_not_decode_is_malformed(body: bytes) -> None:
    async with replying(reply(body)) as told, asking_at(told.url) as asked:
        error = await asked.failure()

    assert type(error) is MalformedError
    assert str(error).startswith("the answer does not decode: ")


async def test_missing_total_is_told_as_any_failed_request() -> None:
    body = b'{"inventories":[{"uuid":"a"}],"schema":{}}'
    async with replying(reply(body)) as told, asking_at(told.url) as asked:
        error = await asked.failure()

    assert asked.exchanges[-1].error is error


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
async def test_truncated_page_is_malformed(share: float) -> None:
    async with asking(Cloud(services=20, faults=[Fault.truncated(share)])) as asked:
        assert type(await asked.failure()) is MalformedError


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed_and_told(status: int) -> None:
    async with (
        replying(reply(page())) as elsewhere,
        replying(
            reply(b"", f"{status} Moved", Location=f"{elsewhere.url}/zstack/v1/x?token=s3cret")
        ) as told,
        asking_at(told.url) as asked,
    ):
        error = await asked.failure()

    assert type(error) is RejectedError
    assert str(error).endswith(f"redirected to {elsewhere.url}")
    assert len(told.heads) == 1
    assert elsewhere.heads == []


@pytest.mark.parametrize(
    "location",
    ["/elsewhere", "", "http://[", "http://" + "a" * 5000, "http://h:99999/", "mailto:x"],
)
async def test_redirect_to_anywhere_is_one_short_line(location: str) -> None:
    moved = reply(b"", "302 Found", Location=location)
    async with replying(moved) as told, asking_at(told.url) as asked:
        error = await asked.failure()

    assert type(error) is RejectedError
    assert len(str(error)) < 500
    assert str(error).isprintable()


async def test_body_as_large_as_the_cap_passes() -> None:
    body = page("a").ljust(MIB)
    async with replying(reply(body)) as told, asking_at(told.url, max_response_bytes=MIB) as asked:
        assert len((await asked.services()).services) == 1


async def test_body_over_the_cap_is_too_large() -> None:
    body = page("a").ljust(MIB + 1)
    async with replying(reply(body)) as told, asking_at(told.url, max_response_bytes=MIB) as asked:
        error = await asked.failure()

    assert type(error) is TooLargeError
    assert str(MIB) in str(error)


async def test_compressed_body_counts_unpacked() -> None:
    packed = gzip.compress(page("a").ljust(MIB + 1))
    answer = reply(packed, Content_Encoding="gzip")
    async with replying(answer) as told, asking_at(told.url, max_response_bytes=MIB) as asked:
        assert type(await asked.failure()) is TooLargeError


async def test_compressed_body_is_unpacked() -> None:
    answer = reply(gzip.compress(page("a", "b")), Content_Encoding="gzip")
    async with replying(answer) as told, asking_at(told.url) as asked:
        assert len((await asked.services()).services) == 2


async def test_gzip_bomb_is_not_unpacked() -> None:
    answer = reply(gzip.compress(bytes(128 * MIB), 1), Content_Encoding="gzip")
    async with replying(answer) as told, asking_at(told.url, max_response_bytes=MIB) as asked:
        tracemalloc.start()
        try:
            assert type(await asked.failure()) is TooLargeError
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 16 * MIB


async def test_garbage_for_gzip_is_an_error() -> None:
    answer = reply(b"not gzip", Content_Encoding="gzip")
    async with replying(answer) as told, asking_at(told.url) as asked:
        assert isinstance(await asked.failure(), MalformedError)


async def test_each_request_is_told_once_with_its_status() -> None:
    async with asking(Cloud(services=5), by_account(), page_size=2) as asked:
        await asked.services()

    assert [
        (told.operation.name, told.status, told.error, told.succeeded) for told in asked.exchanges
    ] == [(LOG_IN, 200, None, True)] + [(QUERY, 200, None, True)] * 3
    assert all(told.seconds > 0 for told in asked.exchanges)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Fault.error("ID.1002"), 503),
        (Fault.reset(), None),
        (Fault.truncated(), 200),
        (Fault.html(200), 200),
    ],
    ids=["503", "reset", "truncated", "page"],
)
async def test_failed_request_is_told_with_its_error(trouble: Fault, status: int | None) -> None:
    async with asking(Cloud(services=5, faults=[trouble])) as asked:
        error = await asked.failure()

    told = asked.exchanges[-1]
    assert (told.status, told.error, told.succeeded) == (status, error, False)


async def test_request_given_up_before_an_answer_is_told() -> None:
    arrived = asyncio.Event()
    faults = [Fault.changing(lambda _: arrived.set()), Fault.hang(operation=QUERY)]
    async with asking(Cloud(services=5, faults=faults)) as asked, asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(asked.services())
        await arrived.wait()
        poll.cancel()

    (told,) = asked.exchanges
    assert (told.status, told.error, told.succeeded) == (None, None, False)


async def test_request_given_up_after_its_status_has_not_succeeded() -> None:
    loop, decoding, done = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def decode(_body: bytes) -> None:
        loop.call_soon_threadsafe(decoding.set)
        done.wait(10)

    async with replying(reply(b"{}")) as server, asking_at(server.url) as asked:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(asked.transport().send(QUERY_MODEL_SERVICE, decode))
            await decoding.wait()
            sending.cancel()
        done.set()

    (told,) = asked.exchanges
    assert (told.status, told.error, told.succeeded) == (200, None, False)


async def test_slash_at_the_end_of_a_path_stays() -> None:
    """Without it, ZStack takes the query of instance groups for their deletion."""
    groups = Operation("Groups", "GET", "/v1/ai/model-services/instances/groups/")
    async with replying(reply(b"{}")) as told, asking_at(told.url) as asked:
        await send(asked, groups)

    assert told.heads[0].startswith("GET /zstack/v1/ai/model-services/instances/groups/ HTTP/1.1")


@pytest.mark.parametrize("url", ["{}", "{}/", "{}/behind/a/proxy", "{}/behind/a/proxy/"])
async def test_url_may_have_a_path_before_zstacks(url: str) -> None:
    async with replying(reply(page())) as told, asking_at(url.format(told.url)) as asked:
        await asked.services()

    path = told.heads[0].split()[1].partition("?")[0]
    assert path == f"{url.format('').rstrip('/')}/zstack/v1/ai/model-services"


async def test_conditions_reach_the_platform_as_they_are_written() -> None:
    cloud = Cloud(services=0)
    conditions = ("name~=%a+b & c=<d>%", "type=模型", "description not null")
    async with asking(cloud, conditions=conditions) as asked:
        await asked.services()

    assert cloud.requests[0].query == (
        "q=name~=%a+b & c=<d>%&q=type=模型&q=description not null"
        "&limit=1000&start=0&sort=+uuid&replyWithCount=true"
    )


async def test_nothing_that_changes_a_platform_is_ever_sent() -> None:
    cloud = Cloud(services=30)
    async with asking(cloud, by_account(), page_size=10) as asked:
        await asked.services()
        await asked.client.time_zone()
        await asked.client.close()

    assert cloud.trap_hits == []
