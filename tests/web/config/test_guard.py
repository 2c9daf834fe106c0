"""The guard: headers of every answer, the rate, and a server without demands."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.settings import Fault, SettingsError
from exporter.web.config.config import WebConfig
from exporter.web.config.reading import read
from tests.support.material import quick_hash

from .guarded_server import AUTH, OPEN, Answer, guarded

HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "Strict-Transport-Security": "max-age=5",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "deny",
    "X-XSS-Protection": "0",
}
WITH_HEADERS = "http_server_config:\n  headers:\n" + "".join(
    f'    {name}: "{value}"\n' for name, value in HEADERS.items()
)
USERS = f"basic_auth_users:\n  prometheus: {quick_hash()}\n"


def file(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text)
    return path


def has_headers(answer: Answer) -> bool:
    return answer.headers.items() >= HEADERS.items()


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 200),
        ("/", "HEAD", 200),
        ("/stream", "GET", 200),
        ("/nowhere", "GET", 404),
        ("/", "DELETE", 405),
        ("/unavailable", "GET", 503),
        ("/bug", "GET", 500),
    ],
)
async def test_every_answer_has_the_headers(
    tmp_path: Path, path: str, method: str, status: int
) -> None:
    async with guarded(file(tmp_path, WITH_HEADERS + USERS)) as server:
        answer = await server.ask(path, auth=AUTH, method=method)
        assert answer.status == status
        assert has_headers(answer)


async def test_refusals_have_the_headers_too(tmp_path: Path) -> None:
    rate = "rate_limit: {interval: 1h, burst: 1}\n"
    async with guarded(file(tmp_path, WITH_HEADERS + USERS + rate)) as server:
        asked, limited = await server.ask(), await server.ask()
        assert (asked.status, limited.status) == (401, 429)
        assert has_headers(asked)
        assert has_headers(limited)


async def test_no_more_than_the_burst_at_once(tmp_path: Path) -> None:
    async with guarded(file(tmp_path, "rate_limit: {interval: 1h, burst: 3}\n")) as server:
        answers = await asyncio.gather(*(server.ask() for _ in range(10)))
        assert sorted(answer.status for answer in answers) == [200] * 3 + [429] * 7
        assert {answer.text for answer in answers} == {"fine\n", "Too Many Requests\n"}
        assert (await server.ask(OPEN)).status == 200


async def test_one_more_request_is_allowed_after_each_interval(tmp_path: Path) -> None:
    async with guarded(file(tmp_path, "rate_limit: {interval: 20ms, burst: 1}\n")) as server:
        let_in = 0
        async with asyncio.timeout(30), server.client() as client:
            while let_in < 5:
                let_in += (await client.ask()).status == 200


async def test_open_paths_do_not_count_for_the_rate(tmp_path: Path) -> None:
    async with guarded(file(tmp_path, "rate_limit: {interval: 1h, burst: 1}\n")) as server:
        for _ in range(5):
            assert (await server.ask(OPEN)).status == 200
        assert (await server.ask()).status == 200


async def test_without_a_file_nothing_is_demanded() -> None:
    async with guarded(None) as server:
        answer = await server.ask()
        assert answer.status == 200
        assert not answer.closes
        assert server.guard.tls is None
        assert await server.guard.reload() == ()
        assert server.reloads == []


async def test_an_empty_file_demands_nothing(tmp_path: Path) -> None:
    async with guarded(file(tmp_path, "")) as server:
        assert (await server.ask()).status == 200
        assert server.reloads == [True]


async def test_a_wrong_file_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a key of the web configuration"):
        async with guarded(file(tmp_path, "tls: {}\n")):
            pass


async def test_connections_are_kept(tmp_path: Path) -> None:
    async with guarded(file(tmp_path, USERS)) as server, server.client() as client:
        for _ in range(3):
            assert not (await client.ask(auth=AUTH)).closes


LINES = st.lists(
    st.sampled_from(
        [
            *("tls_server_config:", "http_server_config:", "rate_limit:", "basic_auth_users:"),
            *(
                "  cert_file: c.pem",
                "  key: x",
                "  client_ca: {",
                "  min_version: [",
                "  http2: on",
            ),
            *("  headers: &a", "    X-Frame-Options: *a", "  burst: 1", "  interval: .5h1m", "---"),
            *(
                "  cert: |",
                "  ? x",
                "  <<: *a",
                "  user: !!binary x",
                "'",
                "%YAML 1.2",
                f"%YAML 1.{'9' * 5000}",
                r'  user: "\U00110000"',
                r'  user: "\ud800"',
                "\t",
                "[" * 99,
            ),
            *("  client_allowed_sans: [~]", "  cipher_suites: [[]]", '  key_file: "\\0"'),
        ]
    ),
    max_size=12,
).map(lambda lines: "\n".join(lines).encode())


@given(st.one_of(LINES, st.binary(max_size=200), st.just(b"[" * 5000)))
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(content)
    assert all(str(path) in fault.where for fault in faults(path))


def faults(path: Path) -> tuple[Fault, ...]:
    try:
        assert isinstance(read(path), WebConfig)
    except SettingsError as error:
        return error.faults
    return ()
