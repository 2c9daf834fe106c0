"""The web configuration file: what promtool takes is taken, and what it refuses is refused.

Where the verdicts differ on purpose the file is in `REFUSED_HERE`, with the key that our message
must name; docs/web-config.md gives operators the reasons.
"""

import asyncio
import hashlib
import re
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

import pytest

from exporter.settings import SettingsError
from exporter.web.config.reading import HEADERS as ALLOWED_HEADERS
from exporter.web.config.reading import read
from exporter.web.config.tls_options import CIPHERS, CURVES, KEYS, POLICIES, VERSIONS
from tests.support.material import HASH, Material, inline, make

from .programs import Programs

TLS: Final = "tls_server_config:\n  cert_file: c.pem\n  key_file: k.pem\n"
CLIENTS: Final = TLS + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
HTTP: Final = "http_server_config:\n"
HEADERS: Final = HTTP + "  headers:\n"
USERS: Final = "basic_auth_users:\n"
SUITE: Final = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"

GOOD: Final = {
    "empty file": "",
    "comments only": "# nothing\n",
    "null": "null\n",
    "empty mapping": "{}\n",
    "byte order mark": "\ufeffhttp_server_config: {http2: false}\n",
    "end of document": "basic_auth_users: {}\n...\n",
    "sections of nothing": "tls_server_config:\nhttp_server_config: ~\nbasic_auth_users: null\n",
    "empty sections": "tls_server_config: {}\nhttp_server_config: {}\nbasic_auth_users: {}\n",
    "certificate and key": TLS,
    "certificate and key in one file": TLS.replace("c.pem", "both.pem").replace(
        "k.pem", "both.pem"
    ),
    "absolute paths": TLS.replace(": ", ": FOLDER/"),
    "file names that are empty": 'tls_server_config: {cert_file: "", key_file: ""}\n',
    "file names that are null": "tls_server_config: {cert_file: ~, key_file: }\n",
    "file names in quotes": "tls_server_config: {cert_file: 'c.pem', key_file: \"k.pem\"}\n",
    "tag of text": "tls_server_config: {cert_file: !!str c.pem, key_file: k.pem}\n",
    "certificate inline": "tls_server_config:\n  CERT  KEY",
    "certificate inline, key in a file": "tls_server_config:\n  CERT  key_file: k.pem\n",
    "inline text that is empty beside a file": TLS + '  cert: ""\n',
    "verified clients": CLIENTS,
    "clients verified if they can be": CLIENTS.replace(
        "RequireAndVerifyClientCert", "VerifyClientCertIfGiven"
    ),
    "authority inline": CLIENTS.replace("client_ca_file: ca.pem\n", "CA"),
    "no client certificate": TLS + "  client_auth_type: NoClientCert\n",
    "policy that is empty": TLS + '  client_auth_type: ""\n',
    "policy that is null": TLS + "  client_auth_type:\n",
    "names of clients": CLIENTS + "  client_allowed_sans: [a.example, 10.0.0.1, 12]\n",
    "nobody's name": CLIENTS + "  client_allowed_sans: []\n",
    "no names": CLIENTS + "  client_allowed_sans:\n",
    "lowest version 1.2": TLS + "  min_version: TLS12\n",
    "lowest version 1.3": TLS + '  min_version: "TLS13"\n',
    "lowest version of null": TLS + "  min_version: null\n",
    "highest version 1.2": TLS + "  max_version: TLS12\n",
    "cipher suites": TLS
    + f"  cipher_suites:\n    - {SUITE}\n    - TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA\n",
    "cipher suite twice": TLS + f"  cipher_suites: [{SUITE}, {SUITE}]\n",
    "cipher suite of 1.3": TLS + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
    "cipher suites that 1.3 ignores": TLS + f"  min_version: TLS13\n  cipher_suites: [{SUITE}]\n",
    "no cipher suites": TLS + "  cipher_suites: []\n",
    "curve": TLS + "  curve_preferences: [X25519]\n",
    "curve P521": TLS + "  curve_preferences: [CurveP521]\n",
    "curve twice": TLS + "  curve_preferences: [CurveP256, CurveP256]\n",
    "no curves": TLS + "  curve_preferences:\n",
    **{
        f"switch {word}": TLS + f"  prefer_server_cipher_suites: {word}\n"
        for word in ("true", "FALSE", "yes", "No", "on", "off", "y", "N", "null", "")
    },
    "no HTTP/2": HTTP + "  http2: false\n",
    "HTTP/2 as it comes": HTTP + "  http2:\n",
    "deny frames": HEADERS + "    X-Frame-Options: deny\n",
    "frames of the same origin": HEADERS + '    X-Frame-Options: "sameorigin"\n',
    "no sniffing": HEADERS + "    X-Content-Type-Options: nosniff\n",
    "any filter": HEADERS + "    X-XSS-Protection: 0\n",
    "any policy": HEADERS + "    Content-Security-Policy: \"default-src 'self'\"\n",
    "any transport": HEADERS + "    Strict-Transport-Security: max-age=31536000\n",
    "policy of letters": HEADERS + "    Content-Security-Policy: é\n",
    "header of nothing": HEADERS + "    Content-Security-Policy:\n",
    "no headers": HEADERS,
    "user": USERS + f"  prometheus: {HASH}\n",
    "user with 2a": USERS + f"  prometheus: {HASH.replace('2y', '2a')}\n",
    "user with 2b": USERS + f"  prometheus: {HASH.replace('2y', '2b')}\n",
    "users of one hash": USERS + f"  one: &hash {HASH}\n  two: *hash\n",
    "user without a name": USERS + f'  "": {HASH}\n',
    "user with a number": USERS + f"  12: {HASH}\n",
    "user with a colon": USERS + f'  "a:b": {HASH}\n',
    "user in Chinese": USERS + f"  普罗米修斯: {HASH}\n",
    "rate": "rate_limit: {interval: 1m30.5s, burst: 5}\n",
    "no rate": "rate_limit:\n",
    "rate of zero": "rate_limit: {interval: 0s, burst: 5}\n",
    "rate of zero without a unit": "rate_limit: {interval: 0}\n",
}

