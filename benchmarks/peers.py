"""Who the exporter is compared with, each in a process of its own, showing the same series.

prometheus_client's `start_http_server`, in the two ways that it is used: Gauges that a poll sets,
and a Collector, here with its families made beforehand, which is the fastest it can be. And
nginx, which sends the very page of the exporter from files, compressed beforehand as well.
Run by itself this is the first of them, and prints its address.
"""

import argparse
import getpass
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, start_http_server
from prometheus_client.core import Metric
from prometheus_client.parser import text_fd_to_metric_families
from prometheus_client.registry import Collector
from typing_extensions import override

from .programs import Program, running

_LISTENING: Final = "listening on "

_NGINX: Final = """\
daemon off;
worker_processes 1;
error_log stderr notice;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 64; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    gzip_static on;
    default_type "text/plain; version=0.0.4; charset=utf-8";
    {temporary}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/pages;
    }}
}}
"""
_TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Way(Enum):
    """The ways of using prometheus_client."""

    GAUGES = "gauges"
    COLLECTOR = "collector"


@contextmanager
def prometheus_client(way: Way, page: Path) -> Iterator[str]:
    """The URL where prometheus_client serves the series of a page in text format."""
    command = (sys.executable, "-m", "benchmarks.peers", way.value, page)
    with running(*command, ready=_LISTENING + r"(\S+)") as program:
        yield program.address


def nginx_program() -> str | None:
    """Where nginx is, None where it is missing; its folder is not on everybody's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx(program: str, text: bytes, gzip: bytes) -> Iterator[Program]:
    """The worker of nginx, which serves a page from a file, and compressed from another."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), _free_port()
        _lay_out(folder, text, gzip)
        file = folder / "nginx.conf"
        file.write_text(_configuration(folder, port), encoding="utf-8")
        command = (program, "-p", folder, "-c", file, "-e", "stderr")
        with running(*command, ready=r"start worker process (\d+)") as master:
            yield Program(int(master.address), f"http://127.0.0.1:{port}/metrics")


def _lay_out(folder: Path, text: bytes, gzip: bytes) -> None:
    pages = folder / "pages"
    pages.mkdir()
    (pages / "metrics").write_bytes(text)
    (pages / "metrics.gz").write_bytes(gzip)


def _configuration(folder: Path, port: int) -> str:
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY)
    # A worker of root's nginx would be another user, who may not read the folder.
    user = f"user {getpass.getuser()};" if os.getuid() == 0 else ""
    return _NGINX.format(folder=folder, port=port, user=user, temporary=temporary)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class _Held(Collector):
    """Families that are made already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    @override
    def collect(self) -> Iterable[Metric]:
        return self._families


def _serve(way: Way, page: Path) -> None:
    registry = CollectorRegistry()
    with page.open(encoding="utf-8") as text:
        families = [*text_fd_to_metric_families(text)]
    settable = [each for each in families if way is Way.GAUGES and each.type == "gauge"]
    for family in settable:
        _set(family, registry)
    registry.register(_Held(each for each in families if each not in settable))
    server, _ = start_http_server(0, "127.0.0.1", registry)
    host, port = server.server_address[:2]
    print(f"{_LISTENING}http://{host!s}:{port}/metrics", flush=True)
    threading.Event().wait()


def _set(family: Metric, registry: CollectorRegistry) -> None:
    names = [*family.samples[0].labels]
    gauge = Gauge(family.name, family.documentation, names, registry=registry)
    for sample in family.samples:
        series = gauge.labels(*sample.labels.values()) if names else gauge
        series.set(sample.value)


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", type=Way)
    parser.add_argument("page", type=Path)
    given = parser.parse_args()
    _serve(given.way, given.page)


if __name__ == "__main__":
    _main()
