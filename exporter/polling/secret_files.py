"""The secret of a target, read anew each time it is used."""

import asyncio
import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from exporter.settings import CredentialSettings, Fault, SettingsError, TargetSettings, is_quoted
from exporter.zstack import Worker

log = structlog.get_logger(__name__)

SECRET_SECONDS: Final = 5.0
"""For reading a secret's file, or half of the poll's time: a share that is gone never answers."""
QUOTES_HINT: Final = (
    "if the quotes are not a part of it, remove them: docker's --env-file keeps them"
)


def check_secrets(targets: Mapping[str, TargetSettings]) -> None:
    """Read each target's secret. Raises SettingsError for those that cannot be read.

    Logs those that look as if they were written with quotes that are not meant.
    """
    faults: list[Fault] = []
    for name, target in targets.items():
        try:
            secret = _read_now(target.credentials)
        except OSError as error:
            where = target.where(target.credentials.file_setting)
            faults.append(Fault(where, *unreadable(error)))
            continue
        if target.credentials.secret_file is not None and is_quoted(secret):
            log.warning("the secret begins and ends with a quote", target=name, hint=QUOTES_HINT)
    if faults:
        raise SettingsError(faults)


_FIXES: Final = {
    errno.ENODATA: "write the secret into it",
    errno.EILSEQ: "write the secret as text in UTF-8",
    errno.EACCES: "let the exporter's user read it",
    errno.EISDIR: "name the file in it that holds the secret",
}


def unreadable(error: OSError) -> tuple[str, str]:
    """What is wrong with a secret's file that cannot be read, and how to fix it."""
    reason = error.strerror or "cannot be read"
    what = f"{error.filename}: {reason[0].lower()}{reason[1:]}"
    return what, _FIXES.get(error.errno or 0, "name a file that holds the secret")


async def read_secret(given: CredentialSettings, reading: Worker, seconds: float) -> str:
    """The secret as it is at each call: its file is read again every time. Raises OSError."""
    if given.secret_file is None:
        return _read_now(given)
    try:
        async with asyncio.timeout(seconds):
            return await reading.run(_read_now, given)
    except TimeoutError:
        reason = f"was not read within {seconds:g} seconds"
        raise OSError(errno.ETIMEDOUT, reason, str(given.secret_file)) from None


def _read_now(given: CredentialSettings) -> str:
    """Raises OSError; blocks where it is in a file.

    White space around a session's uuid is no part of it. Around a password it may be.
    """
    secret = given.secret.get_secret_value() if given.secret else ""
    if given.secret_file is not None:
        secret = secret_text(given.secret_file)
    return secret.strip() if given.kind == "session" else secret


def secret_text(file: Path) -> str:
    """The text of a secret's file without the line end that editors add. Raises OSError."""
    try:
        secret = file.read_text("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:  # which quotes the secret
        raise OSError(errno.EILSEQ, "is not UTF-8 text", str(file)) from None
    if not secret:
        raise OSError(errno.ENODATA, "is empty", str(file))
    return secret
