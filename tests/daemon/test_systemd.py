"""Notifications to systemd, sockets passed by it, and the daemon under it."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from exporter.daemon.systemd import Supervisor
from exporter.simulator import Cloud, Fault, serving
from tests.support.commands import flags, page_of, run, start
from tests.support.exporting import PATIENCE, is_up, until_seen


class Receiver:
    """The end of $NOTIFY_SOCKET that systemd holds."""

    def __init__(self, bound: socket.socket) -> None:
        self._bound = bound

    async def next(self) -> dict[str, str]:
        """What the next datagram assigns."""
        async with asyncio.timeout(PATIENCE):
            text = await asyncio.get_running_loop().sock_recv(self._bound, 4096)
        return dict(line.split("=", 1) for line in text.decode().splitlines())

    async def until(self, name: str) -> dict[str, str]:
        """The next datagram that assigns this name; earlier ones are skipped."""
        while name not in (state := await self.next()):
            pass
        return state

    def waiting(self) -> int:
        """Read all waiting datagrams; returns their number."""
        number = 0
        try:
            while self._bound.recv(4096):
                number += 1
        except BlockingIOError:
            return number
        return number


@contextmanager
def receiving(address: str) -> Iterator[Receiver]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.settimeout(0)
        bound.bind(address.replace("@", "\0", 1))
        yield Receiver(bound)


@pytest.fixture(params=["of a path", "in the abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "of a path":
        return str(tmp_path / "notify")
    return f"@zstack-exporter-test-{os.getpid()}-{time.monotonic_ns()}"


@pytest.fixture
def receiver(address: str) -> Iterator[Receiver]:
    with receiving(address) as receiver:
        yield receiver


def supervisor(address: str, **environ: str) -> Supervisor:
    return Supervisor.from_environment({"NOTIFY_SOCKET": address, **environ})


async def test_states_are_sent_as_sd_notify_defines_them(address: str, receiver: Receiver) -> None:
    systemd = supervisor(address)
    systemd.ready("polling 2 targets")
    assert await receiver.next() == {"READY": "1", "STATUS": "polling 2 targets"}
    systemd.status("lab: unreachable,\nsince noon")
    assert await receiver.next() == {"STATUS": "lab: unreachable, since noon"}
    systemd.stopping()
    assert await receiver.next() == {"STOPPING": "1", "STATUS": "stopping"}


async def test_a_reload_is_sent_with_the_time_of_the_monotonic_clock(
    address: str, receiver: Receiver
) -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    supervisor(address).reloading()
    state = await receiver.next()
    assert state.pop("RELOADING") == "1"
    moment = int(state.pop("MONOTONIC_USEC"))
    assert before <= moment <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert not state


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}], ids=["not set", "empty"])
async def test_without_systemd_nothing_is_sent_and_no_watchdog_runs(
    environ: dict[str, str],
) -> None:
    unsupervised = Supervisor.from_environment({**environ, "WATCHDOG_USEC": "1000"})
    unsupervised.ready("polling")
    unsupervised.reloading()
    unsupervised.stopping()
    async with asyncio.timeout(PATIENCE):
        await unsupervised.watchdog()


@pytest.mark.parametrize("there", ["vsock:2:1234", "relative/path", "/nowhere/notify", "/" * 200])
def test_a_failed_notification_is_logged_once_and_has_no_other_effect(
    there: str, capsys: pytest.CaptureFixture[str]
) -> None:
    systemd = supervisor(there)
    for _ in range(3):
        systemd.ready("polling")
    assert capsys.readouterr().out.count("systemd is not notified") == 1


async def test_signs_of_life_come_twice_a_period_and_stop_with_the_loop(
    address: str, receiver: Receiver
) -> None:
    period = 0.2
    guarded = supervisor(
        address, WATCHDOG_USEC=str(int(period * 1e6)), WATCHDOG_PID=str(os.getpid())
    )
    assert guarded.watchdog_seconds == period
    watchdog = asyncio.create_task(guarded.watchdog())
    began = time.monotonic()
    for _ in range(5):
        assert await receiver.next() == {"WATCHDOG": "1"}
    assert time.monotonic() - began >= 4 * period / 2
    receiver.waiting()
    time.sleep(3 * period)  # noqa: ASYNC251 - the hang of the loop is what is tested
    assert receiver.waiting() == 0
    assert await receiver.next() == {"WATCHDOG": "1"}
    watchdog.cancel()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
    ],
    ids=["not wanted", "of no length", "garbled", "wanted of another process"],
)
async def test_without_a_watchdog_for_this_process_no_signs_of_life_are_sent(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    address = str(tmp_path / "notify")
    with receiving(address) as receiver:
        async with asyncio.timeout(PATIENCE):
            await supervisor(address, **environ).watchdog()
        assert receiver.waiting() == 0


# A process of its own, as descriptors are passed from 3 on. What it makes goes there.
HANDED_DOWN = """
import os, socket, sys
from exporter.settings import SettingsError
from exporter.daemon.systemd import passed_sockets