BAD: Final = {
    "list": "[]\n",
    "text": "abc\n",
    "number": "5\n",
    "unknown section": "tls: {}\n",
    "section in upper case": "TLS_SERVER_CONFIG: {}\n",
    "section that is a list": "tls_server_config: []\n",
    "section that is text": "tls_server_config: x\n",
    "section that is empty text": 'http_server_config: ""\n',
    "section twice": "basic_auth_users: {}\nbasic_auth_users: {}\n",
    "key that is no name": "{[a]: b}\n",
    "key that is null": "{null: b}\n",
    "tabulator": "tls_server_config:\n\tcert_file: c.pem\n",
    "alias of nothing": "tls_server_config: *x\n",
    "bracket that stays open": "basic_auth_users: {\n",
    "control character": "basic_auth_users: {} # \x01\n",
    "newer YAML": "%YAML 1.2\n---\nbasic_auth_users: {}\n",
    "alias of itself": "tls_server_config: &a {cert_file: *a}\n",
    "unknown key": TLS + "  certfile: c.pem\n",
    "key twice": TLS + "  cert_file: c.pem\n",
    "key in upper case": TLS.replace("cert_file", "Cert_File"),
    "certificate alone": "tls_server_config: {cert_file: c.pem}\n",
    "key alone": "tls_server_config: {key_file: k.pem}\n",
    "certificate with a key that is empty": 'tls_server_config: {cert_file: c.pem, key_file: ""}\n',
    "key with a certificate of null": "tls_server_config: {cert_file: null, key_file: k.pem}\n",
    "certificate that is not there": TLS.replace("c.pem", "nowhere.pem"),
    "key that is not there": TLS.replace("k.pem", "nowhere.pem"),
    "certificate that is a folder": TLS.replace("c.pem", "."),
    "certificate that is a list": TLS.replace("c.pem", "[c.pem]"),
    "certificate that is a mapping": TLS.replace("c.pem", "{a: b}"),
    "certificate that is a number": TLS.replace("c.pem", "5"),
    "certificate that is empty": TLS.replace("c.pem", "empty.pem"),
    "certificate that is no PEM": TLS.replace("c.pem", "junk.pem"),
    "certificate in DER": TLS.replace("c.pem", "c.der"),
    "certificate and key exchanged": "tls_server_config: {cert_file: k.pem, key_file: c.pem}\n",
    "certificate that is garbled": TLS.replace("c.pem", "garbled.pem"),
    "key that is empty": TLS.replace("k.pem", "empty.pem"),
    "key that is no PEM": TLS.replace("k.pem", "junk.pem"),
    "key that is encrypted": TLS.replace("k.pem", "enc.pem"),
    "key of another certificate": TLS.replace("k.pem", "other.pem"),
    "inline text that is no PEM": "tls_server_config: {cert: x, key: y}\n",
    "authority without a policy": TLS + "  client_ca_file: ca.pem\n",
    "authority for nobody": TLS + "  client_ca_file: ca.pem\n  client_auth_type: NoClientCert\n",
    "authority without a certificate": "tls_server_config: {client_ca_file: ca.pem}\n",
    "authority that is not there": CLIENTS.replace("ca.pem", "nowhere.pem"),
    "policy without a certificate": "tls_server_config: {client_auth_type: NoClientCert}\n",
    "unknown policy": TLS + "  client_auth_type: Maybe\n",
    "policy in lower case": CLIENTS.replace("RequireAnd", "requireand"),
    "names that are text": CLIENTS + "  client_allowed_sans: a.example\n",
    "names that are a mapping": CLIENTS + "  client_allowed_sans: {a: b}\n",
    "version of SSL": TLS + "  min_version: SSL30\n",
    "version in lower case": TLS + "  min_version: tls12\n",
    "version that is a number": TLS + "  max_version: 1.2\n",
    "version to come": TLS + "  max_version: TLS14\n",
    "version that is empty": TLS + '  min_version: ""\n',
    "version that is a list": TLS + "  min_version: [TLS12]\n",
    "version without a certificate": "tls_server_config: {min_version: TLS9}\n",
    "cipher suite of OpenSSL": TLS + "  cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256]\n",
    "cipher suite with RC4": TLS + "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n",
    "cipher suite in lower case": TLS + f"  cipher_suites: [{SUITE.lower()}]\n",
    "cipher suites that are text": TLS + f"  cipher_suites: {SUITE}\n",
    "unknown curve": TLS + "  curve_preferences: [P256]\n",
    "curves that are text": TLS + "  curve_preferences: X25519\n",
    **{
        f"switch {word}": TLS + f"  prefer_server_cipher_suites: {word}\n"
        for word in ('"true"', "1", "0", "tRue", "[true]", '""')
    },
    "HTTP/2 in quotes": HTTP + '  http2: "false"\n',
    "unknown key of HTTP": HTTP + "  http3: true\n",
    "unknown header": HEADERS + "    Server: nobody\n",
    "header in lower case": HEADERS + "    x-frame-options: deny\n",
    "header twice": HEADERS + "    X-Frame-Options: deny\n" * 2,
    "headers that are a list": HTTP + "  headers: []\n",
    "headers that are text": HTTP + "  headers: x\n",
    "frames in upper case": HEADERS + "    X-Frame-Options: DENY\n",
    "frames of null": HEADERS + "    X-Frame-Options:\n",
    "frames that are a list": HEADERS + "    X-Frame-Options: [deny]\n",
    "sniffing": HEADERS + "    X-Content-Type-Options: sniff\n",
    "users that are a list": USERS + f"  - prometheus: {HASH}\n",
    "users that are text": "basic_auth_users: prometheus\n",
    "user twice": USERS + f"  prometheus: {HASH}\n" * 2,
    "user with a password": USERS + "  prometheus: hunter2\n",
    "user without a hash": USERS + "  prometheus:\n",
    "user with an empty hash": USERS + '  prometheus: ""\n',
    "user with a list": USERS + f"  prometheus: [{HASH}]\n",
    "user with SHA": USERS + '  prometheus: "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="\n',
    "user with MD5": USERS + "  prometheus: $apr1$Ck1cQHYh$XnzkwDJCC1X0s0Ze9ROTl/\n",
    "hash of version 3": USERS + f"  prometheus: {HASH.replace('2y', '3y')}\n",
    "hash of too low a cost": USERS + f"  prometheus: {HASH.replace('$10$', '$03$')}\n",
    "hash of too high a cost": USERS + f"  prometheus: {HASH.replace('$10$', '$32$')}\n",
    "hash without a cost": USERS + f"  prometheus: {HASH.replace('$10$', '$xx$')}\n",
    "rate that is a number": "rate_limit: 5\n",
    "rate with an unknown key": "rate_limit: {rate: 5}\n",
    "rate without a unit": 'rate_limit: {interval: "1", burst: 1}\n',
    "rate with days": "rate_limit: {interval: 1d, burst: 1}\n",
    "rate with a space": "rate_limit: {interval: 1 s, burst: 1}\n",
    "burst in quotes": 'rate_limit: {interval: 1s, burst: "5"}\n',
    "burst that is true": "rate_limit: {interval: 1s, burst: true}\n",
}

