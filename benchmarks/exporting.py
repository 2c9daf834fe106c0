"""The exporter as it is run: its command, in a process of its own, given settings and asked."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import yaml

from .estate import Shape
from .platform import Platform
from .programs import Program, running

COMMAND: Final = Path(sys.executable).with_name("zstack-aios-exporter")

_LISTENING: Final = r'msg=listening .*?url="?([^\s"]+)'
_AT_ONCE: Final = 0.01
"""Seconds between two polls: so short that the next one waits at the platform's gate at once."""

_NEVER: Final = 86400


def target(platform: Platform, **settings: Any) -> dict[str, Any]:
    """Settings of a target that polls whenever the platform lets it."""
    return {
        "url": platform.url,
        "account": "admin",
        "password": "password",
        "time_zone": "+08:00",
        "interval": _AT_ONCE,
        "timeout": _NEVER,
        "stale_after": _NEVER,
        "projection": platform.shape is Shape.PROJECTED,
    } | settings


@contextmanager
def exporter(
    further: Mapping[str, Any] = MappingProxyType({}), /, **targets: Mapping[str, Any]
) -> Iterator[Program]:
    """The exporter of these targets, with further settings, until the block ends."""
    settings = {"targets": targets, "web": {"listen_address": ["127.0.0.1:0"]}, **further}
    with TemporaryDirectory() as folder:
        file = Path(folder, "exporter.yaml")
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        file.chmod(0o600)
        with running(COMMAND, f"--config.file={file}", ready=_LISTENING) as program:
            yield program


def metrics(program: Program) -> str:
    """Where its page is."""
    return f"{program.address}/metrics"
