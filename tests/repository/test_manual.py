"""The manual page: that of the commands as they are, and one that roff takes."""

import shutil
import subprocess

import pytest

from docs import manual
from docs.rewriting import ROOT
from exporter.cli.command import COMMANDS
from exporter.settings import Settings, declared

PAGE = (ROOT / manual.PAGE).read_text("utf-8")


def formatted() -> str:
    """The page as a terminal shows it, in one long line; it must be without a warning."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff here")
    command = (groff, "-ww", "-man", "-Tascii", "-P-cbou", "-rLL=500n", str(ROOT / manual.PAGE))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("columns", ["60", "200"])
def test_it_is_current_on_a_terminal_of_any_width(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert manual.manual() == PAGE


def test_roff_has_nothing_to_warn_of() -> None:
    assert formatted().startswith("ZSTACK-AIOS-EXPORTER(1)")


def test_it_has_every_command_and_every_setting() -> None:
    shown = formatted()
    for name in COMMANDS:
        assert f" {name} " in shown
    for setting in declared(Settings):
        assert setting.environment in shown
        assert setting.description in shown
        assert (setting.flag or setting.key).removeprefix("--") in shown
