"""The newest good configuration, kept up with the file and the files that it names."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

import structlog

from exporter.settings import Fault

from .config import UnusableError, WebConfig, read
from .files import Fingerprints, fingerprints

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 0.4
"""Between two looks; a change is taken up once two looks agree, so within a second."""


class Told(Protocol):
    """Hears of each reading of the file whether it succeeded, and if so, when its certificate ends.

    The end is Unix time, None without a certificate.
    """

    def __call__(self, *, successful: bool, certificate_ends_at: float | None = None) -> None: ...


class Following:
    """Holds `config`; it changes as a whole, and never to one that is wrong."""

    def __init__(self, path: Path, config: WebConfig, *, told: Told) -> None:
        self.config = config
        self._path = path
        self._told = told
        self._seen: Fingerprints = config.files
        self._broken: tuple[Fault, ...] = ()
        self._reading = asyncio.Lock()
        told(successful=True, certificate_ends_at=config.certificate_ends_at)

    async def follow(self) -> None:
        """Look for changes, and take them up, until cancelled."""
        earlier = self._seen
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = await asyncio.to_thread(fingerprints, self._seen)
            # What differs from one look to the next is still being written.
            if now != self._seen and now == earlier:
                await self.refresh()
            earlier = now

    async def refresh(self) -> tuple[str, ...]:
        """Read everything now; what is wrong with it, which then leaves all as it is."""
        async with self._reading:
            try:
                config = await asyncio.to_thread(self._read)
            except UnusableError as error:
                self._seen = error.files
                self._refuse(error.faults)
                return tuple(map(str, error.faults))
            self._seen = config.files
            self._take(config)
            return ()

    def _read(self) -> WebConfig:
        config = read(self._path)
        if config.is_blank and not self.config.is_blank:
            # A file that is written in place is empty for a moment, and that would demand nothing.
            fault = Fault(str(self._path), "is empty", "write {} to demand nothing of clients")
            raise UnusableError([fault], config.files)
        return config

    def _refuse(self, faults: tuple[Fault, ...]) -> None:
        self._told(successful=False)
        if faults != self._broken:
            text = " | ".join(map(str, faults))
            log.error("web configuration not read, the one before stays", error=text)
        self._broken = faults

    def _take(self, config: WebConfig) -> None:
        self._told(successful=True, certificate_ends_at=config.certificate_ends_at)
        if self._broken or config.files != self.config.files:
            log.info("web configuration read", file=str(self._path))
        self._broken = ()
        self.config = _keeping_context(config, self.config)


def _keeping_context(new: WebConfig, old: WebConfig) -> WebConfig:
    """Leave TLS alone where it would be the same, and with it the connections that are open."""
    if new.tls_server and old.tls_server and new.tls_server.digest == old.tls_server.digest:
        return replace(new, tls_server=replace(new.tls_server, context=old.tls_server.context))
    return new
