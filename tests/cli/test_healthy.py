"""The command by which supervisors ask whether a running exporter is alive."""

import signal
from pathlib import Path

import pytest

from exporter.simulator import Cloud, serving
from tests.support.commands import flags, run, started
from tests.support.material import make

pytestmark = pytest.mark.usefixtures("measured_processes")

TLS = "tls_server_config: {cert_file: c.pem, key_file: k.pem"
CLIENTS = f"{TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem"


def port_of(url: str) -> str:
    return url.rsplit(":", 1)[1]


@pytest.mark.small_sample(2)
@pytest.mark.parametrize("listening", ["127.0.0.1", "", "localhost", "0.0.0.0"])
async def test_the_listening_address_is_probed(listening: str, secret_file: Path) -> None:
    async with serving(Cloud(services=3)) as platform:
        given = (*flags(platform, secret_file)[:-1], f"{listening}:0")
        async with started(*given) as (_, exporter):
            where = f"{listening}:{port_of(exporter)}"
            by_flag = await run("healthy", "--web.listen-address", where)
            by_variable = await run("healthy", ZSTACK_EXPORTER_WEB__LISTEN_ADDRESS=where)
            assert by_flag == by_variable == (0, "healthy\n", "")


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    "web",
    [
        f"{TLS}}}",
        f"{TLS}}}\nbasic_auth_users: {{}}\nrate_limit: {{interval: 1h, burst: 1}}",
        f"{CLIENTS}}}",
        f"{CLIENTS}, max_version: TLS12}}",
    ],
    ids=["TLS", "a rate limit", "client certificates", "client certificates, TLS 1.2"],
)
async def test_tls_is_no_obstacle(web: str, secret_file: Path, tmp_path: Path) -> None:
    file = make(tmp_path).write(web)
    async with (
        serving(Cloud(services=3)) as platform,
        started(*flags(platform, secret_file), "--web.config.file", str(file)) as (_, exporter),
    ):
        here = f"127.0.0.1:{port_of(exporter)}"
        for where in (("--web.listen-address", here), ("--url", exporter)):
            assert await run("healthy", *where) == (0, "healthy\n", "")


async def test_a_file_that_became_invalid_does_not_make_it_unhealthy(
    secret_file: Path, tmp_path: Path
) -> None:
    file = tmp_path / "exporter.yaml"
    file.write_text("log: {level: info}")
    given = {"ZSTACK_EXPORTER_CONFIG__FILE": str(file)}
    async with (
        serving(Cloud(services=3)) as platform,
        started(*flags(platform, secret_file), **given) as (_, exporter),
    ):
        file.write_text("}")
        here = {"ZSTACK_EXPORTER_WEB__LISTEN_ADDRESS": exporter.removeprefix("http://")}
        assert await run("healthy", **given, **here) == (0, "healthy\n", "")


async def test_an_exporter_that_hangs_is_unhealthy(secret_file: Path) -> None:
    async with (
        serving(Cloud(services=3)) as platform,
        started(*flags(platform, secret_file)) as (process, exporter),
    ):
        process.send_signal(signal.SIGSTOP)
        answer = await run("healthy", "--url", exporter)
        process.send_signal(signal.SIGCONT)
    line = f"zstack-aios-exporter: {exporter}/-/healthy: no answer within 3 s\n"
    assert answer == (1, "", line)


async def test_an_exporter_that_has_ended_is_unhealthy(secret_file: Path) -> None:
    async with serving(Cloud(services=3)) as platform:
        async with started(*flags(platform, secret_file)) as (process, exporter):
            process.terminate()
            await process.wait()
        answer = await run("healthy", "--url", f"{exporter}/")
    line = f"zstack-aios-exporter: {exporter}/-/healthy: connection refused\n"
    assert answer == (1, "", line)


async def test_another_server_at_its_address_is_unhealthy() -> None:
    async with serving(Cloud(services=3)) as platform:
        code, out, err = await run("healthy", "--url", platform)
    assert (code, out) == (1, "")
    assert err.startswith(f"zstack-aios-exporter: {platform}/-/healthy: the answer is 4")
    assert err.count("\n") == 1


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("--url", "localhost:10521"), "--url: is not a URL of an exporter; write it like http://"),
        (("--url", "http://[::1"), "--url: is not a URL of an exporter; write it like http://"),
        (("--web.listen-address", "here"), "web.listen_address[0] (flag --web.listen-address): is"),
        (("--web.listen-address", ":0"), "--url: is missing, as the port is any free one"),
    ],
)
async def test_an_unusable_address_is_misuse_with_a_hint(
    given: tuple[str, ...], expected: str
) -> None:
    code, out, err = await run("healthy", *given)
    assert (code, out) == (2, "")
    assert expected in err
