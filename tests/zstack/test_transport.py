"""One request and its answer: what cuts it short, what caps it, and how it is observed."""

import asyncio
import gc
import gzip
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import pytest

from exporter.simulator import Cloud, Fault
from exporter.state.hints import hint_for
from exporter.zstack import QUERY_MODEL_SERVICE, Operation, ZStackError
from exporter.zstack.errors import MalformedError, RejectedError, TooLargeError, UnreachableError
from tests.support.client_fixture import (
    LOG_IN,
    MIB,
    QUERY,
    by_account,
    client_at,
    client_for,
    error_texts,
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


async def test_refused_connection_is_unreachable_and_names_the_address() -> None:
    port = await _closed_port()
    async with client_at(f"http://127.0.0.1:{port}") as fixture:
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert f"127.0.0.1:{port}" in str(error)


async def test_name_that_does_not_resolve_is_unreachable_and_named() -> None:
    async with client_at("http://platform.invalid:8080") as fixture:
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("DNS: platform.invalid: ")


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid"])
async def test_host_that_can_be_no_name_is_unreachable(host: str) -> None:
    async with client_at(f"http://{host}:8080") as fixture:
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("DNS: ")


@pytest.mark.parametrize("trouble", [Fault.reset(), Fault.reset_midway(), Fault.reset_midway(0)])
async def test_lost_connection_is_unreachable(trouble: Fault) -> None:
    async with client_for(Cloud(services=50, faults=[trouble])) as fixture:
        error = await fixture.failure()

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
    async with replying(raw) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert isinstance(error, MalformedError)
    assert str(error).isprintable()
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"inventories":[]}', b"[" * 100_000, b"\xff"]
)
async def test_success_that_does_not_decode_is_malformed(body: bytes) -> None:
    async with replying(reply(body)) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert type(error) is MalformedError
    assert str(error).startswith("the answer does not decode: ")


async def test_missing_total_is_observed_as_any_failed_request() -> None:
    body = b'{"inventories":[{"uuid":"a"}],"schema":{}}'
    async with replying(reply(body)) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert fixture.exchanges[-1].error is error


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
async def test_truncated_page_is_malformed(share: float) -> None:
    async with client_for(Cloud(services=20, faults=[Fault.truncated(share)])) as fixture:
        assert type(await fixture.failure()) is MalformedError


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed_but_reported(status: int) -> None:
    async with (
        replying(reply(page())) as elsewhere,
        replying(
            reply(b"", f"{status} Moved", Location=f"{elsewhere.url}/zstack/v1/x?token=s3cret")
        ) as server,
        client_at(server.url) as fixture,
    ):
        error = await fixture.failure()

    assert type(error) is RejectedError
    assert str(error).endswith(f"redirected to {elsewhere.url}")
    assert len(server.heads) == 1
    assert elsewhere.heads == []


@pytest.mark.parametrize(
    "location",
    ["/elsewhere", "", "http://[", "http://" + "a" * 5000, "http://h:99999/", "mailto:x"],
)
async def test_redirect_to_anywhere_is_one_short_line(location: str) -> None:
    moved = reply(b"", "302 Found", Location=location)
    async with replying(moved) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert type(error) is RejectedError
    assert len(str(error)) < 500
    assert str(error).isprintable()


async def test_body_as_large_as_the_cap_passes() -> None:
    body = page("a").ljust(MIB)
    async with (
        replying(reply(body)) as server,
        client_at(server.url, max_response_bytes=MIB) as fixture,
    ):
        assert len((await fixture.services()).services) == 1


async def test_body_over_the_cap_is_too_large() -> None:
    body = page("a").ljust(MIB + 1)
    async with (
        replying(reply(body)) as server,
        client_at(server.url, max_response_bytes=MIB) as fixture,
    ):
        error = await fixture.failure()

    assert type(error) is TooLargeError
    assert str(MIB) in str(error)


