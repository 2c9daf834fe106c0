"""The hash of a password, for the web configuration file."""

import asyncio
import signal

import bcrypt
import pytest

from tests.support.commands import start
from tests.support.terminal import on_terminal

pytestmark = pytest.mark.usefixtures("measured_processes")

PASSWORD = "correct horse, battery stäple"


async def hashed(typed: bytes) -> tuple[int | None, str, str]:
    process = await start("hash-password")
    out, err = await process.communicate(typed)
    return process.returncode, out.decode(), err.decode()


async def test_the_hash_of_a_line_that_is_piped_in_fits_it_alone() -> None:
    code, out, _ = await hashed(f"{PASSWORD}\nmore\n".encode())
    assert code == 0
    hash_ = out.strip().encode()
    assert bcrypt.checkpw(PASSWORD.encode(), hash_)
    assert not bcrypt.checkpw(b"another", hash_)


@pytest.mark.small_sample(2)
@pytest.mark.parametrize(
    ("typed", "expected"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"x" * 73, "72 bytes"), (b"\xff\xfe\n", "UTF-8")],
    ids=["nothing", "an empty line", "too long", "no text"],
)
async def test_what_cannot_be_hashed_is_reported_and_not_quoted(
    typed: bytes, expected: str
) -> None:
    code, out, err = await hashed(typed)
    assert code == 2
    assert expected in err
    assert out == ""
    assert "xxx" not in err
    assert "Traceback" not in err


async def test_a_password_is_asked_for_twice_without_echo() -> None:
    answers = (("Password: ", PASSWORD), ("Again: ", PASSWORD))
    code, shown = await asyncio.to_thread(on_terminal, "hash-password", answers=answers)
    assert PASSWORD not in shown
    assert code == 0
    assert bcrypt.checkpw(PASSWORD.encode(), shown.splitlines()[-1].encode())


async def test_two_passwords_that_differ_are_refused() -> None:
    answers = (("Password: ", PASSWORD), ("Again: ", "another"))
    code, shown = await asyncio.to_thread(on_terminal, "hash-password", answers=answers)
    assert code == 2
    assert "the two are not the same" in shown


async def test_the_echo_of_a_terminal_is_restored_after_an_interrupt() -> None:
    answers = (("Password: ", "\x03"),)  # Ctrl-C
    code, shown = await asyncio.to_thread(on_terminal, "hash-password", answers=answers)
    assert code == 128 + signal.SIGINT
    assert "Traceback" not in shown
