"""The state file on a real disk: replaced whole, locked, and set aside where it is broken."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from exporter.polling import state_document
from exporter.polling.state_document import TargetState, encode
from exporter.polling.state_file import StateFile, StateInUseError, check_state
from exporter.settings import SettingsError

STATES: Final = {
    "lab": TargetState("http://10.0.0.5:8080", {"a1": 1.75e9, "b2": 1749109649.123456})
}
LAB: Final[dict[str, Any]] = {"url": "http://a", "pending_since": {"a1": 1.0}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def names(path: Path) -> set[str]:
    return {each.name for each in path.parent.iterdir()}


def written(path: Path, content: bytes) -> None:
    file = StateFile(path)
    file.write(content)
    file.close()


def test_what_was_written_is_read_to_the_last_digit(path: Path) -> None:
    written(path, encode(STATES))
    file = StateFile(path)
    assert file.read() == STATES
    file.close()
    assert json.loads(path.read_bytes())["format"] == 1


def test_only_its_own_user_may_read_it_and_nothing_unfinished_is_left(path: Path) -> None:
    path.with_name("state.json.new").write_text("left by a process that was killed")
    written(path, encode(STATES))
    assert names(path) == {"state.json", "state.json.lock"}
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_a_missing_file_holds_nothing(path: Path) -> None:
    file = StateFile(path)
    assert file.read() == {}
    file.close()
    assert check_state(path) == {}


BROKEN: Final = {
    "empty": b"",
    "cut off": encode(STATES)[:-7],
    "no JSON": b"\xff\xfe\0",
    "a list": b"[]",
    "of another program": b'{"version": 3}',
    "of a newer release": b'{"format": 2, "targets": {"lab": 1}}',
    "of no format": b'{"format": 0, "targets": {}}',
    "nested deeply": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b', "format": 1, "targets": {}}',
    "without targets": b'{"format": 1}',
    "a date that is none": json.dumps(
        {"format": 1, "targets": {"lab": LAB | {"pending_since": {"a1": "x"}}}}
    ).encode(),
    "a date before all dates": json.dumps(
        {"format": 1, "targets": {"lab": LAB | {"pending_since": {"a1": -1}}}}
    ).encode(),
    "a date that is too large": json.dumps(
        {"format": 1, "targets": {"lab": LAB | {"pending_since": {"a1": 1e300}}}}
    ).encode(),
    "a long uuid": json.dumps(
        {"format": 1, "targets": {"lab": LAB | {"pending_since": {"a" * 65: 1}}}}
    ).encode(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_set_aside_as_it_is_and_the_log_says_so(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="state"):
        check_state(path)
    with capture_logs() as logs:
        file = StateFile(path)
        assert file.read() == {}
        file.close()
    [line] = logs
    assert line["log_level"] == "error"
    assert line["event"] == "state file set aside"
    aside = Path(line["aside"])
    assert aside.name.startswith("state.json.broken-")
    assert aside.read_bytes() == content
    assert not path.exists()
    written(path, encode(STATES))
    assert check_state(path) == STATES


def test_that_a_newer_release_wrote_it_is_the_reason_given(path: Path) -> None:
    path.write_bytes(BROKEN["of a newer release"])
    with pytest.raises(SettingsError, match=r"written by a newer release \(format 2\)"):
        check_state(path)


def test_fields_of_a_later_release_of_the_same_format_are_no_fault(path: Path) -> None:
    content = {"format": 1, "more": [1], "targets": {"lab": LAB | {"other": {}}}}
    path.write_text(json.dumps(content))
    assert check_state(path)["lab"].pending_since == {"a1": 1.0}


def test_a_file_larger_than_any_that_is_written_is_not_read(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(state_document.MOST_BYTES + 1)
    with pytest.raises(SettingsError, match="has more than 134217728 bytes"):
        check_state(path)


def test_it_is_written_and_safe_before_it_takes_the_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("folder" if is_folder else f"file of {os.fstat(descriptor).st_size}")
        calls.append(f"{'state.json' in names(path)}")

    monkeypatch.setattr(os, "fsync", fsync)
    content = encode(STATES)
    written(path, content)
    assert calls == [f"file of {len(content)}", "False", "folder", "True"]


def test_where_it_cannot_be_written_the_old_content_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, encode(STATES))

    def fsync(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = StateFile(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match="No space"):
            file.write(encode({}))
    assert file.read() == STATES
    assert names(path) == {"state.json", "state.json.lock"}
    file.close()


def test_more_than_a_file_may_have_is_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.polling.state_file.MOST_BYTES", 20)
    file = StateFile(path)
    with pytest.raises(OSError, match="more state"):
        file.write(encode(STATES))
    file.close()
    assert not path.exists()


def test_one_process_has_it_until_it_closes_it(path: Path) -> None:
    first = StateFile(path)
    with pytest.raises(StateInUseError, match="another exporter uses it; end the other one"):
        StateFile(path)
    first.close()
    StateFile(path).close()


def test_a_process_that_is_killed_leaves_no_lock(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from exporter.polling.state_file import StateFile;"
        "file = StateFile(Path(sys.argv[1])); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(StateInUseError):
            StateFile(path)
        process.kill()
    StateFile(path).close()


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "missing folder", "file for a folder"])
def test_what_is_no_file_is_a_fault_of_the_setting(path: Path, kind: str) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(path.with_name("elsewhere"))
    else:
        path = path / "state.json"
        if kind == "file for a folder":
            path.parent.write_text("")
    with pytest.raises(SettingsError, match=r"state.file: .*name a file in a folder that"):
        StateFile(path).read()
