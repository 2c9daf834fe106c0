"""Passwords: which are accepted, how long a check takes, and what it costs other clients."""

import asyncio
import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import process_time

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.config.hashing import hash_fault, hashed
from exporter.web.config.reading import read
from tests.support.material import PASSWORD, quick_hash

from .guarded_server import AUTH, OPEN, Guarded, basic, guarded

TRIES = 5


def users(folder: Path, **hashes: str) -> Path:
    lines = "".join(f"  {user}: {hash_}\n" for user, hash_ in hashes.items())
    file = folder / "web.yml"
    file.write_text(f"basic_auth_users:\n{lines}")
    return file


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """One user, whose hash takes a millisecond."""
    return users(tmp_path, prometheus=quick_hash())


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """One user, whose hash has the usual cost."""
    return users(tmp_path, prometheus=hashed(PASSWORD))


async def cost(server: Guarded, auth: str | None, status: int) -> float:
    """Seconds of this process' CPUs that an answer takes, however busy the machine is."""
    began = process_time()
    assert (await server.ask(auth=auth)).status == status
    return process_time() - began


async def test_the_right_password_is_let_in(quick: Path) -> None:
    async with guarded(quick) as server:
        answer = await server.ask(auth=AUTH)
        assert (answer.status, answer.text) == (200, "fine\n")


@pytest.mark.parametrize(
    "auth",
    [None, basic("prometheus", "wrong"), basic("prometheus", ""), basic("nobody", PASSWORD)],
    ids=["none", "wrong password", "empty password", "unknown user"],
)
async def test_any_other_credentials_get_401(quick: Path, auth: str | None) -> None:
    async with guarded(quick) as server:
        answer = await server.ask(auth=auth)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Basic"
        assert answer.text == "Unauthorized\n"


@pytest.mark.parametrize("path", ["/", "/stream", "/bug", "/nowhere"])
async def test_every_path_needs_a_password(quick: Path, path: str) -> None:
    async with guarded(quick) as server:
        assert (await server.ask(path)).status == 401
        assert (await server.ask(path, method="DELETE")).status == 401


async def test_open_paths_need_none(quick: Path) -> None:
    async with guarded(quick) as server:
        assert (await server.ask(OPEN)).status == 200
        assert (await server.ask(OPEN, auth=basic("nobody", "wrong"))).status == 200
        assert (await server.ask(OPEN, method="POST")).status == 401


@pytest.mark.parametrize(
    "target", ["/-/healthy/", "//-/healthy", "/x/../-/healthy", "/?/-/healthy"]
)
async def test_what_looks_like_an_open_path_needs_one(quick: Path, target: str) -> None:
    async with guarded(quick) as server:
        request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await server.raw(request.encode())).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("version", ["2a", "2b", "2y"])
async def test_hashes_of_every_program_are_accepted(tmp_path: Path, version: str) -> None:
    hash_ = quick_hash().replace("$2b$", f"${version}$")
    async with guarded(users(tmp_path, prometheus=hash_)) as server:
        assert (await server.ask(auth=AUTH)).status == 200


async def test_each_user_has_a_password_of_its_own(tmp_path: Path) -> None:
    file = users(tmp_path, one=quick_hash("first"), two=quick_hash("second"))
    async with guarded(file) as server:
        assert (await server.ask(auth=basic("one", "first"))).status == 200
        assert (await server.ask(auth=basic("two", "second"))).status == 200
        assert (await server.ask(auth=basic("one", "second"))).status == 401
        assert (await server.ask(auth=basic("two", "first"))).status == 401


async def test_a_known_password_opens_nothing_under_another_name(quick: Path) -> None:
    async with guarded(quick) as server:
        assert (await server.ask(auth=AUTH)).status == 200
        assert (await server.ask(auth=basic("nobody", PASSWORD))).status == 401
        assert (await server.ask(auth=basic("", PASSWORD))).status == 401


async def test_only_the_first_72_bytes_count_as_in_go(tmp_path: Path) -> None:
    file = users(tmp_path, prometheus=quick_hash("x" * 72))
    async with guarded(file) as server:
        assert (await server.ask(auth=basic("prometheus", "x" * 100))).status == 200
        assert (await server.ask(auth=basic("prometheus", "x" * 71))).status == 401
        assert (await server.ask(auth=basic("prometheus", "é" * 100))).status == 401


async def test_a_password_may_be_in_any_script_and_have_colons(tmp_path: Path) -> None:
    file = users(tmp_path, prometheus=quick_hash("密码:é:"))
    async with guarded(file) as server:
        assert (await server.ask(auth=basic("prometheus", "密码:é:"))).status == 200


async def test_an_unknown_user_takes_as_long_as_a_wrong_password(slow: Path) -> None:
    async with guarded(slow) as server:
        without, unknown, wrong = [], [], []
        for n in range(TRIES):
            without.append(await cost(server, None, 401))
            unknown.append(await cost(server, basic(f"nobody {n}", "wrong"), 401))
            wrong.append(await cost(server, basic("prometheus", f"wrong {n}"), 401))
        assert min(wrong) / 2 < min(unknown) < min(wrong) * 2
        assert min(without) < min(wrong) / 2


async def test_the_result_of_a_check_is_cached(slow: Path) -> None:
    async with guarded(slow) as server:
        for auth, status in ((AUTH, 200), (basic("prometheus", "wrong"), 401)):
            first = await cost(server, auth, status)
            again = min([await cost(server, auth, status) for _ in range(TRIES)])
            assert again < first / 2