async def test_compressed_body_counts_unpacked() -> None:
    packed = gzip.compress(page("a").ljust(MIB + 1))
    answer = reply(packed, Content_Encoding="gzip")
    async with replying(answer) as server, client_at(server.url, max_response_bytes=MIB) as fixture:
        assert type(await fixture.failure()) is TooLargeError


async def test_compressed_body_is_unpacked() -> None:
    answer = reply(gzip.compress(page("a", "b")), Content_Encoding="gzip")
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert len((await fixture.services()).services) == 2


@pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
async def test_gzip_bomb_is_not_unpacked(coding: str) -> None:
    answer = reply(gzip.compress(bytes(128 * MIB), 1), Content_Encoding=coding)
    async with replying(answer) as server, client_at(server.url, max_response_bytes=MIB) as fixture:
        tracemalloc.start()
        try:
            assert type(await fixture.failure()) is TooLargeError
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 16 * MIB


async def test_garbage_for_gzip_is_an_error() -> None:
    answer = reply(b"not gzip", Content_Encoding="gzip")
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert isinstance(await fixture.failure(), MalformedError)


@contextmanager
def collecting_nothing() -> Iterator[list[str]]:
    """Yields what the block leaves to a garbage collection: functions of ours with their variables.

    A poll makes few objects, so that a collection may be many polls away.
    """
    functions: list[str] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield functions
        gc.collect()
        frames = [each for each in gc.garbage if isinstance(each, FrameType)]
        ours = [each for each in frames if "/exporter/zstack/" in each.f_code.co_filename]
        functions += [each.f_code.co_name for each in ours]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>"), reply(b"x"), reply(b"x", "500 Error"), reply(b"x", "400 Bad Request"),
        reply(b"{}", "503 Unavailable"), reply(b"", "302 Found", Location="/x"), b"no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.1 200 OK\r\n",
        reply(b"x", Content_Encoding="gzip"), reply(b"x", Content_Encoding="x-gzip"),
        reply(b"x", Content_Encoding="br"), reply(b'{"inventories":[{}],"total":1}'),
        reply(b'{"inventories":[],"total":1}'),
    ],
    ids=[
        "web page", "no JSON", "500", "400", "503", "redirect", "no HTTP", "cut short", "no head",
        "no gzip", "no x-gzip", "br", "no uuid", "incomplete",
    ],
)  # fmt: skip
async def test_failed_answer_is_gone_with_its_error(answer: bytes) -> None:
    async with replying(answer) as server, client_at(server.url) as fixture:
        with collecting_nothing() as left:
            try:
                await fixture.services()
            except ZStackError as error:
                failed = type(error)
            fixture.exchanges.clear()

    assert issubclass(failed, ZStackError)
    assert left == []


async def test_each_request_is_observed_once_with_its_status() -> None:
    async with client_for(Cloud(services=5), by_account(), page_size=2) as fixture:
        await fixture.services()

    assert [
        (exchange.operation.name, exchange.status, exchange.error, exchange.succeeded)
        for exchange in fixture.exchanges
    ] == [(LOG_IN, 200, None, True)] + [(QUERY, 200, None, True)] * 3
    assert all(exchange.seconds > 0 for exchange in fixture.exchanges)


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
async def test_failed_request_is_observed_with_its_error(
    trouble: Fault, status: int | None
) -> None:
    async with client_for(Cloud(services=5, faults=[trouble])) as fixture:
        error = await fixture.failure()

    exchange = fixture.exchanges[-1]
    assert (exchange.status, exchange.error, exchange.succeeded) == (status, error, False)


async def test_request_cancelled_before_an_answer_is_observed() -> None:
    arrived = asyncio.Event()
    faults = [Fault.changing(lambda _: arrived.set()), Fault.hang(operation=QUERY)]
    async with (
        client_for(Cloud(services=5, faults=faults)) as fixture,
        asyncio.TaskGroup() as tasks,
    ):
        poll = tasks.create_task(fixture.services())
        await arrived.wait()
        poll.cancel()

    (exchange,) = fixture.exchanges
    assert (exchange.status, exchange.error, exchange.succeeded) == (None, None, False)


