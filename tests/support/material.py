"""Certificates, keys and hashes to write web configurations with."""

import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import bcrypt
import trustme
from cryptography.hazmat.primitives import serialization

PASSWORD: Final = "hunter2-is-not-to-be-seen"
HASH: Final = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
"""Of a password that protects nothing."""


@cache
def quick_hash(password: str = PASSWORD) -> str:
    """A hash of the least cost, for tests that don't look at the clock."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@dataclass(frozen=True)
class Material:
    """A folder with PEM files, and the authority that signed them."""

    folder: Path
    authority: trustme.CA

    def text(self, name: str) -> str:
        return (self.folder / name).read_text()

    def write(self, content: str, name: str = "web.yml") -> Path:
        """Put a configuration beside them."""
        file = self.folder / name
        file.write_text(content, "utf-8")
        return file


def make(folder: Path, authority: trustme.CA | None = None) -> Material:
    """Write c.pem with its key k.pem, ca.pem, and files with which something is wrong."""
    authority = authority or trustme.CA()
    material = Material(folder, authority)
    renew(material)
    (folder / "ca.pem").write_bytes(authority.cert_pem.bytes())
    other = authority.issue_cert("elsewhere.example")
    (folder / "other.pem").write_bytes(other.private_key_pem.bytes())
    (folder / "empty.pem").touch()
    (folder / "junk.pem").write_text("this is no PEM")
    garbled = material.text("c.pem").replace("\nMI", "\nIM")
    (folder / "garbled.pem").write_text(garbled)
    (folder / "enc.pem").write_bytes(_encrypted(other.private_key_pem.bytes()))
    (folder / "c.der").write_bytes(ssl.PEM_cert_to_DER_cert(material.text("ca.pem")))
    return material


def renew(material: Material) -> None:
    """Put a new certificate for 127.0.0.1 in the place of the old."""
    issued = material.authority.issue_cert("127.0.0.1", "localhost")
    chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
    key = issued.private_key_pem.bytes()
    (material.folder / "c.pem").write_bytes(chain)
    for name, content in (("k.pem", key), ("both.pem", key + chain)):
        (material.folder / name).touch(mode=0o600)
        (material.folder / name).write_bytes(content)


def _encrypted(key: bytes) -> bytes:
    return serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"abcd"),
    )


def inline(key: str, text: str) -> str:
    """A key of tls_server_config with the text as a block."""
    return f"  {key}: |\n" + "".join(f"    {line}\n" for line in text.splitlines())
