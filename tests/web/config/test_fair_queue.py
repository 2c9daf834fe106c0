"""Many clients that guess passwords: how long a right login waits, and by which file it counts."""

import asyncio
import itertools
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import bcrypt
import pytest

from exporter.web.config.fair_queue import Caller
from tests.support.material import PASSWORD, Material, quick_hash
from tests.support.sample import sized

from .guarded_server import AUTH, OPEN, PASSWORD_THREAD, Guarded, basic, guarded, until

GUESSING: Final = sized(small=100, usual=400, whole=400)
HERE: Final = "127.0.0.1"
ELSEWHERE: Final = "127.0.0.2"
_NUMBERS: Final = itertools.count()


def users(folder: Path, *, cost: int = 10, password: str = PASSWORD) -> Path:
    hash_ = bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()
    file = folder / "web.yml"
    file.write_text(f"basic_auth_users:\n  prometheus: {hash_}\n")
    return file


async def status(
    server: Guarded,
    auth: str | None,
    *,
    address: str = HERE,
    path: str = "/",
    sent: Callable[[], None] = lambda: None,
    finish: bool = False,
) -> int | None:
    """The status of the answer on a new connection; None where there is no answer."""
    with socket.socket() as client:
        client.settimeout(0)
        client.bind((address, 0))
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            head += f"Authorization: {auth}\r\n" if auth else ""
            writer.write(f"{head}\r\n".encode())
            sent()
            if finish:
                writer.write_eof()
            line = await reader.readline()
            await reader.read()
            return int(line.split()[1]) if line else None
        except ConnectionError:
            return None
        finally:
            writer.transport.abort()


@dataclass
class Guessing:
    """The answers to the clients that guess, so far."""

    answers: list[int] = field(default_factory=list)
    sent: int = 0
    ended: bool = False

    async def guess(self, server: Guarded, *, again: bool) -> None:
        while True:
            guess = basic("prometheus", f"guess {next(_NUMBERS)}")
            answer = await status(server, guess, sent=self._count)
            assert answer is not None
            self.answers.append(answer)
            if self.ended or not again:
                return

    def _count(self) -> None:
        self.sent += 1


@asynccontextmanager
async def guessing(
    server: Guarded, *, clients: int = GUESSING, again: bool = False
) -> AsyncIterator[Guessing]:
    """Clients that have begun to guess; with `again` each goes on until the block ends."""
    counted = Guessing()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(counted.guess(server, again=again)) for _ in range(clients)]
        await until(lambda: counted.answers and counted.sent >= clients)
        assert await status(server, None, path=OPEN) == 200  # after all that came before it
        yield counted
        counted.ended = True
        _, still = await asyncio.wait(running, timeout=2)
        for task in still:
            task.cancel()


@pytest.mark.small_sample
@pytest.mark.parametrize("again", [False, True], ids=["one guess each", "guess after guess"])
@pytest.mark.parametrize("address", [HERE, ELSEWHERE], ids=["same address", "another address"])
async def test_a_first_login_waits_for_a_few_checks_and_not_for_hundreds(
    tmp_path: Path, address: str, *, again: bool
) -> None:
    async with guarded(users(tmp_path)) as server, guessing(server, again=again) as guesses:
        before = len(guesses.answers)
        assert await status(server, AUTH, address=address) == 200
        assert len(guesses.answers) - before <= 5
        assert set(guesses.answers) == {401}


@pytest.mark.small_sample(0)
async def test_a_first_login_waits_for_one_check_where_checks_are_slow(tmp_path: Path) -> None:
    async with guarded(users(tmp_path, cost=13)) as server, guessing(server) as guesses:
        before = len(guesses.answers)
        assert await status(server, AUTH, address=ELSEWHERE) == 200
        assert len(guesses.answers) - before <= 2


async def test_cached_credentials_wait_for_no_check(tmp_path: Path) -> None:
    async with guarded(users(tmp_path, cost=13)) as server:
        assert await status(server, AUTH) == 200
        async with guessing(server) as guesses:
            before = len(guesses.answers)
            for _ in range(5):
                assert await status(server, AUTH) == 200
            assert len(guesses.answers) - before <= 1


@pytest.mark.parametrize("again", [False, True], ids=["one guess each", "guess after guess"])
async def test_beyond_the_queue_the_peer_that_fills_it_is_refused(
    tmp_path: Path, *, again: bool
) -> None:
    async with (
        guarded(users(tmp_path), most_waiting=10) as server,
        guessing(server, clients=50, again=again) as guesses,
    ):
        answers = await asyncio.gather(
            *(status(server, AUTH, address=ELSEWHERE) for _ in range(5)),
            status(server, None, path=OPEN),
        )
        assert set(answers) == {200}
        await until(lambda: len(guesses.answers) >= 50)
        assert guesses.answers.count(503) >= 35
        assert set(guesses.answers) == {401, 503}