async def test_request_given_up_after_its_status_has_not_succeeded() -> None:
    loop, decoding, done = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def decode(_body: bytes) -> None:
        loop.call_soon_threadsafe(decoding.set)
        done.wait(10)

    async with replying(reply(b"{}")) as server, client_at(server.url) as fixture:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(fixture.transport().send(QUERY_MODEL_SERVICE, decode))
            await decoding.wait()
            sending.cancel()
        done.set()

    (exchange,) = fixture.exchanges
    assert (exchange.status, exchange.error, exchange.succeeded) == (200, None, False)


async def test_slash_at_the_end_of_a_path_stays() -> None:
    """Without it, ZStack takes the query of instance groups for their deletion."""
    groups = Operation("Groups", "GET", "/v1/ai/model-services/instances/groups/")
    async with replying(reply(b"{}")) as server, client_at(server.url) as fixture:
        await send(fixture, groups)

    assert server.heads[0].startswith("GET /zstack/v1/ai/model-services/instances/groups/ HTTP/1.1")


@pytest.mark.parametrize("url", ["{}", "{}/", "{}/behind/a/proxy", "{}/behind/a/proxy/"])
async def test_url_may_have_a_path_before_zstacks(url: str) -> None:
    async with replying(reply(page())) as server, client_at(url.format(server.url)) as fixture:
        await fixture.services()

    path = server.heads[0].split()[1].partition("?")[0]
    assert path == f"{url.format('').rstrip('/')}/zstack/v1/ai/model-services"


async def test_conditions_reach_the_platform_as_they_are_written() -> None:
    cloud = Cloud(services=0)
    conditions = ("name~=%a+b & c=<d>%", "type=模型", "description not null")
    async with client_for(cloud, conditions=conditions) as fixture:
        await fixture.services()

    assert cloud.requests[0].query == (
        "q=name~=%a+b & c=<d>%&q=type=模型&q=description not null"
        "&limit=1000&start=0&sort=+uuid&replyWithCount=true"
    )


async def test_nothing_that_changes_a_platform_is_ever_sent() -> None:
    cloud = Cloud(services=30)
    async with client_for(cloud, by_account(), page_size=10) as fixture:
        await fixture.services()
        await fixture.client.time_zone()
        await fixture.client.close()

    assert cloud.trap_hits == []


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://new.example:8443/zstack/v1/ai/model-services?token=s3cret", "new.example:8443"),
        ("https://new.example/a%2Fb/zstack/v1/ai/model-services", "https://new.example/a%2Fb"),
        ("https://new.example", "https://new.example"),
        ("https://new.example/?s3cret", "https://new.example"),
        ("//new.example/zstack/v1/ai/model-services", "http://new.example"),
        ("/moved/zstack/v1/ai/model-services", "/moved"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirect_names_the_address_to_set(status: int, location: str, named: str) -> None:
    moved = reply(b"", f"{status} Moved", Location=location)
    async with replying(moved) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert str(error).startswith(f"HTTP {status}: redirected to ")
    assert str(error).endswith(named)
    assert "s3cret" not in str(error)
    assert "set url to the address it redirects to" in hint_for(error).fix


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://user:s3cret@sso.example/login/s3cret", "https://sso.example"),
        ("/login?s3cret", "another path"),
        ("/zstack/v1/ai/model-services?session=s3cret", "itself"),
        ("", "itself"),
        ("http://[", "elsewhere"),
    ],
)
async def test_no_redirect_to_a_login_page_is_to_be_set_as_url(location: str, named: str) -> None:
    moved = reply(b"", "302 Found", Location=location)
    async with replying(moved) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert str(error) == f"HTTP 302: redirected to {named}"
    assert "do not set url to a login page" in hint_for(error).fix


