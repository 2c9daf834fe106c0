"""Certificates and keys that are replaced at the moment when they are read."""

import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import pytest
import trustme

from exporter.polling.certificates import tls_setups
from exporter.settings import load
from exporter.settings.pem import in_memory
from exporter.web.config import reading as webconfig
from tests.support.material import make
from tests.support.sample import sized

T = TypeVar("T")
UNSHARE = shutil.which("unshare")


@contextmanager
def replaced_all_the_time(file: Path, contents: tuple[bytes, bytes]) -> Iterator[None]:
    """Until the block ends, the file holds one or the other, and always one of them whole."""
    ended = threading.Event()

    def replace() -> None:
        new = file.with_suffix(".new")
        while not ended.is_set():
            for content in contents:
                new.write_bytes(content)
                new.replace(file)

    file.write_bytes(contents[0])
    thread = threading.Thread(target=replace)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def seen(read: Callable[[], T]) -> list[T]:
    """What many readings give, of which both contents must be."""
    found: list[T] = []
    while len(found) < sized(small=50, usual=200, whole=200) or len(set(found)) < 2:
        found.append(read())
    return found


def test_a_context_and_its_digest_are_of_the_same_bytes(tmp_path: Path) -> None:
    target = {"url": "https://a", "account": "a", "password": "p", "ca_file": "ca.pem"}
    file = tmp_path / "ca.pem"
    target["ca_file"] = str(file)
    targets = load({"target": target}, environ={}).named_targets

    def read() -> tuple[bytes, bytes]:
        [setup] = tls_setups(targets).values()
        [certificate] = setup.context.get_ca_certs(binary_form=True)
        return certificate, setup.digest

    first, second = (trustme.CA().cert_pem.bytes() for _ in range(2))
    with replaced_all_the_time(file, (first, second)):
        assert len(set(seen(read))) == 2


def test_a_certificate_that_is_served_is_the_one_of_the_digest(tmp_path: Path) -> None:
    authority = trustme.CA()
    material = make(tmp_path, authority)
    first = (tmp_path / "both.pem").read_bytes()
    make(tmp_path, authority)
    second = (tmp_path / "both.pem").read_bytes()
    file = material.write("tls_server_config: {cert_file: both.pem, key_file: both.pem}\n")

    def read() -> tuple[bytes, str]:
        config = webconfig.read(file)
        assert config.tls is not None
        return certificate_of(config.tls, authority), config.files[tmp_path / "both.pem"]

    with replaced_all_the_time(tmp_path / "both.pem", (first, second)):
        found = set(seen(read))
    assert {digest for _, digest in found} == {sha256(each).hexdigest() for each in (first, second)}
    assert len(found) == 2


def certificate_of(server: ssl.SSLContext, authority: trustme.CA) -> bytes:
    """The certificate that the server shows."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for each in (client, serving):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def test_a_content_in_memory_is_gone_afterwards() -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - as numbers
    with in_memory(b"content") as path:
        assert path.read_bytes() == b"content"
        assert "/dev/shm" not in str(path)
    assert not path.exists()
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


TLS = "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n"
WITHOUT_PROC = "mount -t tmpfs none /proc"
WITHOUT_SHM = "mount -t tmpfs -o size=4k,nr_inodes=1 none /dev/shm"


@pytest.mark.parametrize(
    ("mounts", "code", "words"),
    [
        (WITHOUT_PROC, 0, "the configuration is good"),
        (
            f"{WITHOUT_PROC} && {WITHOUT_SHM}",
            2,
            "needs one of them; mount /proc, as container runtimes do",
        ),
    ],
    ids=["without /proc", "without /proc and /dev/shm"],
)
def test_tls_without_proc(tmp_path: Path, mounts: str, code: int, words: str) -> None:
    make(tmp_path).write(TLS)
    command = [sys.executable, "-m", "exporter", "--config.check", "--target.url=https://127.0.0.1"]
    command += ["--target.account=a", f"--web.config.file={tmp_path}/web.yml"]
    command += [f"--target.ca-file={tmp_path}/ca.pem"]
    environment = os.environ | {"ZSTACK_EXPORTER_TARGET__PASSWORD": "p"}
    done = subprocess.run(
        [*unshared(), f'{mounts} && exec "$@"', "sh", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert words in done.stdout + done.stderr
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def unshared() -> list[str]:
    """A shell whose mounts are its own; the test is skipped where that is not allowed."""
    command = [UNSHARE or "", "--map-root-user", "--mount", "sh", "-c"]
    if UNSHARE is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no mounts of our own here")
    return command
