"""What docs/stability.md promises is still there."""

from pathlib import Path
from typing import Final

import pytest

from docs.promises import PROMISED, names, promise, promised
from exporter.cli.exit_codes import FAILED, MISUSED, OK
from exporter.web.server import HEALTH_PATHS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/stability.md").read_text("utf-8")


def test_nothing_that_is_promised_is_gone() -> None:
    """Before 1.0.0 a name may go: delete its line, and name it in the changelog."""
    assert promised(ROOT) - names() == set()


def test_every_kind_of_name_is_promised() -> None:
    kinds = {name.partition(" ")[0] for name in promised(ROOT)}
    assert kinds == {"metric", "label", "setting", "command", "reason", "alert", "record"}


def test_a_release_promises_what_is_new_and_keeps_what_is_old(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / PROMISED).write_text("# A comment.\n\nmetric zstack_of_old (gauge)\n")
    promise(tmp_path)
    assert promised(tmp_path) == {"metric zstack_of_old (gauge)", *names()}
    before = (tmp_path / PROMISED).read_text()
    promise(tmp_path)
    assert (tmp_path / PROMISED).read_text() == before


@pytest.mark.parametrize("path", sorted(HEALTH_PATHS))
def test_the_page_names_the_health_endpoints(path: str) -> None:
    assert f"`{path}`" in PAGE


def test_the_page_has_the_exit_codes() -> None:
    assert f"({OK} done, {FAILED} failed, {MISUSED} wrong usage" in PAGE
