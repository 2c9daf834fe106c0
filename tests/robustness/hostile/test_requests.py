"""Paths, methods, sizes and names of any kind: the right status, and none of it in the answer."""

import asyncio
from urllib.parse import quote

import pytest

from .raw_http import Answer, ask, connected
from .requests import METHODS, TRICKS
from .running import Running

pytestmark = pytest.mark.asyncio(loop_scope="module")

GETS = (
    *("/", "/api/v1/status", "/metrics", "/probe?target=default", "/sd/targets"),
    *("/-/healthy", "/-/ready"),
)

GIANTS = {
    "many headers": b"".join(b"X-%d: y\r\n" % n for n in range(20_000)),
    "many equal headers": b"X: y\r\n" * 20_000,
    "a long value": b"X: " + b"y" * 1_000_000 + b"\r\n",
    "a long name": b"X" * 1_000_000 + b": y\r\n",
    "a long cookie": b"Cookie: " + b"a=b; " * 100_000 + b"\r\n",
}
LINES = {
    "a long path": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    "a long query": b"GET /metrics?" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    "a long method": b"A" * 1_000_000 + b" / HTTP/1.1\r\nHost: here\r\n\r\n",
    "no end of lines": b"\r\n" * 200_000 + b"\0",
}

SCRIPT = "<script>alert(1)</script>"
NAMES = (
    "http://{address}/",
    "//{address}/",
    "{address}",
    "file:///etc/passwd",
    "DEFAULT",
    "default ",
    "default\0",
    "default/../default",
    "a" * 8000,
    "default\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    SCRIPT,
    "\u2028\ufeff\ud7ff",
    "\udcff",
)


async def answer_to(
    exporter: Running, target: str, *, method: str = "GET", headers: bytes = b""
) -> Answer:
    line = f"{method} {target} HTTP/1.1\r\nHost: here\r\n".encode()
    answer = await ask(exporter.address, line + headers + b"\r\n")
    assert answer is not None, f"{method} {target[:80]}"
    return answer


def assert_harmless(answer: Answer) -> None:
    """A browser that was led here would show what it got as text, and take nothing else of it."""
    kind, _, _ = answer.headers["Content-Type"].partition(";")
    assert kind in {"text/plain", "application/json", "text/html"}
    assert kind != "text/html" or "Content-Security-Policy" in answer.headers
    assert not {"Set-Cookie", "Location", "Refresh"} & answer.headers.keys()
    assert not any(name.startswith("Access-Control-") for name in answer.headers)


async def test_a_path_is_exactly_a_route_or_is_not_found(exporter: Running) -> None:
    for status, targets in TRICKS.items():
        for target in targets:
            answer = await answer_to(exporter, target)
            assert answer.status == status, (target[:80], answer)
            assert_harmless(answer)


async def test_what_is_there_is_got_and_nothing_else(exporter: Running) -> None:
    for status, methods in METHODS.items():
        for method in methods:
            for target in GETS:
                answer = await answer_to(exporter, target, method=method)
                assert answer.status == status, (method[:80], target, answer)
                assert_harmless(answer)
                assert answer.headers.get("Allow") == ("GET,HEAD" if status == 405 else None)


async def test_a_trace_does_not_echo_a_request(exporter: Running) -> None:
    secret = b"Authorization: Basic c2VjcmV0\r\n"
    answer = await answer_to(exporter, "/metrics", method="TRACE", headers=secret)
    assert answer.status == 405
    assert b"c2VjcmV0" not in answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_head_that_is_too_large_is_refused_and_costs_no_memory(
    exporter: Running, method: str
) -> None:
    before = exporter.memory()
    start = f"{method} /metrics HTTP/1.1\r\nHost: here\r\n".encode()
    heads = [start + giant + b"\r\n" for giant in GIANTS.values()] + list(LINES.values())
    answers = await asyncio.gather(*(refusal(exporter, head) for head in heads * 5))
    assert {each and each.text for each in answers} <= {"Bad Request\n", None}
    assert exporter.memory("VmHWM") < before + 30
    assert (await answer_to(exporter, "/-/healthy")).status == 200


async def refusal(exporter: Running, head: bytes) -> Answer | None:
    """None where the connection was reset before the answer was read, as more was on its way."""
    async with connected(exporter.address) as connection:
        connection.send(head)
        answer = await connection.answer()
        assert await connection.answers() == [], "more than one answer"
        return answer


async def test_a_probe_takes_names_and_goes_nowhere(exporter: Running) -> None:
    asked: list[object] = []
    trap = await asyncio.start_server(lambda *them: asked.append(them), "127.0.0.1", 0)
    host, port = trap.sockets[0].getsockname()
    async with trap:
        for name in NAMES:
            named = name.format(address=f"{host}:{port}")
            target = f"/probe?target={quote(named, errors='surrogateescape')}"
            answer = await answer_to(exporter, target)
            assert answer.status == 404, (named, answer)
            assert answer.text == "no target of this name is configured\n"
            assert_harmless(answer)
        for target in ("/probe", "/probe?", "/probe?target", "/probe?target=", "/probe?Target=a"):
            assert (await answer_to(exporter, target)).status == 400
        assert (await answer_to(exporter, "/probe?target=default&target=a")).status == 200
        assert (await answer_to(exporter, "/probe?target=a&target=default")).status == 404
        assert (await answer_to(exporter, f"/probe?target={'a' * 9000}")).status == 400
        absolute = f"http://{host}:{port}/probe?target=default"
        assert (await answer_to(exporter, absolute)).status == 200
    assert not asked


@pytest.mark.small_sample
@pytest.mark.parametrize(
    "headers",
    [
        f"Expect: {SCRIPT}",
        f"Accept-Language: {SCRIPT}\r\nAccept: {SCRIPT}\r\nAccept-Encoding: {SCRIPT}",
        f"X-Forwarded-Host: {SCRIPT}\r\nForwarded: host={SCRIPT}\r\nReferer: {SCRIPT}",
        f"Authorization: {SCRIPT}\r\nCookie: {SCRIPT}\r\nOrigin: {SCRIPT}",
    ],
)
async def test_no_header_comes_back_in_a_page(exporter: Running, headers: str) -> None:
    for target in (*GETS, f"/?search={quote(SCRIPT)}&target={quote(SCRIPT)}", f"/{SCRIPT}"):
        answer = await answer_to(exporter, target, headers=f"{headers}\r\n".encode())
        assert_harmless(answer)
        if answer.headers["Content-Type"].startswith("text/html"):
            assert SCRIPT not in answer.text
