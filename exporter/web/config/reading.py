"""Reads the whole web configuration: its file, and the files that it names."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from exporter.settings import NAME_A_READABLE_FILE, Fault, read_failure

from .config import InvalidConfigError, WebConfig
from .files import Files
from .hashing import hash_fault
from .rate import read_rate
from .tls import read_tls
from .yaml_value import YamlValue, parse

# The toolkit allows no other headers, and no other values where some are listed.
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def read(path: Path) -> WebConfig:
    """Read the file and those that it names, which blocks.

    Raises SettingsError with every fault and its place; none quotes the file.
    """
    faults: list[Fault] = []
    files = Files(path.parent)
    content = _content(path, files, faults)
    whole = parse(content, path, faults.append)
    keys = whole.section(
        "tls_server_config", "http_server_config", "rate_limit", "basic_auth_users"
    )
    tls_server = read_tls(keys["tls_server_config"], files)
    headers = tuple(_http(keys["http_server_config"]))
    rate = read_rate(keys["rate_limit"])
    users = dict(_users(keys["basic_auth_users"]))
    if faults:
        raise InvalidConfigError(faults, files.fingerprints)
    return WebConfig(
        tls_server=tls_server,
        users=MappingProxyType(users),
        headers=headers,
        rate=rate,
        files=files.fingerprints,
        is_blank=whole.node is None,
    )


def _content(path: Path, files: Files, faults: list[Fault]) -> bytes:
    try:
        return files.content(path.name)
    except OSError as error:
        faults.append(Fault(str(path), read_failure(error), NAME_A_READABLE_FILE))
        return b""


def _http(value: YamlValue) -> Iterator[tuple[str, str]]:
    """The headers of every answer."""
    keys = value.section("http2", "headers")
    if keys["http2"].as_bool(default=False):
        keys["http2"].report("is not spoken here, HTTP/1.1 is", "remove it or write false")
    for name, header in keys["headers"].section(*HEADERS).items():
        if header.node is None:
            continue
        text = header.as_text()
        if HEADERS[name] and text not in HEADERS[name]:
            header.report(
                "has a value that the toolkit does not allow", f"write {' or '.join(HEADERS[name])}"
            )
        if _UNPRINTABLE.search(text):
            header.report("has a line break or a control character", "write it on one line")
        yield name, text


def _users(value: YamlValue) -> Iterator[tuple[str, str]]:
    for user, hash_ in value.entries("user"):
        if fault := hash_fault(hash_.as_text()):
            hash_.report(*fault)
        yield user, hash_.as_text()