REFUSED_HERE: Final = {
    # what Python's ssl cannot do
    "any client certificate": (
        CLIENTS.replace("RequireAndVerify", "RequireAny"),
        "client_auth_type",
    ),
    "any client certificate, by its old name": (
        CLIENTS.replace("RequireAndVerify", "Require"),
        "client_auth_type",
    ),
    "client certificate on request": (
        TLS + "  client_auth_type: RequestClientCert\n",
        "client_auth_type",
    ),
    "version 1.0": (TLS + "  min_version: TLS10\n", "min_version"),
    "version 1.1": (TLS + "  max_version: TLS11\n", "max_version"),
    "several curves": (TLS + "  curve_preferences: [X25519, CurveP256]\n", "curve_preferences"),
    "HTTP/2": (HTTP + "  http2: true\n", "http2"),
    # what would admit the wrong clients, or none
    "hash that is too short": (USERS + f"  prometheus: {HASH[:-1]}\n", "basic_auth_users"),
    "hash that is too long": (USERS + f"  prometheus: {HASH}x\n", "basic_auth_users"),
    "hash with a wrong letter": (USERS + f'  prometheus: "{HASH[:-1]}!"\n', "basic_auth_users"),
    "hash of version 2x": (USERS + f"  u: {HASH.replace('2y', '2x')}\n", "basic_auth_users"),
    "hash that takes days": (USERS + f"  u: {HASH.replace('$10$', '$31$')}\n", "basic_auth_users"),
    "user of null": (USERS + f"  null: {HASH}\n", "basic_auth_users"),
    "certificate given twice": (TLS + "  CERT", "cert_file"),
    "key given twice": (TLS + "  KEY", "key_file"),
    "authority given twice": (CLIENTS + "  CA", "client_ca_file"),
    "authority that is no PEM": (CLIENTS.replace("ca.pem", "junk.pem"), "client_ca_file"),
    "authority that is garbled": (CLIENTS.replace("ca.pem", "garbled.pem"), "client_ca_file"),
    "authority that is empty": (CLIENTS.replace("ca.pem", "empty.pem"), "client_ca_file"),
    "clients of any authority": (
        TLS + "  client_auth_type: RequireAndVerifyClientCert\n",
        "client_auth_type",
    ),
    "clients of any authority, if they can be": (
        TLS + "  client_auth_type: VerifyClientCertIfGiven\n",
        "client_auth_type",
    ),
    "names of clients that need no certificate": (
        CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
        + "  client_allowed_sans: [a]\n",
        "client_allowed_sans",
    ),
    "names of clients that are not asked": (
        TLS + "  client_allowed_sans: [a]\n",
        "client_allowed_sans",
    ),
    "names without TLS": (
        "tls_server_config: {client_allowed_sans: [a]}\n",
        "client_allowed_sans",
    ),
    "name that is empty": (CLIENTS + '  client_allowed_sans: [""]\n', "client_allowed_sans"),
    "name that is null": (CLIENTS + "  client_allowed_sans: [null]\n", "client_allowed_sans"),
    "version without TLS": ("tls_server_config: {min_version: TLS13}\n", "tls_server_config"),
    "no version left": (TLS + "  min_version: TLS13\n  max_version: TLS12\n", "max_version"),
    "no cipher suite left": (
        TLS + "  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
        "max_version",
    ),
    "cipher suite that is null": (TLS + "  cipher_suites: [null]\n", "cipher_suites"),
    "header of two lines": (
        HEADERS + '    Content-Security-Policy: "a\\r\\nb: c"\n',
        "Content-Security-Policy",
    ),
    "rate of nothing": ("rate_limit: {interval: 1s}\n", "burst"),
    "rate that is negative": ("rate_limit: {interval: -1s, burst: 1}\n", "interval"),
    "rate in nanoseconds": ("rate_limit: {interval: 1, burst: 1}\n", "interval"),
    "burst that is negative": ("rate_limit: {interval: 1s, burst: -1}\n", "burst"),
    "burst that is no whole number": ("rate_limit: {interval: 1s, burst: 1.0}\n", "burst"),
    # what YAML can express in a simpler way
    "two documents": ("basic_auth_users: {}\n---\nbasic_auth_users: {}\n", "document"),
    "merged keys": (HTTP + "  <<: {http2: false}\n", "http_server_config"),
    "tag": (TLS.replace("c.pem", "!file c.pem"), "cert_file"),
    "tag of bytes": (TLS.replace("c.pem", "!!binary Yy5wZW0="), "cert_file"),
}

