"""Targets files: which are read, what is wrong with them, and who has a name."""

import os
from pathlib import Path

import pytest

from exporter.settings import TargetSettings, load
from exporter.settings.looks import look
from exporter.settings.targets_files import Readings, TargetsFile, all_targets, contributions, read

from .loading import TARGET, E, Write, complaint

GOOD = "{url: http://a, session_uuid: s}\n"


def files_of(folder: Path, pattern: str = "*.yaml") -> tuple[TargetsFile, ...]:
    return contributions((), readings_of(folder, pattern), {})


def readings_of(folder: Path, pattern: str = "*.yaml") -> Readings:
    return read(look((f"{folder}/{pattern}",)), {})


def fault_in(folder: Path, text: str) -> str:
    """The one fault of a file with this text."""
    (folder / "a.yaml").write_text(text)
    [file] = files_of(folder)
    [fault] = file.faults
    assert not file.targets
    return str(fault)


def test_globs_are_a_list_in_the_file_and_separated_by_commas_in_the_environment(
    file: Write,
) -> None:
    in_file = load(file("targets_files: [/a/*.yaml, /b.yaml]"), {})
    in_environment = load({}, {f"{E}TARGETS_FILES": "/a/*.yaml,/b.yaml"})
    by_flags = load({"targets_files": ["/a/*.yaml", "/b.yaml"]}, {})
    for settings in (in_file, in_environment, by_flags):
        assert settings.targets_files == ("/a/*.yaml", "/b.yaml")
        assert not settings.named_targets


@pytest.mark.parametrize("globs", ["targets/*.yaml", "[targets/*.yaml]"])
def test_relative_globs_count_from_the_folder_of_the_configuration_file(
    tmp_path: Path, globs: str
) -> None:
    folder = tmp_path / "with [brackets]"
    (folder / "targets").mkdir(parents=True)
    (folder / "targets" / "a.yaml").write_text(f"a: {GOOD}")
    (folder / "exporter.yml").write_text(f"targets_files: {globs}")
    settings = load({"config": {"file": folder / "exporter.yml"}}, {})
    assert [*look(settings.targets_files).stamps] == [str(folder / "targets" / "a.yaml")]


def test_one_target_and_files_of_targets_contradict_each_other() -> None:
    reported = complaint({"target": TARGET, "targets_files": ["*.yaml"]})
    assert reported.startswith("target: ")
    assert "is given together with targets_files; move it into targets: or into" in reported


@pytest.mark.parametrize(
    ("globs", "expected"),
    [("[]", "must not be empty"), ('["a", ""]', "is empty"), ("{a: b}", "must be a list")],
)
def test_wrong_globs_are_faults(file: Write, globs: str, expected: str) -> None:
    assert expected in complaint(file(f"targets_files: {globs}"))


def test_a_misspelt_variable_is_told_how_several_targets_are_set() -> None:
    assert f"{E}TARGETS_FILES" in complaint({"target": TARGET}, {f"{E}TARGETS_FILE": "x"})


def test_a_file_has_targets_by_name_and_its_paths_count_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("lab: {url: http://a, account: x, password_file: secrets/lab}")
    [file] = files_of(tmp_path)
    assert [*file.targets] == ["lab"]
    assert file.targets["lab"].password_file == tmp_path / "secrets/lab"


@pytest.mark.parametrize("text", ["", "# none yet\n", "{}\n"])
def test_a_file_may_have_no_targets(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    [file] = files_of(tmp_path)
    assert (file.targets, file.faults) == ({}, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"lab: {GOOD}\nother:\n  url: http://a\n  interval: soon\n  session_uuid: s\n",
            "other.interval (in {file}, line 5): is not a duration",
        ),
        ("lab:\n  session_uuid: s\n", "lab.url (in {file}, line 1): is missing; set lab.url in"),
        ("lab: http://a\n", "lab (in {file}, line 1): must be a mapping of settings"),
        ("- lab\n", "{file}: must be a mapping of names to targets; begin it with the name of"),
        ("lab: {\n", "{file}, line 2, column 1: is not usable YAML"),
        (f"lab: {GOOD}lab: {GOOD}", "{file}, line 2, column 1: is not usable YAML: a key is rep"),
        (f"a/b: {GOOD}", '"a/b" (in {file}, line 1): is not a name that a target can have'),
        (f"上海/1: {GOOD}", '"上海/1" (in {file}, line 1): is not a name that a target can have'),
        (
            f"targets:\n  lab: {GOOD}",
            "targets (in {file}, line 1): does not stand in a targets file; remove this line",
        ),
    ],
)
def test_a_fault_has_the_file_and_the_line(tmp_path: Path, text: str, expected: str) -> None:
    assert fault_in(tmp_path, text).startswith(expected.format(file=tmp_path / "a.yaml"))


