"""The targets as Prometheus can find them: a group for each, with its address and labels.

The labels are those that Prometheus takes from a discovered target before its own configuration,
so no relabelling is needed. (docs/decisions/0028-service-discovery.md)
"""

import json
import re
from functools import lru_cache
from typing import Final

from exporter.state.hosts import PORTS, is_host_name, is_ipv6

_ADDRESS: Final = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?"
)


def requested_address(host: str) -> str | None:
    """The Host header of a request, if it is an address that can be scraped; None otherwise.

    It is what the client reached this process by: a name, an IPv4 or `[IPv6]` address, with or
    without a port.
    """
    found = _ADDRESS.fullmatch(host)
    if found is None or (found["port"] is not None and int(found["port"]) not in PORTS):
        return None
    is_host = is_ipv6(found["ipv6"]) if found["name"] is None else is_host_name(found["name"])
    return host if is_host else None


def targets_document(names: tuple[str, ...], address: str, *, secure: bool) -> bytes:
    """The targets of these names, each as a /probe at the address (`requested_address`), by name.

    `secure` is whether the request came over TLS.
    """
    return _document(address, _probes(names, secure=secure))


@lru_cache(maxsize=2)  # with and without TLS, until the targets change
def _probes(names: tuple[str, ...], *, secure: bool) -> tuple[bytes, ...]:
    """The labels of each target, sorted by name."""
    # Never http: it would overrule a scrape config's https, and send its password in the clear.
    common = {"__metrics_path__": "/probe"} | ({"__scheme__": "https"} if secure else {})
    # A label `target` would rename that of every series to `exported_target`.
    labels = (common | {"__param_target": name, "instance": name} for name in sorted(names))
    return tuple(json.dumps(each).encode() for each in labels)


def _document(address: str, groups: tuple[bytes, ...]) -> bytes:
    """A group for each set of labels; one join, since each client may have its own address."""
    if not groups:
        return b"[]"
    opening = f'{{"targets": {json.dumps([address])}, "labels": '.encode()
    return b"[" + opening + (b"},\n" + opening).join(groups) + b"}]\n"
