"""Through a forward proxy: plain requests, tunnels, and what it refuses."""

import pytest
import trustme

from exporter.simulator import Cloud, Fault, serving
from exporter.state.hints import hint_for
from exporter.zstack.errors import DeniedError, UnreachableError
from tests.support.certificates import presenting, trusting
from tests.support.client_fixture import by_account, client_at, client_for, replying
from tests.support.proxy import Proxy, proxying


def _with_login(proxy: Proxy) -> str:
    return proxy.url.replace("//", f"//{proxy.login}@")


async def test_plain_request_goes_through_whole() -> None:
    async with (
        proxying() as proxy,
        client_for(Cloud(services=3), by_account(), proxy=proxy.url) as fixture,
    ):
        assert len((await fixture.services()).services) == 3

    assert [head.split()[0] for head in proxy.heads] == ["PUT", "GET"]
    assert fixture.url in proxy.heads[1]


async def test_login_of_the_proxy_is_sent_to_the_proxy() -> None:
    async with (
        proxying(login="user:pr0xy") as proxy,
        client_for(Cloud(services=3), proxy=_with_login(proxy)) as fixture,
    ):
        assert len((await fixture.services()).services) == 3


async def test_tls_goes_through_a_tunnel(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with (
        proxying(login="user:pr0xy") as proxy,
        serving(Cloud(services=3), ssl_context=server) as url,
        client_at(url, proxy=_with_login(proxy), tls=trusting(authority)) as fixture,
    ):
        assert len((await fixture.services()).services) == 3

    assert proxy.heads[0].startswith("CONNECT 127.0.0.1:")
    assert "ZStack" not in proxy.heads[0]


async def test_certificate_is_verified_through_a_tunnel_too(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("elsewhere.example"))
    async with (
        proxying() as proxy,
        serving(Cloud(services=3), ssl_context=server) as url,
        client_at(url, proxy=proxy.url, tls=trusting(authority)) as fixture,
    ):
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("TLS: ")


@pytest.mark.parametrize("status", ["403 Forbidden", "502 Bad Gateway"])
async def test_refused_tunnel_is_unreachable(authority: trustme.CA, status: str) -> None:
    async with (
        proxying(status=status) as proxy,
        client_at("https://127.0.0.1:1", proxy=proxy.url, tls=trusting(authority)) as fixture,
    ):
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error) == f"the proxy refused: HTTP {status[:3]}"
    assert "on the proxy" in hint_for(error).fix


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_missing_login_of_the_proxy_is_unreachable(scheme: str) -> None:
    async with (
        proxying(login="user:pr0xy") as proxy,
        client_at(f"{scheme}://127.0.0.1:1", proxy=proxy.url) as fixture,
    ):
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error) == "the proxy refused: HTTP 407"
    assert "the proxy's user and password" in hint_for(error).fix


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_proxy_that_is_not_there_is_named(scheme: str) -> None:
    async with proxying() as proxy:
        pass
    async with client_at(f"{scheme}://platform.invalid", proxy=proxy.url) as fixture:
        error = await fixture.failure()

    address = proxy.url.removeprefix("http://")
    assert isinstance(error, UnreachableError)
    assert str(error) == f"the proxy {address}: Connection refused"
    assert "check proxy" in hint_for(error).fix


async def test_name_of_a_proxy_that_does_not_resolve_is_reported() -> None:
    async with client_at("http://127.0.0.1:1", proxy="http://proxy.invalid:3128") as fixture:
        error = await fixture.failure()

    assert str(error).startswith("DNS to the proxy: proxy.invalid: ")
    assert "check proxy" in hint_for(error).fix


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("502 Bad Gateway", ""),
        ("504 Gateway Timeout", "no route to platform"),
        ("403 Forbidden", "<html>Access denied by squid</html>"),
        ("503 Service Unavailable", "<html>cannot connect</html>"),
    ],
)
async def test_plain_request_that_the_proxy_refuses_is_reported(status: str, body: str) -> None:
    async with (
        proxying(status=status, body=body) as proxy,
        client_at("http://platform.invalid", proxy=proxy.url) as fixture,
    ):
        error = await fixture.failure()

    assert isinstance(error, UnreachableError)
    assert str(error) == f"HTTP {status[:3]} from the proxy, or from a server behind it"
    assert "on the proxy" in hint_for(error).fix


async def test_proxy_that_hangs_up_is_reported() -> None:
    async with replying(b"") as proxy, client_at("http://127.0.0.1:1", proxy=proxy.url) as fixture:
        error = await fixture.failure()

    assert str(error) == "the proxy, or the server behind it, hung up without an answer"


async def test_error_of_zstack_through_a_proxy_is_still_zstacks() -> None:
    cloud = Cloud(services=1, faults=[Fault.error("SYS.1006", "is denied")])
    async with proxying() as proxy, client_for(cloud, proxy=proxy.url) as fixture:
        error = await fixture.failure()

    assert isinstance(error, DeniedError)
    assert error.code == "SYS.1006"
