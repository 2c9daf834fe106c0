"""The simulator's command line: what it takes, what it explains, what it helps with."""

import inspect
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from exporter.simulator import Fault
from exporter.simulator.__main__ import main
from exporter.simulator.fault_flags import fault
from exporter.simulator.flags import parser

PROBLEM = "zstack-aios-exporter simulate: error: "


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        *(
            ("--listen", value, "write it like 127.0.0.1:8080")
            for value in (
                *("nonsense", "", "8080", "localhost:", "localhost:http", "127.0.0.1:65536"),
                *("::1:8080", "a b:1", "127.0.0.1:-1", "http://127.0.0.1:80"),
            )
        ),
        ("--services", "-5", "must not be negative"),
        ("--services", "many", "must be a whole number, not 'many'"),
        ("--services", "1.5", "must be a whole number, not '1.5'"),
        ("--seed", "x", "must be a whole number, not 'x'"),
        ("--max-sessions", "-1", "must not be negative"),
        ("--lock-after", "-1", "must not be negative"),
        ("--session-timeout", "0", "must be more than 0"),
        ("--session-timeout", "long", "must be a number, not 'long'"),
        ("--evolve", "0", "must be more than 0"),
        ("--evolve", "inf", "must be a number, not 'inf'"),
        ("--trouble", "-1", "must not be negative"),
        ("--trouble", "nan", "must be a number, not 'nan'"),
        ("--time-zone", "Mars/Phobos", "Mars/Phobos is no IANA time zone"),
        ("--time-zone", "../UTC", "../UTC is no IANA time zone"),
        ("--time-zone", "Asia", "Asia is no IANA time zone"),
        ("--fault", "earthquake", "unknown fault 'earthquake', try capped, "),
        ("--fault", "changing", "unknown fault 'changing'"),
        ("--fault", "slow", "slow needs seconds: slow:seconds=..."),
        ("--fault", "slow:seconds=soon", "slow: seconds must be a number, not 'soon'"),
        ("--fault", "slow:seconds=-1", "slow: seconds must not be negative"),
        ("--fault", "reset:times=2.5", "reset: times must be a whole number, not '2.5'"),
        ("--fault", "reset:time=2", "reset has no 'time', it takes operation, path, start, "),
        ("--fault", "error:self=1", "error has no 'self', it takes code, details, description, "),
        ("--fault", "html:status=999", "html:status=999: 999 is not a valid HTTPStatus"),
        ("--profile", "4.0", "invalid choice: '4.0'"),
    ],
)
def test_a_wrong_value_is_explained(
    flag: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([f"{flag}={value}"])

    printed = capsys.readouterr().err.splitlines()[-1]
    assert end.value.code == 2
    assert printed.startswith(f"{PROBLEM}argument {flag}: {message}")
    assert "()" not in printed
    assert "_" not in printed.removeprefix(f"{PROBLEM}argument {flag}: ").partition(", try ")[0]


def test_a_negative_number_may_stand_apart_from_its_flag(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--services", "-5"])

    assert capsys.readouterr().err.endswith("argument --services: must not be negative\n")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("nofile", None, "No such file or directory"),
        (".", None, "Is a directory"),
        ("latin", b"gr\xfc\xdfe", "not a file of UTF-8"),
    ],
)
def test_a_password_file_that_cannot_be_read_is_named(
    name: str,
    content: bytes | None,
    problem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as end:
        main(["--password-file", str(file)])

    printed = capsys.readouterr().err
    assert end.value.code == 2
    assert printed.endswith(f"{PROBLEM}argument --password-file: {file}: {problem}\n")
    assert "cannot listen" not in printed


def test_the_address_has_a_short_name_too() -> None:
    given = [["--web.listen-address", ":8081"], ["--listen", ":8081"]]
    assert {parser().parse_args(each).listen for each in given} == {("127.0.0.1", 8081)}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9", ("127.0.0.1", 9)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:65535", ("::1", 65535)),
        (":8081", ("127.0.0.1", 8081)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parser().parse_args(["--listen", text]).listen == address


def test_without_flags_every_knob_has_its_default() -> None:
    assert vars(parser().parse_args([])) == {
        "listen": ("127.0.0.1", 8080),
        "services": 300,
        "instance_groups": None,
        "model_centers": 4,
        "seed": 1,
        "profile": "5.5",
        "time_zone": "Asia/Shanghai",
        "date_style": "jdk8",
        "account": "admin",
        "password": None,
        "access_key_id": "1234567890abcdedfhij",
        "session_timeout": 7200.0,
        "max_sessions": 500,
        "unique_session": False,
        "lock_after": None,
        "check_time_zone": False,
        "fault": [],
        "evolve": None,
        "trouble": None,
    }


def test_a_fault_is_described_by_its_own_parameters() -> None:
    described = fault("error:code=ID.1002,details=no,operation=LogOut,page=2,times=3,lasting=1.5")

    assert described.kind == "error"
    assert (described.operation, described.page) == ("LogOut", 2)
    assert (described.times, described.lasting) == (3, 1.5)
    assert fault("wrong_total:by=-1").kind == "wrong_total"
    with pytest.raises(ArgumentTypeError):
        fault("changing")


def test_help_shows_every_default_and_fits_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = parser().format_help().splitlines()
    shown = " ".join(map(str.strip, lines))

    assert shown.count("(default: ") == 19
    assert "(default: 127.0.0.1:8080)" in shown
    assert "the release to imitate (default: 5.5)" in shown
    assert "None" not in shown
    assert max(map(len, lines)) <= 80


def test_help_has_a_line_for_each_kind_of_fault() -> None:
    lines = parser(columns=100).format_help().splitlines()
    kinds = {
        name: inspect.getdoc(made)
        for name, made in inspect.getmembers(Fault, inspect.ismethod)
        if name != "changing"
    }

    assert len(kinds) >= 20
    for kind, meaning in kinds.items():
        assert meaning
        (line,) = [line for line in lines if line.endswith(f"  {meaning}")]
        assert line.split()[0].partition(":")[0] == kind
    assert any(line.startswith("  slow:seconds=  ") for line in lines)
    assert any("capped:rows=100" in line for line in lines)
