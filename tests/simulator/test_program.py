"""The simulator as a program, and a platform that lives; its flags are in test_flags.py."""

import asyncio
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import trustme

from exporter.simulator import Cloud, Fault, live, serving
from exporter.simulator.__main__ import main, run
from exporter.simulator.inventory import Profile
from exporter.simulator.trouble import TROUBLES
from tests.support.exporting import PATIENCE

from .client import Client, connected, http_date


async def test_the_program_serves_until_it_is_asked_to_stop() -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "exporter.simulator", "--listen", "127.0.0.1:0", "--services", "5"),
        *("--fault", "text:status=500,times=1,operation=QueryModelService"),
        *("--evolve", "60", "--trouble", "60"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    introduction = (await program.stdout.readline()).decode()
    address = re.search(r"http://127\.0\.0\.1:\d+", introduction)
    assert address, introduction
    async with aiohttp.ClientSession(address[0]) as http:
        client = Client(http)
        await client.log_in()
        statuses = [(await client.services()).status for _ in range(2)]
        assert len((await client.services()).rows) == 5
    program.send_signal(signal.SIGTERM)

    assert await program.wait() == 0
    assert statuses == [500, 200]


async def test_an_interrupt_ends_the_program_cleanly() -> None:
    running = asyncio.create_task(run(Cloud(services=3), port=0))
    await asyncio.sleep(0)  # its first step installs the handler
    os.kill(os.getpid(), signal.SIGINT)

    assert await running == 0


async def test_the_program_can_be_stopped_by_an_event() -> None:
    stop = asyncio.Event()
    stop.set()

    assert await run(Cloud(services=1), port=0, stop=stop) == 0


@pytest.mark.parametrize(
    ("profile", "further"),
    [("5.2.1", set()), ("5.3.20", {"2 instance groups", "3 model centers"})],
)
async def test_the_program_lists_what_the_release_serves(
    profile: Profile, further: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    stop = asyncio.Event()
    stop.set()
    cloud = Cloud(services=9, instance_groups=2, model_centers=3, profile=profile)
    await run(cloud, port=0, stop=stop)

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("9 model services at http://127.0.0.1:") for line in lines)
    assert {line for line in lines if line.endswith((" groups", " centers"))} == further


def test_every_knob_is_a_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    password = tmp_path / "password"
    password.write_text("秘密\n", encoding="utf-8")
    seen: list[Cloud] = []

    async def remember(cloud: Cloud, host: str, port: int, **options: float | None) -> int:
        seen.append(cloud)
        assert (host, port, options) == ("::1", 9, {"evolve": 2.0, "trouble": 3.0})
        return 0

    monkeypatch.setattr("exporter.simulator.__main__.run", remember)
    status = main(
        "--listen [::1]:9 --services 4 --instance-groups 2 --model-centers 3 --seed 9 "
        "--profile 5.2.1 --time-zone UTC --account ops "
        "--access-key-id key1234567 --session-timeout 60 --max-sessions 3 --unique-session "
        "--lock-after 2 --check-time-zone --date-style jdk20 --fault reset --fault slow:seconds=1 "
        f"--evolve 2 --trouble 3 --password-file {password}".split()
    )

    (cloud,) = seen
    assert status == 0
    assert (len(cloud.estate), len(cloud.groups), len(cloud.centers)) == (4, 2, 3)
    assert (cloud.seed, cloud.profile) == (9, "5.2.1")
    assert (cloud.time_zone, cloud.date_style, cloud.check_time_zone) == ("UTC", "jdk20", True)
    assert cloud.accounts["ops"].password == "秘密"
    assert cloud.access_keys["key1234567"].account == "ops"
    assert (cloud.session_timeout, cloud.max_sessions, cloud.unique_session) == (60, 3, True)
    assert cloud.lock_after == 2
    assert [each.kind for each in cloud.faults] == ["reset", "slow"]
    assert not capsys.readouterr().out


def test_an_address_in_use_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        status = main(["--listen", address, "--services", "1"])

    assert status == 1
    printed = capsys.readouterr()
    assert printed.err.startswith(f"cannot listen on {address}: address already in use; choose")
    assert "--web.listen-address" in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out


async def test_an_ipv6_address_in_use_is_reported_as_it_was_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # no host has an address of the documentation's
    assert await run(Cloud(services=1), "2001:db8::1", 9) == 1
    assert capsys.readouterr().err.startswith("cannot listen on [2001:db8::1]:9: ")


async def test_trouble_of_the_system_elsewhere_is_not_taken_for_that_of_listening(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("exporter.simulator.__main__.live", fail)
    with pytest.raises(ExceptionGroup) as failure:
        await run(Cloud(services=1), port=0)

    assert failure.group_contains(FileNotFoundError)
    assert not capsys.readouterr().err


def test_the_simulator_starts_quickly() -> None:
    """In a process of its own, next to the time that its HTTP server takes to be imported."""
    program = (
        "import sys, time, asyncio, zoneinfo, uuid, aiohttp.web; before = {*sys.modules}\n"
        "began = time.process_time()\n"
        "from exporter.simulator import Cloud; Cloud(services=300)\n"
        "print(time.process_time() - began)\n"
        "print(*sorted({name.partition('.')[0] for name in {*sys.modules} - before}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    seconds, modules = ended.stdout.splitlines()

    assert float(seconds) < 0.5
    # no other package, and not the whole exporter
    assert {*modules.split()} - sys.stdlib_module_names == {"exporter"}


async def test_a_living_platform_changes_and_has_trouble_that_passes() -> None:
    cloud = Cloud(services=50)
    revision = cloud.estate.revision
    troubles: list[Fault] = []
    living = asyncio.ensure_future(live(cloud, every=0.001, trouble_every=0.002, lasting=0.001))
    async with asyncio.timeout(PATIENCE):
        while len(troubles) < 3 or cloud.estate.revision == revision:
            troubles += [each for each in cloud.faults if each not in troubles]
            await asyncio.sleep(0)
    living.cancel()
    with pytest.raises(asyncio.CancelledError):
        await living

    assert [each.kind for each in troubles] == ["error", "expired", "rate_limited"]
    assert not cloud.faults


async def test_a_platform_without_life_or_trouble_has_nothing_to_wait_for() -> None:
    await live(Cloud(services=1), every=None)


async def test_trouble_that_was_cleared_elsewhere_is_no_error() -> None:
    cloud = Cloud(services=5)
    living = asyncio.ensure_future(live(cloud, every=None, trouble_every=0.002, lasting=0.001))
    cleared = 0
    async with asyncio.timeout(PATIENCE):
        while cleared <= len(TROUBLES):
            cleared += len(cloud.faults)
            cloud.faults.clear()
            await asyncio.sleep(0)
    living.cancel()
    with pytest.raises(asyncio.CancelledError):
        await living


async def meet(client: Client, cloud: Cloud, trouble: Fault) -> tuple[str, str, str]:
    """What the trouble is to a session, to a fresh login, and to a signed request."""
    date = http_date(cloud.now(), cloud.time_zone)
    results = []
    for ask in (partial(client.services), partial(client.log_in), partial(client.signed, date)):
        cloud.faults[:] = [trouble]
        try:
            async with asyncio.timeout(1):
                reply = await ask()
            results.append(reply.error["code"] if reply.status == 503 else str(reply.status))
        except (aiohttp.ClientError, TimeoutError) as error:
            results.append(type(error).__name__)
    return results[0], results[1], results[2]


async def test_the_first_trouble_is_an_error_with_a_code_that_stays() -> None:
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        cloud.faults.append(TROUBLES[0]())
        codes = [(await client.services()).error["code"] for _ in range(5)]

    assert codes == ["SYS.1012"] * 5


async def test_a_session_that_ends_is_trouble_for_an_account_once_and_for_no_access_key() -> None:
    ((number, trouble),) = [
        (number, made)
        for number, made in enumerate(make() for make in TROUBLES)
        if made.kind == "expired"
    ]
    cloud = Cloud(services=1)
    async with connected(cloud) as client:
        cloud.faults.append(trouble)
        assert (await client.services()).error["code"] == "ID.1001"
        assert (await client.log_in()).status == 200
        assert (await client.services()).status == 200
        assert not cloud.faults

        cloud.faults.append(TROUBLES[number]())
        date = http_date(cloud.now(), cloud.time_zone)
        assert (await client.signed(date)).status == 200


@pytest.mark.parametrize("number", range(len(TROUBLES)))
async def test_no_trouble_ends_sessions_beyond_a_new_login(number: int) -> None:
    cloud = Cloud(services=1)
    trouble = TROUBLES[number]()
    async with connected(cloud) as client:
        _, login, signed = await meet(client, cloud, trouble)

    assert login != "ID.1001"
    assert signed != "ID.1001"


@pytest.mark.parametrize(
    ("kind", "result"),
    [("not_ready", "SYS.1010"), ("rate_limited", "429"), ("html", "502")],
)
async def test_trouble_for_all_requests_stops_logins_too(kind: str, result: str) -> None:
    cloud = Cloud(services=1)
    (trouble,) = [made for made in (make() for make in TROUBLES) if made.kind == kind]
    async with connected(cloud) as client:
        assert await meet(client, cloud, trouble) == (result, result, result)


async def test_the_platform_can_be_served_over_tls() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with (
        serving(Cloud(services=1), ssl_context=server) as url,
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(ssl=trust)) as http,
    ):
        assert url.startswith("https://127.0.0.1:")
        assert (await Client(http).log_in()).status == 200


async def test_the_platform_can_be_served_on_ipv6() -> None:
    try:
        async with (
            serving(Cloud(services=1), host="::1") as url,
            aiohttp.ClientSession(url) as http,
        ):
            assert url.startswith("http://[::1]:")
            assert (await Client(http).log_in()).status == 200
    except OSError:
        pytest.skip("no IPv6 loopback here")
