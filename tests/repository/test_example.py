"""The example of a configuration file, as an operator would use it."""

import re
from pathlib import Path

import pytest

from exporter.settings import Settings, declared, load

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.yaml").read_text("utf-8")
SEVERAL = "#targets:"

# What may not be given together with the access key, and what takes the place of what.
CREDENTIALS = {
    "access_key_secret": ("access_key_secret_file",),
    "account": ("access_key_id", "access_key_secret_file"),
    "session_uuid": ("access_key_id", "access_key_secret_file"),
    "session_uuid_file": ("access_key_id", "access_key_secret_file"),
}
WITH = {
    "account": ("password_file",),
    "client_key_file": ("client_cert_file",),
    "ordinal": ("total",),
    "total": ("ordinal",),
}
ALONE = {"password", "password_file"}


def loaded(text: str, folder: Path) -> Settings:
    file = folder / "exporter.yaml"
    file.write_text(text)
    return load({"config": {"file": str(file)}}, environ={})


def with_line(text: str, name: str) -> str:
    """The text with a setting that was commented."""
    return re.sub(rf"^(  )#(?={name}:)", r"\1", text, count=1, flags=re.MULTILINE)


def without_line(text: str, name: str) -> str:
    return re.sub(rf"^  {name}:.*\n", "", text, count=1, flags=re.MULTILINE)


def keys(text: str) -> list[str]:
    """Each setting that the text shows, commented or not, up to the alternative of `targets`."""
    found: list[str] = []
    section = ""
    for line in text.partition(SEVERAL)[0].splitlines():
        if opened := re.fullmatch(r"([a-z]+):", line):
            section = opened[1]
        elif shown := re.match(r"  #?([a-z_]+): ", line):
            found.append(f"{section}.{shown[1]}")
    return found


OPTIONAL = [each for each in keys(EXAMPLE) if f"  #{each.split('.')[1]}:" in EXAMPLE]


def test_it_works_as_it_is(tmp_path: Path) -> None:
    settings = loaded(EXAMPLE, tmp_path)
    target = settings.named_targets["default"]
    assert target.url == "http://10.0.0.5:8080"
    assert target.credentials.kind == "access_key"
    assert target.credentials.secret_file is not None


def test_it_shows_every_setting_once_in_the_order_of_the_documents() -> None:
    # Only the command line and the environment can name the file.
    shown = [s.key for s in declared(Settings) if s.key != "config.file"]
    assert [*keys(EXAMPLE), "targets_files"] == shown
    assert EXAMPLE.count("\n#targets_files: ") == 1


def test_its_defaults_are_the_defaults(tmp_path: Path) -> None:
    with_defaults = EXAMPLE
    for setting in declared(Settings):
        if setting.default:
            with_defaults = with_line(with_defaults, setting.path[-1])
    assert with_defaults != EXAMPLE
    without = loaded(EXAMPLE, tmp_path).model_dump(exclude={"config"})
    assert loaded(with_defaults, tmp_path).model_dump(exclude={"config"}) == without


@pytest.mark.parametrize("key", [key for key in OPTIONAL if key.split(".")[1] not in ALONE])
def test_each_line_can_be_uncommented(key: str, tmp_path: Path) -> None:
    name = key.split(".")[1]
    text = with_line(EXAMPLE, name)
    assert text != EXAMPLE
    for other in WITH.get(name, ()):
        text = with_line(text, other)
    for other in CREDENTIALS.get(name, ()):
        text = without_line(text, other)
    section, _, _ = key.partition(".")
    given = getattr(loaded(text, tmp_path), section).model_fields_set
    assert name in given


def test_everything_but_other_credentials_can_be_uncommented_together(tmp_path: Path) -> None:
    text = EXAMPLE
    for key in OPTIONAL:
        name = key.split(".")[1]
        if name not in CREDENTIALS and name not in ALONE:
            text = with_line(text, name)
    loaded(text, tmp_path)


def test_several_targets_can_be_uncommented_in_place_of_the_one(tmp_path: Path) -> None:
    before, _, several = EXAMPLE.partition(SEVERAL)
    before = before.partition("\ntarget:\n")[0]
    text = re.sub(r"^#(?! \S)", "", SEVERAL + several, flags=re.MULTILINE)
    settings = loaded(f"{before}\n{text}\n", tmp_path)
    assert list(settings.named_targets) == ["shanghai", "lab"]
    assert settings.targets_files == ("/etc/zstack-aios-exporter/targets/*.yaml",)


def test_it_fits_a_screen_and_begins_with_two_lines_on_how_to_use_it() -> None:
    lines = EXAMPLE.splitlines()
    assert max(map(len, lines)) <= 100
    assert not [line for line in lines if line != line.rstrip()]
    assert [line.startswith("# ") for line in lines[:3]] == [True, True, False]
    assert "--config.file" in lines[0] + lines[1]
