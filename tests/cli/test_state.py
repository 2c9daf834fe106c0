"""The state file and the commands that end by themselves."""

from pathlib import Path
from typing import Final

import pytest

from exporter.simulator import Cloud, serving
from tests.support.commands import flags, page_of, run, started
from tests.support.exporting import Samples, until_seen

SINCE: Final = "zstack_model_service_new_version_pending_since_timestamp_seconds"


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud(services=5)
    for uuid in list(made.estate)[:2]:
        made.estate.alter(uuid, has_new_version=True)
    return made


def dates(page: str | Samples) -> dict[str, float]:
    samples = Samples(page) if isinstance(page, str) else page
    return {labels["uuid"]: at for labels, at in samples.all(SINCE)}


async def test_once_goes_on_with_the_dates_of_the_run_before(
    cloud: Cloud, tmp_path: Path, secret_file: Path
) -> None:
    file = tmp_path / "state.json"
    async with serving(cloud) as url:
        state = ("--state.file", str(file))
        _, first, _ = await run("once", *flags(url, secret_file), *state)
        _, second, _ = await run("once", *flags(url, secret_file), *state)
        _, without, _ = await run("once", *flags(url, secret_file))
    assert dates(first)
    assert dates(second) == dates(first)
    assert not dates(without), "one poll alone cannot know"


async def test_once_beside_an_exporter_with_the_same_file_leaves_the_dates_out(
    cloud: Cloud, tmp_path: Path, secret_file: Path
) -> None:
    state = ("--state.file", str(tmp_path / "state.json"))
    async with serving(cloud) as url, started(*flags(url, secret_file), *state) as (_, at):
        page = await until_seen(lambda: page_of(at), dates)
        code, out, err = await run("once", *flags(url, secret_file), *state)
        assert code == 0
        assert not dates(out)
        assert "another exporter uses the file" in err
        assert dates(await until_seen(lambda: page_of(at), dates)) == dates(page)

        code, _, err = await run(*flags(url, secret_file), *state)
        assert code == 2
        assert "state.file" in err
        assert "another exporter uses it; end the other one, or give each a file of its own" in err


async def test_a_state_file_that_cannot_be_used_is_a_fault_of_the_configuration(
    tmp_path: Path, secret_file: Path
) -> None:
    given = flags("http://127.0.0.1:9", secret_file)
    broken = tmp_path / "state.json"
    broken.write_text("{}")
    for file, found in (
        (tmp_path / "no" / "x", "is in no folder; name a file"),
        (broken, "is no state"),
    ):
        code, _, err = await run("--config.check", *given, "--state.file", str(file))
        assert code == 2
        assert f"state.file: {file}: " in err
        assert found in err
    assert broken.read_text() == "{}", "a check changes nothing"

    code, _, err = await run(*given, "--state.file", str(tmp_path / "no" / "x"))
    assert code == 2
    assert "is in no folder; name a file in a folder that this user can write to" in err
