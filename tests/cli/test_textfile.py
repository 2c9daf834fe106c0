"""The file of `once --output`: which links it follows, and what it keeps of the file before."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.cli.textfile import write_textfile

US, ANOTHER = os.geteuid(), 12345
PAGE = [b"page\n", b"of two pieces\n"]
WHOLE = b"".join(PAGE)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A folder such as /tmp."""
    folder = tmp_path / "public"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def link(at: Path, to: Path | str, *, owner: int = US) -> Path:
    at.symlink_to(to)
    if owner != US:
        os.chown(at, owner, owner, follow_symlinks=False)
    return at


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def refused(file: Path) -> None:
    with pytest.raises(PermissionError, match="a link of another user is not followed") as refusal:
        write_textfile(file, PAGE)
    assert refusal.value.filename == str(file)


@as_root
@pytest.mark.parametrize("sticky", [True, False], ids=["sticky folder", "any folder"])
def test_a_link_of_another_user_is_not_followed(public: Path, *, sticky: bool) -> None:
    public.chmod(0o1777 if sticky else 0o755)
    secret = public.parent / "secret"
    secret.write_text("kept")
    secret.chmod(0o600)
    refused(link(public / "zstack.prom", secret, owner=ANOTHER))
    assert (secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == ("kept", 0o600)
    assert names(public) == {"zstack.prom"}
    assert names(public.parent) == {"public", "secret"}


@as_root
def test_a_dangling_link_of_another_user_makes_no_file(public: Path) -> None:
    refused(link(public / "zstack.prom", public.parent / "new", owner=ANOTHER))
    assert names(public.parent) == {"public"}


@as_root
def test_a_link_of_another_user_to_a_device_is_not_followed(public: Path) -> None:
    refused(link(public / "zstack.prom", "/dev/null", owner=ANOTHER))


@as_root
def test_a_link_of_ours_to_one_of_another_user_is_not_followed(public: Path) -> None:
    theirs = link(public / "theirs", public.parent / "new", owner=ANOTHER)
    refused(link(public.parent / "ours", theirs))
    assert names(public.parent) == {"public", "ours"}


@as_root
@pytest.mark.parametrize("path", ["theirs/zstack.prom", "theirs/../public/theirs/zstack.prom"])
def test_a_folder_on_the_way_is_no_link_of_another_user(public: Path, path: str) -> None:
    elsewhere = public.parent / "elsewhere"
    elsewhere.mkdir()
    link(public / "theirs", elsewhere, owner=ANOTHER)
    refused(public / path)
    assert not names(elsewhere)


@pytest.mark.parametrize("to", ["../file", "{folder}/file", "./more/../../file", "second"])
def test_links_of_ours_are_followed(public: Path, to: str) -> None:
    (public / "more").mkdir()
    link(public / "second", "../file")
    first = link(public / "first", to.replace("{folder}", str(public.parent)))
    for _ in range(2):
        write_textfile(first, PAGE)
        assert (public.parent / "file").read_bytes() == WHOLE
        assert first.is_symlink()
    assert names(public.parent) == {"public", "file"}


def test_a_folder_may_be_a_link_of_ours_and_the_path_relative(
    public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (public / "folder").mkdir()
    link(public / "link", "folder")
    monkeypatch.chdir(public)
    write_textfile(Path("link/../link/./zstack.prom"), PAGE)
    assert (public / "folder/zstack.prom").read_bytes() == WHOLE


def test_links_in_a_circle_end(public: Path) -> None:
    link(public / "a", "b")
    link(public / "b", "a")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write_textfile(public / "a", PAGE)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o444])
def test_the_mode_of_the_file_before_is_kept(public: Path, mode: int) -> None:
    file = public / "zstack.prom"
    file.touch()
    file.chmod(mode)
    write_textfile(file, PAGE)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert file.read_bytes() == WHOLE


def test_a_new_file_can_be_read_by_others(public: Path) -> None:
    before = os.umask(0o077)
    try:
        write_textfile(public / "zstack.prom", PAGE)
    finally:
        os.umask(before)
    assert stat.S_IMODE((public / "zstack.prom").stat().st_mode) == 0o644


@as_root
def test_the_owner_of_the_file_before_is_kept_but_no_set_user_id(public: Path) -> None:
    file = public / "zstack.prom"
    file.touch()
    os.chown(file, ANOTHER, ANOTHER + 1)
    file.chmod(0o6755)
    write_textfile(file, PAGE)
    found = file.stat()
    assert (found.st_uid, found.st_gid) == (ANOTHER, ANOTHER + 1)
    assert stat.S_IMODE(found.st_mode) == 0o755


def test_another_name_of_the_file_keeps_its_content(public: Path) -> None:
    other = public.parent / "other"
    other.write_text("kept")
    other.chmod(0o600)
    (public / "zstack.prom").hardlink_to(other)
    write_textfile(public / "zstack.prom", PAGE)
    assert other.read_text() == "kept"
    assert (public / "zstack.prom").read_bytes() == WHOLE


def test_a_pipe_is_written_to_and_not_replaced(public: Path) -> None:
    pipe = public / "pipe"
    os.mkfifo(pipe)
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_textfile(pipe, PAGE)
    reader.join()
    assert found == [WHOLE]
    assert pipe.is_fifo()


@pytest.mark.parametrize("path", ["/dev/fd/{0}", "/proc/self/fd/{0}", "{1}/link"])
def test_a_descriptor_of_ours_is_written_to(public: Path, path: str) -> None:
    reader, writer = os.pipe()
    link(public / "link", f"/proc/self/fd/{writer}")
    try:
        write_textfile(Path(path.format(writer, public)), PAGE)
    finally:
        os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == WHOLE


def test_a_file_behind_a_descriptor_is_replaced(public: Path) -> None:
    file = public / "zstack.prom"
    with file.open("wb") as writer:
        write_textfile(Path(f"/dev/fd/{writer.fileno()}"), PAGE)
    assert file.read_bytes() == WHOLE


@as_root
def test_a_folder_that_is_exchanged_for_a_link_meanwhile_is_not_followed(public: Path) -> None:
    """Another user moves the folder away, which we have open, and puts a link in its place."""
    folder, elsewhere = public / "folder", public.parent / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()

    def exchanging() -> Iterator[bytes]:
        folder.rename(public / "moved")
        link(folder, elsewhere, owner=ANOTHER)
        yield from PAGE

    write_textfile(folder / "zstack.prom", exchanging())
    assert not names(elsewhere)
    assert (public / "moved/zstack.prom").read_bytes() == WHOLE


@pytest.mark.parametrize("path", ["folder", "folder/..", ".", "/"])
def test_a_folder_is_no_file(public: Path, path: str) -> None:
    (public / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_textfile(public / path, PAGE)
    assert names(public) == {"folder"}


def test_nothing_stays_open(public: Path) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - as numbers
    test_links_of_ours_are_followed(public, "../file")
    test_links_in_a_circle_end(public)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208