async def test_redirect_without_a_location_leads_nowhere() -> None:
    async with replying(reply(b"", "304 Not Modified")) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert type(error) is RejectedError
    assert str(error) == "HTTP 304: redirected to nowhere"
    assert "redirect" not in hint_for(error).fix


@pytest.mark.parametrize("path", ["a%2Fb", "%E4%B8%8A%20%2f", "a%2Fb/%3Fc", "上海"])
async def test_path_of_the_url_is_sent_as_it_is_written(path: str) -> None:
    async with replying(reply(page())) as server, client_at(f"{server.url}/{path}/") as fixture:
        await fixture.services()

    sent = server.heads[0].split()[1].partition("?")[0]
    written = quote(path, safe="%/").replace("%2f", "%2F")
    assert sent == f"/{written}/zstack/v1/ai/model-services"


def _zoned(scope: str) -> str | None:
    """An address of this machine with its zone, as `fe80::1%2`; None where there is none."""
    interfaces = Path("/proc/net/if_inet6")
    lines = interfaces.read_text().splitlines() if interfaces.exists() else []
    for address, index, _, its_scope, _, _ in map(str.split, lines):
        if its_scope == scope:
            return f"{IPv6Address(int(address, 16))}%{int(index, 16)}"
    return None


@pytest.mark.parametrize("mark", ["%", "%25"])
@pytest.mark.parametrize("scope", ["10", "20"], ids=["loopback", "link-local"])
async def test_address_with_a_zone_is_reached_and_the_zone_is_not_sent(
    scope: str, mark: str
) -> None:
    address = _zoned(scope)
    if address is None:
        pytest.skip("no interface of this machine has such an address")
    async with replying(reply(page()), host=address) as server:
        url = f"http://[{address.replace('%', mark)}]:{server.port}"
        async with client_at(url) as fixture:
            await fixture.services()

    plain = address.partition("%")[0]
    assert f"Host: [{plain}]:{server.port}\r\n" in server.heads[0]
    assert "%" not in server.heads[0].replace("%2Buuid", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Set_Cookie": "balancer=" + "c" * 4000 + "; Path=/", "X_Policy": "p" * 9_000},
        {"X_Policy": "p" * 65_000},
        {f"X_{n}": "v" * 2_000 for n in range(20)},
        {"Set_Cookie": "balancer=" + "c" * 9_000},
    ],
    ids=["two", "one of nearly 64 KiB", "many", "cookie of 9 kB"],
)
async def test_long_headers_are_read(headers: dict[str, str]) -> None:
    async with replying(reply(page("a"), **headers)) as server, client_at(server.url) as fixture:
        assert len((await fixture.services()).services) == 1


async def test_long_reason_is_read() -> None:
    answer = reply(page("a"), f"200 {'O' * 9_000}")
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert len((await fixture.services()).services) == 1


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK\r\nSet-Cookie: {}" + "s3cret" * 12_000,
        "HTTP/1.1 200 OK\r\n{}: " + "s3cret" * 12_000,
        "HTTP/1.1 200 {}" + "s3cret" * 12_000,
        "HTTP/1.1 200 OK\r\nX s3cret {}: 1",
        "HTTP/1.1 200 OK\r\nSet-Cookie: s3cret\x00{}",
        "HTTP/1.1 200 OK\r\nContent-Length: s3cret {}",
        "HTTP/1.1 s3cret {}",
        "s3cret {}",
    ],
)
async def test_no_byte_of_a_header_is_in_an_error(head: str) -> None:
    raw = f"{head.format('9k')}\r\n\r\n".encode()
    async with replying(raw) as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert type(error) is MalformedError
    assert str(error).startswith(("the answer is not HTTP", "a header of the answer has more than"))
    assert "s3cret" not in error_texts(error)


