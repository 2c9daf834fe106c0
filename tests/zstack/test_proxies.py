"""Through a forward proxy: plain requests, tunnels, and what it refuses."""

import pytest
import trustme

from exporter.simulator import Cloud, serving
from exporter.zstack.errors import UnreachableError

from .asking import asking, asking_at, by_account
from .proxy import Proxy, proxying
from .test_tls import presenting, trusting


def _with_login(proxy: Proxy) -> str:
    return proxy.url.replace("//", f"//{proxy.login}@")


async def test_plain_request_goes_through_whole() -> None:
    async with (
        proxying() as proxy,
        asking(Cloud(services=3), by_account(), proxy=proxy.url) as asked,
    ):
        assert len((await asked.services()).services) == 3

    assert [head.split()[0] for head in proxy.heads] == ["PUT", "GET"]
    assert asked.url in proxy.heads[1]


async def test_login_of_the_proxy_is_shown_to_the_proxy() -> None:
    async with (
        proxying(login="user:pr0xy") as proxy,
        asking(Cloud(services=3), proxy=_with_login(proxy)) as asked,
    ):
        assert len((await asked.services()).services) == 3


async def test_tls_goes_through_a_tunnel(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("127.0.0.1"))
    async with (
        proxying(login="user:pr0xy") as proxy,
        serving(Cloud(services=3), ssl_context=server) as url,
        asking_at(url, proxy=_with_login(proxy), tls=trusting(authority)) as asked,
    ):
        assert len((await asked.services()).services) == 3

    assert proxy.heads[0].startswith("CONNECT 127.0.0.1:")
    assert "ZStack" not in proxy.heads[0]


async def test_certificate_is_verified_through_a_tunnel_too(authority: trustme.CA) -> None:
    server = presenting(authority.issue_cert("elsewhere.example"))
    async with (
        proxying() as proxy,
        serving(Cloud(services=3), ssl_context=server) as url,
        asking_at(url, proxy=proxy.url, tls=trusting(authority)) as asked,
    ):
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error).startswith("TLS: ")


@pytest.mark.parametrize("status", ["403 Forbidden", "502 Bad Gateway"])
async def test_refused_tunnel_is_unreachable(authority: trustme.CA, status: str) -> None:
    async with (
        proxying(status=status) as proxy,
        asking_at("https://127.0.0.1:1", proxy=proxy.url, tls=trusting(authority)) as asked,
    ):
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error) == f"the proxy refused: HTTP {status[:3]}"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_missing_login_of_the_proxy_is_unreachable(scheme: str) -> None:
    async with (
        proxying(login="user:pr0xy") as proxy,
        asking_at(f"{scheme}://127.0.0.1:1", proxy=proxy.url) as asked,
    ):
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert str(error) == "the proxy refused: HTTP 407"


async def test_proxy_that_is_not_there_is_unreachable() -> None:
    async with proxying() as proxy:
        pass
    async with asking(Cloud(), proxy=proxy.url) as asked:
        error = await asked.failure()

    assert isinstance(error, UnreachableError)
    assert proxy.url.removeprefix("http://") in str(error)