# Go stopped offering suites without forward secrecy between the two releases.
GONE: Final = ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return make(tmp_path_factory.mktemp("web"))


def written(material: Material, text: str) -> Path:
    """A file of its own with the text, its placeholders filled in."""
    inlined = {
        "CERT": inline("cert", material.text("c.pem")),
        "KEY": inline("key", material.text("k.pem")),
        "CA": inline("client_ca", material.text("ca.pem")),
    }
    text = text.replace("FOLDER", str(material.folder))
    # All at once: a line of a certificate may begin with the letters CA.
    text = re.sub(rf"  ({'|'.join(inlined)})\b", lambda found: inlined[found[1]], text)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return material.write(text, f"{name}.yml")


async def verdict(file: Path) -> str:
    """Our faults of the file; empty if there are none."""
    try:
        await asyncio.to_thread(read, file)
    except SettingsError as error:
        return str(error)
    return ""


# Keys that the older of the releases does not know yet, or neither.
NEW: Final = frozenset({"cert", "key", "client_ca", "client_allowed_sans", "rate_limit"})


async def takes(programs: Programs, file: Path) -> bool | None:
    """Whether promtool takes the file; None if this release is too old for a key in it."""
    program = await asyncio.create_subprocess_exec(
        programs.promtool, "check", "web-config", file, stdout=DEVNULL, stderr=PIPE
    )
    _, output = await program.communicate()
    unknown = set(re.findall(r"field (\S+) not found in type web\.", output.decode()))
    return None if unknown & NEW else program.returncode == 0


