"""The files that the settings name: secrets and certificates."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Final

from exporter.polling.certificates import tls_contexts
from exporter.polling.secret_files import QUOTES_HINT, secret_text, unreadable
from exporter.polling.state_file import check_state
from exporter.settings import SettingsError, TargetSettings, exposure, is_quoted
from exporter.settings.exposure import forbid_others, is_world_readable
from exporter.settings.looks import shown
from exporter.settings.targets_files import TargetsFile
from exporter.web.config import reading as webconfig
from exporter.web.config.config import WebConfig

from .expiry import CertificateExpiry
from .finding import Finding, doubtful, failed, passed, warned

_TARGETS: Final = "targets files"
_WEB: Final = "web configuration"
_STATE: Final = "state file"


async def of_target(name: str, target: TargetSettings) -> AsyncIterator[Finding]:
    """Read each file of the target, as a poll does."""
    yield await asyncio.to_thread(_secret, target)
    if any(_certificate_files(target)):
        yield await asyncio.to_thread(_certificates, name, target)


def configuration(file: Path) -> Finding:
    """Whether other users can read secrets in the settings' file, which has loaded; blocks."""
    exposed = exposure.of_configuration(file)
    return doubtful("configuration", exposed) if exposed else passed("configuration", str(file))


def of_targets(
    unmatched: Iterable[str], found: Iterable[TargetsFile], targets: int
) -> list[Finding]:
    """Each targets file, and globs without any; blocks. `targets` is the number of all."""
    hint = "correct targets_files, or write such a file; the exporter starts, and waits for one"
    findings = [warned(_TARGETS, f"no file matches {shown(each)}", hint) for each in unmatched]
    for each in found:
        findings += _targets_file(each)
    if not targets:
        findings.append(failed(_TARGETS, "there is no target", "write one into such a file"))
    return findings


def _targets_file(found: TargetsFile) -> Iterator[Finding]:
    for fault in found.faults:
        yield failed(_TARGETS, f"{fault.where}: {fault.what}", fault.fix)
    if found.faults:
        return
    exposed = exposure.of_targets_file(Path(found.file), found.targets.values())
    number = f"{len(found.targets)} target" + ("" if len(found.targets) == 1 else "s")
    whole = passed(_TARGETS, f"{found.name}: {number}")
    yield doubtful(_TARGETS, exposed) if exposed else whole


def web_configuration(file: Path) -> list[Finding]:
    """Load the web configuration and the files that it names; blocks."""
    try:
        config = webconfig.read(file)
    except SettingsError as error:
        return [failed(_WEB, f"{fault.where}: {fault.what}", fault.fix) for fault in error.faults]
    exposed = filter(None, map(exposure.of_key, config.files))
    return [_protection(file, config), *(doubtful(_WEB, each) for each in exposed)]


def state(file: Path) -> Finding:
    """Read the state file, also while an exporter uses it; blocks."""
    try:
        states = check_state(file)
    except SettingsError as error:
        [fault] = error.faults
        return failed(_STATE, fault.what, fault.fix)
    dates = sum(len(each.pending_since) for each in states.values())
    return passed(_STATE, f"{file}: since when {dates} new versions are pending")


def _protection(file: Path, config: WebConfig) -> Finding:
    passwords = "passwords" if config.users else "no passwords"
    if config.tls is None:
        return passed(_WEB, f"{file}: no TLS, {passwords}")
    if config.certificate_ends_at is None:
        return passed(_WEB, f"{file}: TLS, {passwords}")
    expiry = CertificateExpiry.at(config.certificate_ends_at)
    found, hint = f"{file}: TLS, {passwords}; its certificate {expiry}", "renew the certificate"
    if expiry.has_passed:
        return failed(_WEB, found, hint)
    return warned(_WEB, found, hint) if expiry.is_near else passed(_WEB, found)


def tls_context(name: str, target: TargetSettings) -> ssl.SSLContext:
    """The context that verifies the platform's certificate. Raises SettingsError; blocks."""
    return tls_contexts({name: target})[name]


def _secret(target: TargetSettings) -> Finding:
    given = target.credentials
    kind = given.kind.replace("_", " ")
    if given.secret_file is None:
        where = f"of the {kind}, from the environment or the configuration file"
        if given.secret is not None and is_quoted(given.secret.get_secret_value()):
            return warned("secret", f"{where}: it begins and ends with a quote", QUOTES_HINT)
        return passed("secret", where)
    file = given.secret_file
    try:
        text = secret_text(file)
    except OSError as error:
        what, fix = unreadable(error)
        return failed("secret", f"{target.where(given.file_setting)}: {what}", fix)
    if is_world_readable(file):
        return warned("secret", f"{file}: every user can read it", forbid_others(file))
    if is_quoted(text.strip()):
        return warned("secret", f"{file}: begins and ends with a quote", QUOTES_HINT)
    if text != text.strip() and given.kind != "session":
        hint = "if that is not part of the secret, remove it"
        return warned("secret", f"{file}: white space before or after the secret", hint)
    return passed("secret", f"of the {kind}, in {file}")


def _certificates(name: str, target: TargetSettings) -> Finding:
    try:
        tls_context(name, target)
    except SettingsError as error:
        [fault] = error.faults
        return failed("certificates", f"{fault.where}: {fault.what}", fault.fix)
    key = target.client_key_file or target.client_cert_file
    if key and is_world_readable(key):
        return warned("certificates", f"{key}: every user can read its key", forbid_others(key))
    return passed("certificates", ", ".join(map(str, filter(None, _certificate_files(target)))))


def _certificate_files(target: TargetSettings) -> tuple[Path | None, ...]:
    return (target.ca_file, target.client_cert_file, target.client_key_file)
