"""Which certificates of a platform are accepted: the same ones on every Python."""

import asyncio
from pathlib import Path

import pytest

from exporter.polling.certificates import tls_contexts
from exporter.settings import load
from exporter.simulator import Cloud, serving
from exporter.state.hints import hint_for
from exporter.zstack.errors import UnreachableError
from tests.support.certificates import Issued, authority, server, version_1_authority
from tests.support.client_fixture import client_at
from tests.support.exporting import exporting, target

ROOT = authority()
LAX = authority(critical=False)
OLD = version_1_authority()
BETWEEN = authority(ROOT, name="Intermediate")
LEAF = server(BETWEEN)
NO_AUTHORITY = authority(ROOT, ca=False, name="No authority")

# what a private authority issues: the platform's certificate, and what ca_file names
ACCEPTED = {
    "all as it should be": (server(ROOT), ROOT),
    "leaf without Authority Key Identifier": (server(ROOT, identifiers=False), ROOT),
    "authority whose basic constraints are not critical": (server(LAX), LAX),
    "authority of version 1": (server(OLD, identifiers=False), OLD),
    "intermediate as the only anchor": (LEAF, BETWEEN),
    "intermediate as anchor, sent as well": (LEAF._replace(chain=(BETWEEN.certificate,)), BETWEEN),
    "root as anchor, intermediate sent": (LEAF._replace(chain=(BETWEEN.certificate,)), ROOT),
    "the platform's own certificate as anchor": (LEAF, LEAF),
}
REFUSED = {
    "another authority": (server(ROOT), authority(), "ca_file"),
    "intermediate that is not sent": (LEAF, ROOT, "intermediate certificates"),
    "issuer that is no authority": (
        server(NO_AUTHORITY)._replace(chain=(NO_AUTHORITY.certificate,)),
        ROOT,
        "not an authority's",
    ),
}


async def failure(presented: Issued, folder: Path, **settings: object) -> UnreachableError | None:
    """How a poll with these settings fails at a platform with that certificate, if it does."""
    async with serving(Cloud(services=1), ssl_context=presented.presented(folder)) as url:
        given = {"url": url, "session_uuid": "s"} | settings
        loaded = load({"target": given}, environ={}).named_targets
        context = (await asyncio.to_thread(tls_contexts, loaded))["default"]
        async with client_at(url, tls=context) as fixture:
            try:
                await fixture.services()
            except UnreachableError as error:
                return error
    return None


@pytest.mark.parametrize(("presented", "anchor"), ACCEPTED.values(), ids=ACCEPTED)
async def test_certificate_of_a_private_authority_is_accepted(
    presented: Issued, anchor: Issued, tmp_path: Path
) -> None:
    assert await failure(presented, tmp_path, ca_file=anchor.write(tmp_path, "ca.pem")) is None


@pytest.mark.parametrize(("presented", "anchor"), ACCEPTED.values(), ids=ACCEPTED)
async def test_same_holds_for_the_authorities_of_the_system(
    presented: Issued, anchor: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(anchor.write(tmp_path, "ca.pem")))
    assert await failure(presented, tmp_path) is None


@pytest.mark.parametrize(("presented", "anchor", "hint"), REFUSED.values(), ids=REFUSED)
async def test_certificate_without_a_way_to_an_anchor_is_refused_with_a_hint_of_its_own(
    presented: Issued, anchor: Issued, hint: str, tmp_path: Path
) -> None:
    error = await failure(presented, tmp_path, ca_file=anchor.write(tmp_path, "ca.pem"))
    assert error is not None
    assert str(error).startswith("TLS: the certificate is ")
    assert hint in hint_for(error).fix


async def test_status_page_gives_the_hint_about_the_certificate(tmp_path: Path) -> None:
    context = server(ROOT).presented(tmp_path)
    async with serving(Cloud(services=1), ssl_context=context) as url:
        right, wrong = ROOT.write(tmp_path, "a.pem"), LAX.write(tmp_path, "b.pem")
        async with exporting(
            targets={"a": target(url, ca_file=right), "b": target(url, ca_file=wrong)}
        ) as exporter:
            await exporter.until(lambda page: page.value("zstack_up", target="a") == 1)
            await exporter.until(lambda page: page.total("zstack_api_errors_total", target="b"))
            page, document = (
                await exporter.text("/?target=b"),
                await exporter.text("/api/v1/status"),
            )
    for shown in (page, document):
        assert "from an authority that is not trusted" in shown
        assert "et ca_file to the PEM file of the authority" in shown


@pytest.mark.parametrize(
    ("settings", "trusted"),
    [
        ({"url": "https://zstack"}, 1),
        ({"url": "http://zstack"}, 0),
        ({"url": "http://zstack", "proxy": "https://proxy:3128"}, 1),
    ],
)
def test_authorities_of_the_system_are_loaded_where_a_certificate_is_verified(
    settings: dict[str, str], trusted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ROOT.write(tmp_path, "ca.pem")))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    loaded = load({"target": {"session_uuid": "s"} | settings}, environ={}).named_targets
    assert tls_contexts(loaded)["default"].cert_store_stats()["x509_ca"] == trusted
