"""What is loaded, and when: most of a start is for that, and most of the memory at rest."""

import re
import ssl
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from exporter.cli.command import COMMANDS
from exporter.cli.loading import light_loading
from exporter.simulator import Cloud, serving
from tests.support.commands import flags, page_of, start
from tests.support.exporting import is_up, until_seen

SERVER = {"aiohttp", "structlog", "prometheus_client", "msgspec", "isal", "exporter.daemon"}
SETTINGS = {"pydantic", "pydantic_settings", "exporter.settings", "yaml"}
LOOP = {"asyncio", "_asyncio"}
SELDOM = {
    "bcrypt",  # where the web configuration names users
    "exporter.simulator",
    "exporter.web.config.reading",  # where there is a web configuration
    "exporter.web.status.document",
    "exporter.web.status.fleet",
    "exporter.web.status.outdated",
    "exporter.web.status.page",
    "exporter.web.status.view",
    "jinja2",
    "shtab",
}


def loaded(*arguments: str, given: bytes = b"") -> set[str]:
    """The modules in a process in which a command has ended."""
    code = (
        "import sys\n"
        "from exporter.cli.main import run\n"
        "try: run(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('loaded:', *sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], input=given, stdout=subprocess.PIPE, check=True
    )
    names = ran.stdout.decode().rpartition("loaded: ")[2].split()
    assert "exporter.cli.main" in names
    return {*names}


@pytest.mark.parametrize(
    "command",
    [
        *("--help", "--version", "help", "version", "hash-password --help", "rules", "config"),
        *("healthy --url http://127.0.0.1:1", "healthy"),
        *(f"help {name}" for name in COMMANDS if name != "simulate"),
    ],
)
def test_help_version_and_a_health_check_load_no_settings_and_no_server(command: str) -> None:
    assert not loaded(*command.split()) & (SETTINGS | SERVER | SELDOM | LOOP)


@pytest.mark.parametrize("command", ["completion bash", "simulate --help"])
def test_what_reads_the_flags_of_the_simulator_loads_no_server(command: str) -> None:
    assert not loaded(*command.split()) & (SETTINGS | SERVER)


@pytest.mark.parametrize("password", [b"hunter2\n", b"\n"], ids=["good", "empty"])
def test_a_password_is_hashed_or_refused_without_settings(password: bytes) -> None:
    names = loaded("hash-password", given=password)
    assert not names & (SETTINGS | SERVER | LOOP | SELDOM - {"bcrypt"})


def test_a_health_check_loads_the_settings_where_a_file_may_name_the_address() -> None:
    names = loaded("healthy", "--config.file", "/nonexistent")
    assert names >= SETTINGS
    assert not names & (SERVER | SELDOM)


async def test_a_polled_and_scraped_exporter_has_loaded_nothing_that_it_seldom_needs(
    tmp_path: Path,
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password")
    async with serving(Cloud(services=3)) as platform:
        process = await start(*flags(platform, secret), PYTHONPROFILEIMPORTTIME="1")
        assert process.stderr is not None
        lines = [""]
        while "msg=listening" not in lines[-1]:
            lines.append((await process.stderr.readline()).decode())
            assert lines[-1], "it ended before it listened"
        url = lines[-1].rpartition("url=")[2].strip()
        await until_seen(partial(page_of, url), is_up)
        process.terminate()
        _, rest = await process.communicate()
    text = "".join(lines) + rest.decode()
    names = {*re.findall(r"^import time:.*\| +(\S+)$", text, re.MULTILINE)}
    assert names >= SERVER | SETTINGS
    assert not names & SELDOM


def test_certificate_authorities_are_left_out_only_while_modules_are_loaded() -> None:
    with light_loading():
        assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    assert "set_default_verify_paths" not in vars(ssl.SSLContext)
