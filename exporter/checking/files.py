"""The files that the settings name: secrets and certificates."""

import asyncio
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from exporter import webconfig
from exporter.connection import secret_text, tls_contexts
from exporter.settings import (
    CredentialSettings,
    Settings,
    SettingsError,
    TargetSettings,
    declared,
    read_file,
)
from exporter.webconfig import WebConfig

from .finding import Finding, failed, passed, warned
from .lasting import Lasting

_WEB: Final = "web configuration"
_PRIVATE_KEY: Final = b"PRIVATE KEY-----"

_SECRETS: Final = frozenset(setting.path[-1] for setting in declared(Settings) if setting.secret)


async def read(name: str, target: TargetSettings) -> AsyncIterator[Finding]:
    """Read each file as a poll would."""
    yield await asyncio.to_thread(_secret, target.credentials)
    if any(_certificates(target)):
        yield await asyncio.to_thread(_loaded, name, target)


def configuration(file: Path) -> Finding:
    """The file of the settings, which load: whether it keeps the secrets that it holds; blocks."""
    content = read_file(file)
    targets = [content.get("target") or {}, *(content.get("targets") or {}).values()]
    if _open_to_all(file) and any(target.keys() & _SECRETS for target in targets):
        mend = f"chmod o= {file}, or move it to a file of its own"
        return warned("configuration", f"{file}: holds a secret, and every user can read it", mend)
    return passed("configuration", str(file))


def web_configuration(file: Path) -> list[Finding]:
    """The file of the web configuration with those that it names; blocks."""
    try:
        config = webconfig.read(file)
    except SettingsError as error:
        return [failed(_WEB, f"{fault.where}: {fault.what}", fault.fix) for fault in error.faults]
    return [_protection(file, config), *filter(None, map(_kept, config.files))]


def _kept(file: Path) -> Finding | None:
    """Whether a key in this file is for others too; None if not, or there is none."""
    if _PRIVATE_KEY in file.read_bytes() and _open_to_all(file):
        return warned(_WEB, f"{file}: every user can read its key", f"chmod o= {file}")
    return None


def _protection(file: Path, config: WebConfig) -> Finding:
    passwords = "passwords" if config.users else "no passwords"
    if config.tls is None:
        return passed(_WEB, f"{file}: no TLS, {passwords}")
    if config.certificate_ends_at is None:
        return passed(_WEB, f"{file}: TLS, {passwords}")
    lasting = Lasting.until(config.certificate_ends_at)
    what, mend = f"{file}: TLS, {passwords}; its certificate {lasting}", "renew the certificate"
    if lasting.has_ended:
        return failed(_WEB, what, mend)
    return warned(_WEB, what, mend) if lasting.ends_soon else passed(_WEB, what)


def context(name: str, target: TargetSettings) -> ssl.SSLContext:
    """How the platform's certificate is verified. Raises SettingsError; blocks."""
    return tls_contexts({name: target})[name]


def _secret(given: CredentialSettings) -> Finding:
    kind = given.kind.replace("_", " ")
    if given.secret_file is None:
        return passed("secret", f"of the {kind}, from the environment or the configuration file")
    file = given.secret_file
    try:
        text = secret_text(file)
    except OSError as error:
        mend = "name a file that this user can read and that holds nothing but the secret"
        return failed("secret", f"{file}: {error.strerror}", mend)
    if _open_to_all(file):
        return warned("secret", f"{file}: every user can read it", f"chmod o= {file}")
    if text != text.strip():
        mend = "if that is not part of the secret, remove it"
        return warned("secret", f"{file}: white space before or after the secret", mend)
    return passed("secret", f"of the {kind}, in {file}")


def _loaded(name: str, target: TargetSettings) -> Finding:
    shown = ", ".join(str(file) for file in _certificates(target) if file)
    try:
        context(name, target)
    except SettingsError as error:
        [fault] = error.faults
        mend = "write PEM files there: ca_file, client_cert_file and client_key_file as they apply"
        return failed("certificates", fault.what, mend)
    key = target.client_key_file or target.client_cert_file
    if key and _open_to_all(key):
        return warned("certificates", f"{key}: every user can read its key", f"chmod o= {key}")
    return passed("certificates", shown)


def _open_to_all(file: Path) -> bool:
    return bool(file.stat().st_mode & stat.S_IROTH)


def _certificates(target: TargetSettings) -> tuple[Path | None, ...]:
    return (target.ca_file, target.client_cert_file, target.client_key_file)