@pytest.mark.small_sample(0)
async def test_a_connection_that_guesses_on_waits_behind_a_new_one(tmp_path: Path) -> None:
    async with guarded(users(tmp_path), most_waiting=20) as server, asyncio.TaskGroup() as tasks:
        answers: list[int] = []
        ended = asyncio.Event()
        for _ in range(30):
            tasks.create_task(guess_on(server, answers, ended))
        try:
            await until(lambda: answers.count(401) > 60)
            assert await status(server, AUTH) == 200
            assert 503 in answers
        finally:
            ended.set()


async def guess_on(server: Guarded, answers: list[int], ended: asyncio.Event) -> None:
    """Guess after guess on one connection."""
    async with server.client() as client:
        while not ended.is_set():
            answer = await client.ask(auth=basic("prometheus", f"guess {next(_NUMBERS)}"))
            answers.append(answer.status)


async def test_a_client_that_ends_its_side_is_checked_if_no_other_waits(tmp_path: Path) -> None:
    async with guarded(users(tmp_path)) as server:
        assert await status(server, AUTH, finish=True) == 200


async def test_clients_that_may_have_gone_cost_no_check_if_others_wait(tmp_path: Path) -> None:
    async with guarded(users(tmp_path, cost=12)) as server, guessing(server, clients=5):
        gone = [
            asyncio.create_task(status(server, basic("prometheus", f"gone {n}"), finish=True))
            for n in range(100)
        ]
        answers = await asyncio.gather(*gone)
        assert answers.count(503) >= 98


async def test_the_end_of_the_server_does_not_wait_for_the_queue(tmp_path: Path) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting: list[asyncio.Task[int | None]] = []
        async with guarded(users(tmp_path, cost=12)) as server:
            for n in range(GUESSING):
                guess = status(server, basic("prometheus", f"guess {n}"))
                waiting.append(tasks.create_task(guess))
            await until(lambda: any(each.done() for each in waiting))
    assert [each.result() for each in waiting].count(None) > GUESSING / 2


CHANGES = {
    "another password": (f"basic_auth_users: {{prometheus: {quick_hash('another')}}}\n", 401),
    "another user": (f"basic_auth_users: {{somebody: {quick_hash()}}}\n", 401),
    "the same password, hashed anew": (f"basic_auth_users: {{prometheus: {quick_hash()}}}\n", 200),
    "no users": ("{}\n", 200),
    "TLS": ("tls_server_config: {cert_file: c.pem, key_file: k.pem}\n", 403),
    "a fault": ("basic_auth_users: []\n", 200),
}


@pytest.mark.small_sample(2)
@pytest.mark.parametrize(("content", "expected"), CHANGES.values(), ids=CHANGES.keys())
async def test_a_check_counts_under_the_file_that_holds_when_it_ends(
    material: Material, content: str, expected: int
) -> None:
    file = users(material.folder, cost=13)
    others = set(threading.enumerate())
    async with guarded(file) as server:
        asking = asyncio.create_task(status(server, AUTH))
        await until(lambda: _is_checking(others))
        file.write_text(content)
        await server.guard.reload()
        assert not asking.done()
        assert await asking == expected


def _is_checking(others: set[threading.Thread]) -> bool:
    """Whether the thread that checks passwords has begun."""
    return any(
        each.name.startswith(PASSWORD_THREAD) for each in set(threading.enumerate()) - others
    )


def test_a_peer_is_an_ipv4_address_or_the_network_of_an_ipv6_address() -> None:
    caller = Caller.from_peername

    def peer(host: str) -> object:
        return caller((host, 1, 0, 0) if ":" in host else (host, 1)).peer

    assert peer("192.0.2.1") == peer("::ffff:192.0.2.1")
    assert peer("192.0.2.1") != peer("192.0.2.2")
    assert peer("2001:db8::1") == peer("2001:db8::ffff:0:0:1")
    assert peer("2001:db8::1") != peer("2001:db8:0:1::1")
    assert peer("fe80::1%eth0") == peer("fe80::2%eth0")
    assert caller("").peer == ""  # on a Unix socket
    assert caller(("192.0.2.1", 1)).connection != caller(("192.0.2.1", 2)).connection
