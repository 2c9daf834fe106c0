"""Changes of the file, and of those that it names, while requests arrive."""

import asyncio
import os
import shutil
import ssl
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import trustme
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.support.exporting import until_seen
from tests.support.material import Material, make, quick_hash, renew

from .guarded_server import AUTH, OPEN, Guarded, basic, guarded, trusting, until, until_answered

TLS = "tls_server_config:\n  cert_file: c.pem\n  key_file: k.pem\n"
CLIENTS = TLS + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
USERS = f"basic_auth_users:\n  prometheus: {quick_hash()}\n"


async def shown(server: Guarded, material: Material) -> bytes | None:
    """The certificate that a new connection gets."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting(material))
    agreed = writer.get_extra_info("ssl_object")
    assert isinstance(agreed, ssl.SSLObject)
    writer.close()
    await writer.wait_closed()
    return agreed.getpeercert(binary_form=True)


async def until_shown_another(server: Guarded, material: Material, before: bytes | None) -> None:
    await until_seen(partial(shown, server, material), lambda certificate: certificate != before)


async def test_a_renewed_certificate_is_shown(material: Material) -> None:
    async with guarded(material.write(TLS)) as server:
        before = await shown(server, material)
        renew(material)
        await until_shown_another(server, material, before)
        assert server.reloads == [True, True]


async def test_an_open_connection_ends_after_its_next_answer(material: Material) -> None:
    async with guarded(material.write(TLS)) as server, server.client(trusting(material)) as client:
        assert not (await client.ask()).closes
        before = server.guard.tls
        renew(material)
        await until(lambda: server.guard.tls is not before)
        answer = await client.ask("/stream")
        assert answer.status == 200
        assert answer.closes
        assert not (await client.ask()).closes


async def test_connections_stay_when_tls_does(material: Material) -> None:
    file = material.write(TLS + USERS)
    async with guarded(file) as server, server.client(trusting(material)) as client:
        assert (await client.ask(auth=AUTH)).status == 200
        before = server.guard.tls
        file.write_text(TLS + USERS.replace("prometheus", "somebody"))
        await until(lambda: len(server.reloads) == 2)
        assert server.guard.tls is before
        assert not (await client.ask(auth=basic("somebody", "x"))).closes


async def test_a_kubernetes_volume_is_followed(tmp_path: Path, authority: trustme.CA) -> None:
    """A symbolic link to a folder is swapped; each file is a link through it."""
    first = tmp_path / "..first"
    first.mkdir()
    material = make(first, authority)
    (tmp_path / "..data").symlink_to(first.name)
    for name in ("web.yml", "c.pem", "k.pem"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    material.write(TLS)
    async with guarded(tmp_path / "web.yml") as server:
        before = await shown(server, material)
        second = tmp_path / "..second"
        second.mkdir()
        renewed = make(second, authority)
        renewed.write(TLS)
        (tmp_path / "..new").symlink_to(second.name)
        os.replace(tmp_path / "..new", tmp_path / "..data")  # noqa: PTH105 - as the kubelet does
        shutil.rmtree(first)
        await until_shown_another(server, renewed, before)
        assert False not in server.reloads


async def test_passwords_and_users_change(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(USERS)
    async with guarded(file) as server:
        assert (await server.ask(auth=AUTH)).status == 200
        file.write_text(USERS.replace(quick_hash(), quick_hash("another")))
        await until_answered(lambda: server.ask(auth=AUTH), 401)
        assert (await server.ask(auth=basic("prometheus", "another"))).status == 200
        file.write_text(USERS.replace("prometheus", "somebody"))
        await until_answered(lambda: server.ask(auth=basic("prometheus", "another")), 401)


async def test_a_file_that_is_renamed_into_place_is_read(tmp_path: Path) -> None:
    file, new = tmp_path / "web.yml", tmp_path / "new"
    file.write_text("{}\n")
    async with guarded(file) as server:
        assert (await server.ask()).status == 200
        new.write_text(USERS)
        new.replace(file)
        await until_answered(server.ask, 401)


async def test_another_authority_admits_other_clients(material: Material) -> None:
    other = trustme.CA()
    ours = trusting(material, material.authority.issue_cert("a.example"))
    theirs = trusting(material, other.issue_cert("a.example"))
    async with guarded(material.write(CLIENTS)) as server:
        assert (await server.ask(tls=ours)).status == 200
        before = server.guard.tls
        (material.folder / "ca.pem").write_bytes(other.cert_pem.bytes())
        await until(lambda: server.guard.tls is not before)
        assert (await server.ask(tls=theirs)).status == 200
        with pytest.raises((aiohttp.ClientError, OSError)):
            await server.ask(tls=ours)


async def test_an_open_connection_has_to_show_a_certificate_once_it_is_required(
    material: Material,
) -> None:
    file = material.write(TLS)
    async with guarded(file) as server, server.client(trusting(material)) as client:
        assert (await client.ask()).status == 200
        before = server.guard.tls
        file.write_text(CLIENTS)
        await until(lambda: server.guard.tls is not before)
        answer = await client.ask(OPEN)
        assert answer.status == 403
        assert answer.closes


async def test_a_plain_connection_ends_when_tls_begins(material: Material) -> None:
    file = material.write("{}\n")
    async with guarded(file) as server, server.client() as client:
        assert (await client.ask()).status == 200
        file.write_text(TLS)
        await until(lambda: server.guard.tls is not None)
        answer = await client.ask()
        assert answer.status == 403
        assert answer.closes
        assert (await server.ask(tls=trusting(material))).status == 200


async def test_tls_ends(material: Material) -> None:
    file = material.write(TLS)
    async with guarded(file) as server, server.client(trusting(material)) as client:
        assert (await client.ask()).status == 200
        file.write_text("{}\n")
        await until(lambda: server.guard.tls is None)
        assert (await client.ask()).closes
        assert (await server.ask()).status == 200


async def test_headers_and_rate_change(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("rate_limit: {interval: 1h, burst: 1}\n")
    async with guarded(file) as server:
        assert (await server.ask()).status == 200
        assert (await server.ask()).status == 429
        file.write_text("http_server_config: {headers: {X-Frame-Options: deny}}\n")
        answer = await until_answered(server.ask, 200)
        assert answer.headers["X-Frame-Options"] == "deny"


def events(logs: list[EventDict], level: str) -> list[EventDict]:
    return [event for event in logs if event["log_level"] == level]


async def test_an_invalid_file_is_logged_once_and_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(USERS)
    with capture_logs() as logs:
        async with guarded(file) as server:
            file.write_text(USERS + "tls: {}\n")
            await until(lambda: server.reloads == [True, False])
            assert (await server.ask()).status == 401
            assert (await server.ask(auth=AUTH)).status == 200
            assert len(await server.guard.reload()) == 1
            (error,) = events(logs, "error")
            assert "line 3, tls: is not a key" in error["error"]
            assert quick_hash() not in str(logs)

            file.write_text(USERS + "rate: {}\n")
            await until(lambda: len(events(logs, "error")) == 2)

            file.write_text(USERS)
            await until(lambda: server.reloads[-1])
            assert len(events(logs, "info")) == 1
            assert await server.guard.reload() == ()
    assert len(events(logs, "info")) == 1
    assert len(events(logs, "error")) == 2


@pytest.mark.parametrize("lost", ["web.yml", "k.pem"])
async def test_a_missing_file_changes_nothing_and_is_read_when_it_is_back(
    material: Material, lost: str
) -> None:
    material.write(TLS + USERS)
    file = material.folder / lost
    async with guarded(material.folder / "web.yml") as server:
        content = file.read_bytes()
        file.unlink()
        await until(lambda: server.reloads == [True, False])
        assert (await server.ask(tls=trusting(material))).status == 401
        file.write_bytes(content)
        await until(lambda: server.reloads[-1])
        assert (await server.ask(tls=trusting(material), auth=AUTH)).status == 200


@pytest.mark.parametrize("content", ["", "\n# written soon\n"])
async def test_a_file_that_is_empty_for_a_moment_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "web.yml"
    file.write_text(USERS)
    async with guarded(file) as server:
        file.write_text(content)
        (fault,) = await server.guard.reload()
        assert "is empty; write {} to demand nothing" in fault
        assert (await server.ask()).status == 401
        file.write_text("{}\n")
        assert await server.guard.reload() == ()
        assert (await server.ask()).status == 200


async def test_a_reload_reads_the_file_at_once(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("{}\n")
    async with guarded(file) as server:
        file.write_text(USERS)
        assert await server.guard.reload() == ()
        assert (await server.ask()).status == 401