def test_a_fault_quotes_no_secret(tmp_path: Path) -> None:
    text = "lab: {url: http://a, session_uuid: {hunter2canary: x}, hunter2 canary: y}\n"
    (tmp_path / "a.yaml").write_text(text)
    [file] = files_of(tmp_path)
    assert file.faults
    assert "canary" not in "".join(map(str, file.faults))


def test_what_cannot_be_read_is_a_fault_and_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "text.yaml").write_bytes(b"\xff")
    found = {file.file.rpartition("/")[2]: str(file.faults[0]) for file in files_of(tmp_path)}
    assert [*found] == ["link.yaml", "pipe.yaml", "text.yaml"]
    assert "cannot be read: no such file" in found["link.yaml"]
    assert "cannot be read: not a file" in found["pipe.yaml"]
    assert "is not text in UTF-8" in found["text.yaml"]


def test_a_file_whose_name_is_no_text_has_a_name_that_can_be_shown(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.yaml")).write_text(f"lab: {GOOD}")
    [file] = files_of(tmp_path)
    assert [*file.targets] == ["lab"]
    assert file.name == f"{tmp_path}/\ufffd\ufffd.yaml"


def test_two_stars_stand_for_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.yaml").write_text(f"lab: {GOOD}")
    [file] = files_of(tmp_path, "**/*.yaml")
    assert [*file.targets] == ["lab"]


def test_a_name_is_a_fault_of_every_file_but_the_first_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(f"one: {GOOD}two: {GOOD}")
    (tmp_path / "a.yaml").write_text(f"two: {GOOD}")
    first, second = files_of(tmp_path)
    assert [*first.targets] == ["two"]
    [fault] = second.faults
    assert str(fault) == (
        f"two (in {tmp_path}/b.yaml, line 2): is also in {tmp_path}/a.yaml; "
        "rename one of the two, or remove it"
    )
    assert not second.targets


def test_a_name_of_the_configuration_is_a_fault_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"lab: {GOOD}")
    [file] = contributions(["lab"], readings_of(tmp_path), {})
    assert "is also in the configuration's own targets" in str(file.faults[0])
    assert all_targets({}, [file]) == {}


def test_a_file_with_a_fault_keeps_its_last_good_targets_but_none_that_an_earlier_one_has(
    tmp_path: Path,
) -> None:
    def contributed(before: tuple[TargetsFile, ...]) -> tuple[TargetsFile, ...]:
        return contributions((), readings_of(tmp_path), {each.file: each for each in before})

    (tmp_path / "b.yaml").write_text(f"one: {GOOD}two: {GOOD}")
    good = files_of(tmp_path)
    (tmp_path / "a.yaml").write_text("two: {url: http://other, session_uuid: s}")
    first, second = doubled = contributed(good)
    assert all_targets({}, doubled)["two"].url == "http://other"
    assert ([*second.targets], len(second.faults)) == (["one"], 1)
    assert not first.faults

    (tmp_path / "b.yaml").write_text("no targets")
    (tmp_path / "a.yaml").write_text("")
    _, second = contributed(doubled)
    assert [*second.targets] == ["one", "two"], "what another file had is not forgotten"
    assert second.faults


def test_a_folder_that_cannot_be_listed_removes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a share that does not answer: root may list every folder here."""
    (tmp_path / "a.yaml").write_text(f"lab: {GOOD}")
    globs = (f"{tmp_path}/*.yaml",)
    before = read(look(globs), {})

    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(os, "scandir", refuse)
    seen = look(globs, before.keys())
    kept, folder = contributions((), read(seen, before), {})
    assert [*kept.targets] == ["lab"]
    assert str(folder.faults[0]).startswith(f"{tmp_path}/*.yaml: the folder cannot be read: perm")
    monkeypatch.undo()
    assert [*read(look(globs, before.keys()), before)] == [f"{tmp_path}/a.yaml"]


def test_only_a_file_that_has_changed_is_opened_and_only_another_content_parsed(
    tmp_path: Path,
) -> None:
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text(f"{name}: {GOOD}")
    globs = (f"{tmp_path}/*.yaml",)
    first = look(globs)
    before = read(first, {})
    (tmp_path / "b.yaml").write_text(f"b: {GOOD}\n# changed")
    (tmp_path / "new").write_text(f"c: {GOOD}")
    (tmp_path / "new").replace(tmp_path / "c.yaml")  # another file, the same content
    after = read(look(globs), before, first)
    a, b, c = (f"{tmp_path}/{name}.yaml" for name in "abc")
    assert after[a] is before[a]
    assert after[b] is not before[b]
    assert after[c] is before[c]


def test_targets_of_a_file_take_every_setting_that_targets_take(tmp_path: Path) -> None:
    text = "lab: {url: http://a, session_uuid: s, interval: 5m, conditions: [framework=vLLM]}"
    (tmp_path / "a.yaml").write_text(text)
    [file] = files_of(tmp_path)
    given = {"url": "http://a", "session_uuid": "s", "interval": 300.0}
    expected = TargetSettings.model_validate(given | {"conditions": ("framework=vLLM",)})
    assert file.targets["lab"] == expected
