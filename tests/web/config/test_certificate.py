"""When a certificate ends, compared with a library that reads all of it."""

from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509

from exporter.web.config.certificate import ends_at
from tests.support.material import Material, make

from .guarded_server import guarded, until

TLS = "tls_server_config:\n  cert_file: c.pem\n  key_file: k.pem\n"


def end(pem: bytes) -> float:
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()


def issued(end: datetime, *names: str) -> bytes:
    certificate = trustme.CA().issue_cert(*names, not_after=end)
    return b"".join(each.bytes() for each in certificate.cert_chain_pems)


@pytest.mark.parametrize("year", [2027, 2049, 2050, 2999])
@pytest.mark.parametrize("names", [1, 300])
def test_it_is_read_for_any_century_and_length(year: int, names: int) -> None:
    wanted = datetime(year, 2, 28, 23, 59, 58, tzinfo=UTC)
    pem = issued(wanted, *(f"host-{number}.example" for number in range(names)))
    assert ends_at(pem) == wanted.timestamp() == end(pem)


def test_the_first_certificate_of_a_chain_counts_and_text_before_it_does_not() -> None:
    sooner, later = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    chain = issued(sooner, "a.example") + issued(later, "b.example")
    assert ends_at("Schlüssel für a.example\n".encode() + chain) == sooner.timestamp()


HALF = issued(datetime(2027, 1, 1, tzinfo=UTC), "a.example")[:200]


@pytest.mark.parametrize("pem", [b"", b"no PEM", b"\xff", HALF])
def test_text_without_a_certificate_has_no_end(pem: bytes) -> None:
    assert ends_at(pem) is None


def test_one_that_is_garbled_has_no_end(material: Material) -> None:
    text = material.text("c.pem").splitlines()
    for line in range(1, 4):
        shorter = "\n".join([*text[:line], *text[line + 1 :]])
        assert ends_at(shorter.encode()) in (None, end((material.folder / "c.pem").read_bytes()))


async def test_each_reload_reports_the_end_of_the_current_certificate(material: Material) -> None:
    first = end((material.folder / "c.pem").read_bytes())
    file = material.write(TLS)
    async with guarded(file) as server:
        assert server.ends == [first]
        file.write_text("tls_server_config: {}\n")
        await until(lambda: server.ends[1:])
        assert server.ends == [first, None]
        make(material.folder)
        file.write_text(TLS)
        await until(lambda: server.ends[2:])
        assert server.ends[2] == end((material.folder / "c.pem").read_bytes())