@pytest.mark.parametrize("name", GOOD)
async def test_what_promtool_takes_is_taken(material: Material, name: str) -> None:
    assert await verdict(written(material, GOOD[name])) == ""


@pytest.mark.parametrize("name", BAD)
async def test_what_promtool_refuses_is_refused(material: Material, name: str) -> None:
    file = written(material, BAD[name])
    assert str(file) in await verdict(file)


@pytest.mark.parametrize("name", REFUSED_HERE)
async def test_what_we_alone_refuse_is_named(material: Material, name: str) -> None:
    text, named = REFUSED_HERE[name]
    assert named in await verdict(written(material, text))


@pytest.mark.parametrize("suite", GONE)
async def test_suites_that_newer_releases_refuse_are_refused(
    material: Material, suite: str
) -> None:
    file = written(material, TLS + f"  cipher_suites: [{suite}]\n")
    assert "cipher_suites[0]" in await verdict(file)


@pytest.mark.small_sample(30)
@pytest.mark.system
@pytest.mark.parametrize("name", GOOD)
async def test_promtool_takes_what_is_taken(
    programs: Programs, material: Material, name: str
) -> None:
    assert await takes(programs, written(material, GOOD[name])) in {True, None}


@pytest.mark.small_sample(40)
@pytest.mark.system
@pytest.mark.parametrize("name", BAD)
async def test_promtool_refuses_what_is_refused(
    programs: Programs, material: Material, name: str
) -> None:
    assert await takes(programs, written(material, BAD[name])) in {False, None}


@pytest.mark.small_sample(15)
@pytest.mark.system
@pytest.mark.parametrize("name", REFUSED_HERE)
async def test_promtool_takes_what_we_alone_refuse(
    programs: Programs, material: Material, name: str
) -> None:
    text, _ = REFUSED_HERE[name]
    assert await takes(programs, written(material, text)) in {True, None}


PAGE: Final = (Path(__file__).parents[2] / "docs" / "web-config.md").read_text("utf-8")


@pytest.fixture(scope="module")
def examples(material: Material) -> tuple[Path, ...]:
    """The configurations that operators are shown, with the files that they name."""
    for shown, ours in (("tls.crt", "c.pem"), ("tls.key", "k.pem"), ("ca.crt", "ca.pem")):
        (material.folder / shown).write_text(material.text(ours))
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    configurations = [block for block in blocks if "scrape_configs" not in block]
    assert len(configurations) == 1
    return tuple(written(material, block) for block in configurations)


async def test_the_examples_are_taken(examples: tuple[Path, ...]) -> None:
    for example in examples:
        assert await verdict(example) == ""


@pytest.mark.system
async def test_promtool_takes_the_examples(programs: Programs, examples: tuple[Path, ...]) -> None:
    for example in examples:
        assert await takes(programs, example) in {True, None}


@pytest.mark.parametrize("name", [*KEYS, *ALLOWED_HEADERS, *CIPHERS, *CURVES, *POLICIES, *VERSIONS])
def test_the_page_names_everything_that_is_honoured(name: str) -> None:
    assert name in PAGE
