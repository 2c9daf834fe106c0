"""The commands that print or write what the package carries."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exporter.cli.main import run

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules/zstack-aios.yml"
EXAMPLE = ROOT / "config.example.yaml"
DASHBOARDS = {file.name: file.read_bytes() for file in (ROOT / "grafana").glob("*.json")}


@pytest.mark.parametrize(("command", "file"), [("rules", RULES), ("config", EXAMPLE)])
def test_it_is_printed_as_it_is(
    command: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command]) == 0
    printed = capsys.readouterr().out
    assert printed == file.read_text("utf-8")
    assert yaml.safe_load(printed)


@pytest.mark.parametrize(("command", "file"), [("rules", RULES), ("config", EXAMPLE)])
def test_it_is_written_to_a_folder_that_is_made(command: str, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "prometheus"
    assert run([command, "--output", str(folder)]) == 0
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == {
        file.name: file.read_bytes()
    }


def test_every_dashboard_is_written_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dashboards", "--output", str(tmp_path)]) == 0
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == DASHBOARDS
    assert len(DASHBOARDS) >= 5
    assert capsys.readouterr().out.split() == [str(tmp_path / name) for name in sorted(DASHBOARDS)]


def test_a_file_that_differs_stays_and_nothing_is_written_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "updates.json"
    kept.write_text("{}")
    assert run(["dashboards", "--output", str(tmp_path)]) == 1
    assert kept.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [kept]
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "",
        f"zstack-aios-exporter: {kept}: exists and differs; --overwrite replaces it\n",
    )


def test_it_is_replaced_on_request(tmp_path: Path) -> None:
    kept = tmp_path / "updates.json"
    kept.write_text("{}")
    kept.chmod(0o640)
    assert run(["dashboards", "--output", str(tmp_path), "--overwrite"]) == 0
    assert json.loads(kept.read_text())["panels"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_writing_the_same_again_is_no_failure(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(["rules", "--output", str(tmp_path)]) == 0


@pytest.mark.parametrize("place", ["file", "file/folder"])
def test_a_folder_that_cannot_be_made_is_named(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(["rules", "--output", str(tmp_path / place)]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_dashboards_need_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["dashboards"])
    assert ended.value.code == 2
    assert "--output" in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_failure_that_shows() -> None:
    command = f"{sys.executable} -m exporter rules | head -n 1"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True)
    assert ran.stdout == RULES.read_text("utf-8").splitlines(keepends=True)[0]
    assert ran.stderr == ""


def test_a_full_disk_is_named_with_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "zstack-aios.yml").symlink_to("/dev/full")
    assert run(["rules", "--output", str(tmp_path), "--overwrite"]) == 1
    assert "zstack-aios.yml: No space left on device" in capsys.readouterr().err
