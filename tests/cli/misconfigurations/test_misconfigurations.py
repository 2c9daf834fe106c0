"""What is wrong, where, and how to fix it: a table of misconfigurations in all modes.

The table is in `values.py`, `documents.py`, `secrets.py`, `variables.py`, `addresses.py`, `web.py`.
"""

import re
import socket
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.commands import run
from tests.support.material import make
from tests.support.sample import sized

from .addresses import ADDRESSES
from .case import SECRET, Case, one
from .documents import DOCUMENTS
from .modes import complaints, complaints_of, complaints_of_process
from .platforms import platform
from .secrets import CREDENTIALS
from .values import VALUES
from .variables import VARIABLES
from .web import WEB

CASES = (*VALUES, *DOCUMENTS, *CREDENTIALS, *VARIABLES, *ADDRESSES, *WEB)

EACH = [(case, mode) for case in CASES for mode in case.modes]
SOME = EACH[:: sized(small=40, usual=10, whole=1)]


@pytest.mark.parametrize(
    ("case", "mode"),
    [pytest.param(*each, id=f"{each[0].name}-{each[1]}") for each in EACH],
)
async def test_one_line_names_what_is_wrong_and_where_and_how_to_fix_it(
    case: Case, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    async with platform(case.platform, tmp_path) as url:
        fill = filling(tmp_path, url)
        case.write(fill)
        lines = await complaints(mode, case.arguments(fill), case.lines)
    named = case.named(fill)
    fitting = [line for line in lines if all(each in line for each in named)]
    assert len(fitting) == 1, (named, lines)
    assert len(lines) == case.lines
    assert SECRET not in "".join(lines)


@pytest.mark.parametrize(
    ("case", "mode"), [pytest.param(*each, id=f"{each[0].name}-{each[1]}") for each in SOME]
)
async def test_a_process_of_its_own_prints_the_same(case: Case, mode: str, tmp_path: Path) -> None:
    async with platform(case.platform, tmp_path) as url:
        fill = filling(tmp_path, url)
        case.write(fill)
        printed = await complaints_of_process(
            mode, case.arguments(fill), case.variables, case.lines
        )
        with pytest.MonkeyPatch.context() as patch:
            for name, value in case.variables.items():
                patch.setenv(name, value)
            lines = await complaints(mode, case.arguments(fill), case.lines)
    assert [*map(without_time, printed)] == [*map(without_time, lines)]


async def test_an_address_that_is_taken_is_named_with_the_flag_that_chooses_another(
    tmp_path: Path,
) -> None:
    async with platform("zstack", tmp_path) as url:
        taken = url.removeprefix("http://")
        case = Case("", "", "", "", one(url=url), flags=("--web.listen-address", taken))
        case.write(fill := filling(tmp_path, url))
        code, _, err = await run(*case.arguments(fill))
    [line] = complaints_of(err)
    assert code == 1
    assert f"{taken}: address already in use" in line
    assert "another process listens there: end it, or choose another" in line
    assert "--web.listen-address" in line


async def test_an_address_of_another_machine_is_named(tmp_path: Path) -> None:
    flags = ("--web.listen-address", "192.0.2.1:10521")
    case = Case("", "", "", "", one(), flags=flags)
    case.write(fill := filling(tmp_path, ""))
    code, _, err = await run(*case.arguments(fill))
    [line] = complaints_of(err)
    assert code == 1
    assert "192.0.2.1:10521: cannot assign requested address" in line
    assert "this machine has no such address: choose another with --web.listen-address" in line


def without_time(line: str) -> str:
    return re.sub("^ts=[^ ]+ ", "", line)


def filling(folder: Path, url: str) -> dict[str, str]:
    """What the texts of a case have in the place of names."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()[1]
    return {
        "folder": str(folder),
        "file": f"{folder}/exporter.yaml",
        "url": url,
        "port": url.rpartition(":")[2],
        "closed": str(closed),
        "secret": SECRET,
        **pems(),
    }


@cache
def pems() -> dict[str, str]:
    """A certificate with its key, and the key of another."""
    with TemporaryDirectory() as folder:
        made = make(Path(folder))
        files = ("c", "certificate"), ("k", "key"), ("other", "other_key"), ("enc", "encrypted_key")
        return {name: made.text(f"{file}.pem") for file, name in files}
