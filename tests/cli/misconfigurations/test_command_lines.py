"""Command lines that are wrong: which argument, and which one was meant."""

from typing import Final

import pytest

from exporter.cli.main import run

from .case import SECRET

_LINES: Final = {
    "chekc": ("'chekc': is not a command", "did you mean check?"),
    "serv": ("'serv': is not a command", "did you mean serve?"),
    "start": ("'start': is not a command", "--help lists serve"),
    "frobnicate": ("'frobnicate': is not a command", "--help lists"),
    "check --jsn": ("check: unknown flag --jsn", "did you mean --json?"),
    "once --outptu page.prom": ("once: unknown flag --outptu", "did you mean --output?"),
    "simulate --servces 3": ("simulate: unknown flag --servces", "did you mean --services?"),
    "healthy --ulr x": ("healthy: unknown flag --ulr", "did you mean --url?"),
    "-v": ("unknown flag -v", "did you mean -V?"),
    "--web.listen-adress :1": ("unknown flag --web.listen-adress", "mean --web.listen-address?"),
    "--config-file x": ("unknown flag --config-file", "did you mean --config.file?"),
    "--target.interval": ("--target.interval: expected one argument", "see --help"),
    f"--target.password {SECRET}": ("--target.password: a secret is not", "--target.password-file"),
    f"--target.password={SECRET}": ("--target.password: a secret is not", "TARGET__PASSWORD"),
    f"--target.pasword={SECRET}": ("unknown flag --target.pasword", "did you mean --target.pass"),
    f"{SECRET}": ("is not a command", "--help lists"),
    f"check {SECRET}": ("there is an argument that belongs to no flag", "see --help"),
}


@pytest.mark.parametrize("line", _LINES)
def test_one_line_names_the_argument_and_the_one_that_was_meant(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = run(line.split())
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr().err
    assert code == 2
    assert len(printed.splitlines()) == 1
    assert all(each in printed for each in _LINES[line]), printed
    assert line == SECRET or SECRET not in printed