async def test_equal_passwords_at_once_are_checked_once(slow: Path) -> None:
    async with guarded(slow) as server:
        single = await cost(server, basic("prometheus", "wrong"), 401)
        began = process_time()
        answers = await asyncio.gather(*(server.ask(auth=AUTH) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert process_time() - began < 10 * single


async def test_guesses_evict_no_right_password_from_the_cache(tmp_path: Path) -> None:
    file = users(tmp_path, prometheus=hashed(PASSWORD), other=quick_hash())
    async with guarded(file) as server:
        first = await cost(server, AUTH, 200)
        async with server.client() as client:
            for n in range(150):
                assert (await client.ask(auth=basic("other", f"guess {n}"))).status == 401
        assert min([await cost(server, AUTH, 200) for _ in range(TRIES)]) < first / 2


async def test_others_are_served_while_passwords_are_checked(slow: Path) -> None:
    async with guarded(slow) as server:
        guesses = asyncio.gather(
            *(server.ask(auth=basic("prometheus", f"guess {n}")) for n in range(20))
        )
        served = 0
        async with server.client() as client:
            while not guesses.done():
                assert (await client.ask(OPEN)).status == 200
                served += 1
        assert {answer.status for answer in await guesses} == {401}
        # on the event loop, each guess would have let at most a few through
        assert served > 60


async def test_passwords_are_checked_though_every_other_thread_is_busy(quick: Path) -> None:
    async with guarded(quick) as server:
        release = threading.Event()
        pool = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(pool)
        busy = asyncio.get_running_loop().run_in_executor(None, release.wait)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                b"Authorization: " + AUTH.encode() + b"\r\n\r\n"
            )
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
            await writer.wait_closed()
        finally:
            release.set()
            await busy


async def test_a_client_that_hung_up_costs_no_check(slow: Path) -> None:
    async with guarded(slow) as server:
        single = await cost(server, basic("prometheus", "wrong"), 401)
        for n in range(60):
            guess = basic("prometheus", f"guess {n}")
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {guess}\r\n\r\n".encode())
            await writer.drain()
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()
        assert await cost(server, AUTH, 200) < 30 * single


REFUSED = {
    "nothing": b"",
    "scheme alone": b"Basic",
    "another scheme": b"Bearer " + base64.b64encode(b"prometheus:" + PASSWORD.encode()),
    "no base64": b"Basic !!!!",
    "base64 cut short": b"Basic cHJvbWV0aGV1czp",
    "no colon": b"Basic " + base64.b64encode(b"prometheus"),
    "no UTF-8": b"Basic " + base64.b64encode(b"\xff\xfe:\xff"),
    "bytes that are no text": b"Basic \xff\xfe",
    "null bytes": b"Basic " + base64.b64encode(b"prometheus:\0\0"),
    "surrogate": b"Basic " + base64.b64encode(b"prometheus:\xed\xa0\x80"),
    "a page of it": b"Basic " + base64.b64encode(b"prometheus:" + b"x" * 4000),
}


async def refused(server: Guarded, authorization: bytes) -> bytes:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
    return await server.raw(head + authorization + b"\r\n\r\n")


@pytest.mark.parametrize("authorization", REFUSED.values(), ids=REFUSED)
async def test_any_other_header_gets_401(quick: Path, authorization: bytes) -> None:
    async with guarded(quick) as server:
        assert (await refused(server, authorization)).startswith(b"HTTP/1.1 401 ")


async def test_the_scheme_may_be_in_any_case(quick: Path) -> None:
    async with guarded(quick) as server:
        authorization = AUTH.replace("Basic", "bAsIc").encode()
        assert (await refused(server, authorization)).startswith(b"HTTP/1.1 200 ")


SENT = st.one_of(
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda text: b"Basic " + base64.b64encode(text)),
    st.text(max_size=40).map(lambda text: b"basic " + base64.b64encode(f"{text}:{text}".encode())),
).map(lambda header: header.translate(None, b"\r\n"))


@settings(max_examples=15)
@given(st.lists(SENT, min_size=10, max_size=20))
def test_no_header_causes_a_server_error(
    tmp_path_factory: pytest.TempPathFactory, headers: list[bytes]
) -> None:
    async def ask_all() -> None:
        file = users(tmp_path_factory.mktemp("users"), prometheus=quick_hash())
        async with guarded(file) as server:
            for header in headers:
                answer = await refused(server, header)
                # 400 is aiohttp's, for control characters
                assert answer[:13] in {b"HTTP/1.1 401 ", b"HTTP/1.1 400 ", b"HTTP/1.0 400 "}

    asyncio.run(ask_all())


def test_a_password_is_hashed_for_the_file() -> None:
    hash_ = hashed(PASSWORD)
    assert hash_fault(hash_) is None
    assert bcrypt.checkpw(PASSWORD.encode(), hash_.encode())
    assert hash_ != hashed(PASSWORD)


@pytest.mark.parametrize("password", ["", "x" * 73, "é" * 37, "\ud800x"])
def test_an_impossible_password_is_refused_and_not_quoted(password: str) -> None:
    with pytest.raises(ValueError, match="the password is ") as refusal:
        hashed(password)
    assert "x" not in str(refusal.value).replace("text", "")
    assert refusal.value.__cause__ is None


def test_no_repr_has_a_secret(quick: Path) -> None:
    assert quick_hash() not in repr(read(quick))