def tcp(address, family=socket.AF_INET):
    return socket.create_server(address, family=family).detach()

def unix():
    made = socket.socket(socket.AF_UNIX)
    made.bind("\\0" + str(os.getpid()))
    made.listen()
    return made.detach()

def udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()

def connection():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return socket.create_connection(listening.getsockname()).detach()

made = [{making}]
high = [os.dup2(each, 100 + number) for number, each in enumerate(made)]
for number, each in enumerate(high):
    os.dup2(each, 3 + number)
    os.close(each)
os.environ.update(LISTEN_PID={pid}, LISTEN_FDS={fds}, LISTEN_FDNAMES="a:b")
try:
    for each in passed_sockets(os.environ):
        print(each.fileno(), each.family.name, each.gettimeout(), each.get_inheritable())
except SettingsError as error:
    print(error)
    for number in range(len(made)):
        try:
            os.fstat(3 + number)
            print("open")
        except OSError:
            print("closed")
print([name for name in os.environ if name.startswith("LISTEN_")])
"""


def handed_down(making: str, *, pid: str = "str(os.getpid())", fds: str = "str(len(made))") -> str:
    program = HANDED_DOWN.format(making=making, pid=pid, fds=fds)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    *lines, variables = done.stdout.splitlines()
    assert variables == "[]"
    return "\n".join(lines)


def test_sockets_are_taken_in_their_order_and_kept_from_children() -> None:
    passed = handed_down("tcp(('127.0.0.1', 0)), tcp(('0.0.0.0', 0))")
    assert passed == "3 AF_INET 0.0 False\n4 AF_INET 0.0 False"


@pytest.mark.small_sample(2)
@pytest.mark.parametrize(
    ("making", "expected"),
    [
        ("unix()", "not of TCP; give ListenStream= a port"),
        ("udp()", "datagram socket; write ListenStream="),
        ("connection()", "a connection rather than the socket that listens; write Accept=no"),
        ("os.open('/dev/null', os.O_RDONLY)", "something that is no socket; write only"),
    ],
    ids=["unix", "datagram", "connection", "no socket"],
)
def test_an_unusable_socket_is_refused_with_a_hint(making: str, expected: str) -> None:
    fault, *rest = handed_down(f"tcp(('127.0.0.1', 0)), {making}").splitlines()
    assert fault.startswith("web.systemd_socket: is on, but systemd passed ")
    assert expected in fault
    assert rest[0] == "closed"


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    ("pid", "fds"),
    [("'1'", "'1'"), ("''", "'1'"), ("str(os.getpid())", "'0'"), ("str(os.getpid())", "'x'")],
    ids=["meant for another", "without a process", "none", "garbled"],
)
def test_a_missing_socket_is_a_fault_with_a_hint(pid: str, fds: str) -> None:
    fault = handed_down("", pid=pid, fds=fds)
    assert fault == (
        "web.systemd_socket: is on, but systemd passed no socket; "
        "start the exporter by its socket unit, or turn web.systemd_socket off"
    )


def test_a_descriptor_that_is_not_there_is_a_fault_too() -> None:
    assert "something that is no socket" in handed_down("tcp(('127.0.0.1', 0))", fds="'2'")


@asynccontextmanager
async def ending(process: Process) -> AsyncIterator[Process]:
    """The process, which is killed at the end if it still runs then."""
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_daemon_notifies_systemd_from_start_to_end(
    tmp_path: Path, secret_file: Path
) -> None:
    address = str(tmp_path / "notify")
    with receiving(address) as receiver:
        async with (
            serving(Cloud(services=3)) as url,
            ending(await start(*flags(url, secret_file), NOTIFY_SOCKET=address)) as process,
        ):
            state = await receiver.until("READY")  # a status of a poll may come first
            while state["STATUS"] != "1 of 1 targets up":
                state = await receiver.until("STATUS")
            process.send_signal(signal.SIGHUP)
            assert "MONOTONIC_USEC" in await receiver.until("RELOADING")
            assert await receiver.until("READY")
            process.terminate()
            assert await receiver.until("STOPPING")
            _, err = await process.communicate()
        assert process.returncode == 0, err
        assert receiver.waiting() == 0


async def test_a_reload_that_fails_leaves_systemd_with_a_daemon_that_is_ready(
    tmp_path: Path, secret_file: Path
) -> None:
    address, config = str(tmp_path / "notify"), tmp_path / "exporter.yaml"
    config.write_text("log: {level: info}")
    with receiving(address) as receiver:
        async with serving(Cloud(services=3)) as url:
            given = (*flags(url, secret_file), "--config.file", str(config))
            async with ending(await start(*given, NOTIFY_SOCKET=address)) as process:
                await receiver.until("READY")
                config.write_text("log: {level: loud}")
                process.send_signal(signal.SIGHUP)
                await receiver.until("RELOADING")
                await receiver.until("READY")


async def test_the_daemon_gives_signs_of_life_also_while_the_platform_hangs(
    tmp_path: Path, secret_file: Path
) -> None:
    address = str(tmp_path / "notify")
    cloud = Cloud(services=3)
    cloud.faults.append(Fault.hang())
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"}
    with receiving(address) as receiver:
        async with serving(cloud) as url, ending(await start(*flags(url, secret_file), **environ)):
            for _ in range(5):
                await receiver.until("WATCHDOG")


# Does what systemd does between fork and exec.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "-m", "exporter", *sys.argv[2:]])
"""


