"""The platforms of the cases: the simulator, and servers that are something else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import trustme

from exporter.simulator import Cloud, Fault, serving
from tests.support.certificates import presenting
from tests.support.client_fixture import reply

_PAGE: Final = b"<!doctype html><title>ZStack</title>"
_TOMCAT: Final = b"Bad Request: This combination of host and port requires TLS."
_ALERT: Final = bytes.fromhex("15030300020246")


@asynccontextmanager
async def platform(kind: str, folder: Path) -> AsyncIterator[str]:
    """The URL of such a platform; empty for none."""
    match kind:
        case "":
            yield ""
        case "tls" | "tls of another host" | "tls that has ended":
            async with _tls(kind, folder) as url:
                yield url
        case "page" | "port that wants TLS" | "TLS alert":
            async with _answering(_replies(kind)) as url:
                yield url
        case "silent":
            async with _answering(b"") as url:
                yield url
        case _:
            async with serving(_cloud(kind)) as url:
                yield url


def _cloud(kind: str) -> Cloud:
    cloud = Cloud(services=3, instance_groups=2)
    faults = {
        "zstack": [],
        "without AIOS": [Fault.unsupported()],
        "denied": [Fault.error("ID.1002", operation="QueryModelService")],
        "locked": [Fault.error("LOGIN_CONTROL.1002", operation="LogInByAccount")],
        "redirecting": [Fault.text(302)],
    }
    cloud.faults += faults[kind]
    return cloud


def _replies(kind: str) -> bytes:
    match kind:
        case "page":
            return reply(_PAGE, Content_Type="text/html")
        case "TLS alert":
            return _ALERT
        case _:
            return reply(_TOMCAT, "400 Bad Request", Content_Type="text/plain")


@asynccontextmanager
async def _tls(kind: str, folder: Path) -> AsyncIterator[str]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    host = "elsewhere.example" if kind == "tls of another host" else "127.0.0.1"
    context = presenting(authority.issue_cert(host))
    async with serving(Cloud(services=3, instance_groups=2), ssl_context=context) as url:
        yield url


@asynccontextmanager
async def _answering(answer: bytes) -> AsyncIterator[str]:
    """It answers each connection with these bytes and ends it; with none it waits."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1) and answer:
            writer.write(answer)
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
