"""A real Alertmanager on loopback, and the people whom it notifies: a pager and a mail server."""

import asyncio
import email.policy
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from .prometheus import PATIENCE, TROUBLE, listening

_BROUGHT: Final = Path(__file__).parents[2] / ".tools" / "alertmanager"
_GIVEN: Final = os.environ.get("ZSTACK_TEST_ALERTMANAGER_DIR")

_T = TypeVar("_T")

MISSING: Final = (
    f"no alertmanager in {_GIVEN}, set by ZSTACK_TEST_ALERTMANAGER_DIR"
    if _GIVEN
    else "no alertmanager here: run tools/alertmanager"
)


@dataclass(frozen=True)
class Mail:
    """A message as its readers see it."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True)
class People:
    """Those who are notified: the addresses of a pager and a mail server, and what came there."""

    pager: str
    mail_server: str
    pages: list[dict[str, Any]] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)

    async def paged(self, alert: str, status: str) -> dict[str, Any]:
        """The alert in the first page of this status that has it."""

        def find() -> dict[str, Any] | None:
            alerts = (each for page in self.pages for each in page["alerts"])
            named = (each for each in alerts if each["labels"]["alertname"] == alert)
            return next((each for each in named if each["status"] == status), None)

        return await until(find, lambda: f"{alert} {status}: {self.pages}")

    async def mailed(self, to: str, *words: str) -> Mail:
        """The first mail to this address that has all of these words in its subject or text."""

        def find() -> Mail | None:
            ours = (mail for mail in self.mails if mail.to.startswith(f"{to}@"))
            return next((m for m in ours if all(w in m.subject + m.text for w in words)), None)

        return await until(find, lambda: f"{to} {words}: {self.mails}")


class Alertmanager:
    """A running Alertmanager, asked over HTTP."""

    def __init__(self, url: str, http: aiohttp.ClientSession, log: list[str]) -> None:
        self.address = url.removeprefix("http://")
        self._http = http
        self._log = log

    @property
    def troubles(self) -> list[str]:
        """The warnings and errors that it has logged."""
        return [line for line in self._log if TROUBLE.search(line)]

    async def alerts(self) -> dict[str, dict[str, Any]]:
        """What it holds as firing, by name."""
        async with self._http.get("/api/v2/alerts") as response:
            return {alert["labels"]["alertname"]: alert for alert in await response.json()}

    async def until(self, holds: Callable[[dict[str, dict[str, Any]]], object]) -> None:
        """Return as soon as something holds of its alerts."""
        alerts: dict[str, dict[str, Any]] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds(alerts := await self.alerts()):  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"it never held, at last of {alerts}") from None


def program() -> Path | None:
    """The newest Alertmanager that can be run here."""
    folders = [Path(_GIVEN)] if _GIVEN else sorted(_BROUGHT.glob("*"), reverse=True)
    found = (folder / "alertmanager" for folder in folders)
    return next((each for each in found if os.access(each, os.X_OK)), None)


@asynccontextmanager
async def managing(
    program: Path, folder: Path, configuration: Mapping[str, Any]
) -> AsyncIterator[Alertmanager]:
    """Alertmanager with this configuration, until the block ends."""
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(dict(configuration)), encoding="utf-8")
    flags = (f"--config.file={file}", f"--storage.path={folder / 'data'}")
    async with (
        listening(program, *flags, "--cluster.listen-address=") as (url, log),
        aiohttp.ClientSession(url) as http,
    ):
        yield Alertmanager(url, http, log)


@asynccontextmanager
async def people() -> AsyncIterator[People]:
    """A person with a pager and a mail server, on loopback."""
    pages: list[dict[str, Any]] = []
    mails: list[Mail] = []

    async def page(request: web.Request) -> web.Response:
        pages.append(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/", page)
    mail_server = await asyncio.start_server(_post_office(mails), "127.0.0.1", 0)
    host, port = mail_server.sockets[0].getsockname()[:2]
    async with TestServer(application) as pager, mail_server:
        yield People(str(pager.make_url("/")), f"{host}:{port}", pages, mails)


def _post_office(
    mails: list[Mail],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    """As much of RFC 5321 as takes a mail from a well-behaved client."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                mails.append(_read(content[:-3].replace(b"\r\n..", b"\r\n.")))
            writer.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 well\r\n")
            await writer.drain()
        writer.close()

    return serve


def _read(content: bytes) -> Mail:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None, content
    return Mail(
        str(message["To"]), str(message["Subject"]), body.get_content().replace("\r\n", "\n")
    )


async def until(find: Callable[[], _T | None], missing: Callable[[], str]) -> _T:
    """What is found, as soon as it is."""
    try:
        async with asyncio.timeout(PATIENCE):
            while (found := find()) is None:  # noqa: ASYNC110 - it comes when others send it
                await asyncio.sleep(0.1)
            return found
    except TimeoutError:
        raise AssertionError(f"it never came: {missing()}") from None