@asynccontextmanager
async def activated(listening: socket.socket, *arguments: str) -> AsyncIterator[Process]:
    """The daemon with this socket passed to it."""
    number = listening.fileno()
    command = (sys.executable, "-c", ACTIVATE, str(number), *arguments, "--web.systemd-socket")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=PIPE, pass_fds=(number,)
    )
    async with ending(process):
        yield process


async def test_a_passed_socket_outlives_the_daemon_and_refuses_no_connection(
    secret_file: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as passed:
        exporter = "http://{}:{}".format(*passed.getsockname())
        async with serving(Cloud(services=3)) as url:
            for _ in range(2):
                # Asked while no process accepts connections.
                asking = asyncio.create_task(page_of(exporter))
                async with activated(passed, *flags(url, secret_file)) as process:
                    assert (await asking).names
                    assert process.stderr is not None
                    line = ""
                    while "listening" not in line:  # an answer may come a moment before
                        line = (await process.stderr.readline()).decode()
                        assert line
                    assert f"url={exporter}" in line
                    process.terminate()
                    await process.communicate()
                assert process.returncode == 0


async def test_a_daemon_without_a_socket_prints_a_hint() -> None:
    account = ("--target.url", "http://127.0.0.1:1", "--target.account", "admin")
    environ = {"ZSTACK_EXPORTER_TARGET__PASSWORD": "password"}
    code, _, err = await run(*account, "--web.systemd-socket", **environ)
    assert code == 2
    assert "web.systemd_socket: is on, but systemd passed no socket; start" in err


SOCKET_ACTIVATE = shutil.which("systemd-socket-activate")


@pytest.mark.skipif(SOCKET_ACTIVATE is None, reason="there is no systemd-socket-activate here")
async def test_systemd_itself_passes_a_socket(secret_file: Path) -> None:
    async with serving(Cloud(services=3)) as url:
        address = free_address()
        process = await asyncio.create_subprocess_exec(
            *(str(SOCKET_ACTIVATE), f"--listen={address}"),
            *(sys.executable, "-m", "exporter", *flags(url, secret_file), "--web.systemd-socket"),
            stdout=PIPE,
            stderr=PIPE,
        )
        async with ending(process):
            assert process.stderr is not None
            assert b"Listening on" in await process.stderr.readline()
            # The first connection is what starts the daemon.
            await until_seen(partial(page_of, f"http://{address}"), is_up)
            process.terminate()
            _, err = await process.communicate()
        assert process.returncode == 0, err


def free_address() -> str:
    """One with a number, as systemd wants it, on a host that no other process here uses."""
    high, low = divmod(os.getpid() % 65536, 256)
    with socket.create_server((f"127.100.{high}.{low or 1}", 0)) as free:
        return "{}:{}".format(*free.getsockname())
