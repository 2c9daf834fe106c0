"""Reloads the web configuration when its file, or a file that it names, changes."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

import structlog

from exporter.settings import Fault
from exporter.settings.watching import Pace, follow

from .config import InvalidConfigError, WebConfig
from .files import Fingerprints, fingerprints

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 5.0
"""Between two checks: each wakes up a thread that reads the files."""

SETTLE_SECONDS: Final = 0.4
"""Until the check after one that found a change, which is loaded once two agree."""


class OnReload(Protocol):
    """Called after each reload attempt.

    `certificate_ends_at` is Unix time, None after a failure and without a certificate.
    """

    def __call__(self, *, successful: bool, certificate_ends_at: float | None = None) -> None: ...


def read_in_thread(path: Path) -> WebConfig:
    """As `reading.read`. What that needs is loaded here: most exporters have no such file."""
    from .reading import read  # noqa: PLC0415

    return read(path)


class ConfigWatcher:
    """Holds the newest valid `config`, which is replaced as a whole."""

    def __init__(self, path: Path, config: WebConfig, *, on_reload: OnReload) -> None:
        self.config = config
        self._path = path
        self._on_reload = on_reload
        self._seen: Fingerprints = config.files
        self._faults: tuple[Fault, ...] = ()
        self._reading = asyncio.Lock()
        on_reload(successful=True, certificate_ends_at=config.certificate_ends_at)

    async def follow(self) -> None:
        """Reload after every change, until cancelled."""
        await follow(
            lambda: asyncio.to_thread(fingerprints, self._seen),
            lambda: self._seen,
            lambda _now: self.reload(),
            Pace(LOOK_SECONDS, SETTLE_SECONDS),
        )

    async def reload(self) -> tuple[str, ...]:
        """Read everything now; return the faults, in which case the old configuration stays."""
        async with self._reading:
            try:
                config = await asyncio.to_thread(self._read)
            except InvalidConfigError as error:
                self._seen = error.files
                self._reject(error.faults)
                return tuple(map(str, error.faults))
            self._seen = config.files
            self._accept(config)
            return ()

    def _read(self) -> WebConfig:
        config = read_in_thread(self._path)
        if config.is_blank and not self.config.is_blank:
            # A file that is written in place is empty for a moment, and would switch off all auth.
            fault = Fault(str(self._path), "is empty", "write {} to demand nothing of clients")
            raise InvalidConfigError([fault], config.files)
        return config

    def _reject(self, faults: tuple[Fault, ...]) -> None:
        self._on_reload(successful=False)
        if faults != self._faults:
            text = " | ".join(map(str, faults))
            log.error("web configuration not read, the one before stays", error=text)
        self._faults = faults

    def _accept(self, config: WebConfig) -> None:
        self._on_reload(successful=True, certificate_ends_at=config.certificate_ends_at)
        if self._faults or config.files != self.config.files:
            log.info("web configuration read", file=str(self._path))
        self._faults = ()
        self.config = _keeping_context(config, self.config)


def _keeping_context(new: WebConfig, old: WebConfig) -> WebConfig:
    """Keep the TLS context if its options are unchanged, and with it the open connections."""
    if new.tls_server and old.tls_server and new.tls_server.options == old.tls_server.options:
        return replace(new, tls_server=replace(new.tls_server, context=old.tls_server.context))
    return new