GZIPPED = gzip.compress(page("a")[:20]) + gzip.compress(page("a")[20:])


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"\xef\xbb\xbf" + page("a")),
        reply(gzip.compress(b"\xef\xbb\xbf" + page("a")), Content_Encoding="gzip"),
        reply(gzip.compress(page("a")), Content_Encoding="x-gzip"),
        reply(gzip.compress(page("a")), Content_Encoding="X-GZIP"),
        reply(GZIPPED, Content_Encoding="x-gzip"),
        reply(page("a"), Content_Encoding="identity"),
        reply(page("a"), Content_Type="application/json; charset=nonsense"),
        reply(page("a"), Content_Type="application/json; charset=GBK"),
        reply(page("a").decode().encode("utf-16"), Content_Type="application/json;charset=utf-16"),
    ],
    ids=[
        "BOM", "BOM, packed", "x-gzip", "X-GZIP", "x-gzip of two members", "identity",
        "unknown character set", "GBK", "UTF-16",
    ],
)  # fmt: skip
async def test_body_is_read_in_each_form_that_proxies_give_it(answer: bytes) -> None:
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert [service.uuid for service in (await fixture.services()).services] == ["a"]


@pytest.mark.parametrize("charset", ["GBK", "gb2312", '"gb18030"', "Big5", "utf-8", "ISO-8859-1"])
async def test_character_set_of_the_body_is_honoured(charset: str) -> None:
    codec = {"ISO-8859-1": "utf-8"}.get(charset, charset.strip('"'))  # a default of Java's servers
    body = '{"inventories":[{"uuid":"a","name":"上海土"}],"total":1}'
    answer = reply(body.encode(codec), Content_Type=f"application/json;charset={charset}")
    async with replying(answer) as server, client_at(server.url) as fixture:
        [service] = (await fixture.services()).services
        again = await fixture.services()

    assert service.name == "上海土"
    assert again.services == (service,)


@pytest.mark.parametrize("charset", ["utf-16le", "utf-16be", "gb18030", "utf-16"])
async def test_byte_order_mark_of_another_character_set_is_ignored(charset: str) -> None:
    mark = "" if charset == "utf-16" else "\ufeff"  # which that codec writes by itself
    body = (mark + '{"inventories":[{"uuid":"a"}],"total":1}').encode(charset)
    answer = reply(body, Content_Type=f"application/json;charset={charset}")
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert [service.uuid for service in (await fixture.services()).services] == ["a"]


async def test_error_in_another_character_set_is_readable() -> None:
    answer = reply("管理节点忙".encode("gbk"), "500 Error", Content_Type="text/plain;charset=GBK")
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert str(await fixture.failure()) == "HTTP 500: 管理节点忙"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "s3cret"])
async def test_coding_that_was_not_requested_is_reported(coding: str) -> None:
    async with (
        replying(reply(b"\x0b\x02\x80", Content_Encoding=coding)) as server,
        client_at(server.url) as fixture,
    ):
        error = await fixture.failure()

    assert type(error) is MalformedError
    assert "which was not asked for" in str(error)
    assert ("compressed by br" in str(error)) == (coding == "br")
    assert "s3cret" not in str(error)
    assert "Accept-Encoding" in hint_for(error).fix
    assert "Accept-Encoding: gzip, deflate\r\n" in server.heads[0]


async def test_a_million_members_of_gzip_are_not_unpacked_one_by_one() -> None:
    members = gzip.compress(b"") * 1_000_000
    async with (
        replying(reply(members, Content_Encoding="x-gzip")) as server,
        client_at(server.url) as fixture,
        asyncio.timeout(30),
    ):
        assert isinstance(await fixture.failure(), MalformedError)


@pytest.mark.parametrize(
    "packed", [b"not gzip", gzip.compress(page("a"))[:-9]], ids=["another form", "cut"]
)
async def test_garbage_for_the_older_name_of_gzip_is_an_error(packed: bytes) -> None:
    answer = reply(packed, Content_Encoding="x-gzip")
    async with replying(answer) as server, client_at(server.url) as fixture:
        assert str(await fixture.failure()) == "the answer is not packed as it says"
