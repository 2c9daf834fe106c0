"""The settings that are declared, and their names."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from exporter.settings import Settings, declared
from exporter.settings.names import Flag
from exporter.settings.section import Section
from tests.settings.loading import E


def test_every_setting_is_described_and_has_one_name_in_each_source() -> None:
    settings = [*declared(Settings)]
    assert all(s.description.endswith(".") for s in settings)
    for names in ([s.key for s in settings], [s.environment for s in settings]):
        assert len(set(names)) == len(names)


def test_every_path_but_that_of_the_metrics_is_named_file() -> None:
    """By this name relative paths are found that count from the folder of the file."""
    files = {s.key for s in declared(Settings) if s.metavar == "FILE"}
    assert files == {s.key for s in declared(Settings) if s.key.endswith("file")}


def test_a_setting_may_spell_its_flag_otherwise() -> None:
    class Web(Section):
        config_file: Annotated[Path | None, Flag("--web.config.file")] = Field(
            default=None, description="File."
        )

    class Some(Section):
        web: Web = Web()

    (setting,) = declared(Some)
    assert (setting.flag, setting.key) == ("--web.config.file", "web.config_file")
    assert setting.environment == f"{E}WEB__CONFIG_FILE"


def test_a_required_setting_and_one_without_notation_are_shown() -> None:
    class Some(Section):
        number: float = Field(default=1.5, description="A number.")
        needed: str = Field(description="A text.")

    assert [s.default for s in declared(Some)] == ["1.5", ""]
