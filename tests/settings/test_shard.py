"""Which shard polls a target, and the settings that make a process one of several."""

import socket
from collections import Counter

import pytest

from exporter.settings import ShardSettings, load
from exporter.settings.shard import jump, shard_of
from tests.settings.loading import TARGET, E, Write, complaint

NAMES = [f"platform-{number}" for number in range(10_000)]


def shard(ordinal: object = None, total: object = None) -> ShardSettings:
    return load({"target": TARGET, "shard": {"ordinal": ordinal, "total": total}}, {}).shard


def complaint_of(**settings: object) -> str:
    return complaint({"target": TARGET, "shard": settings})


@pytest.mark.parametrize(
    ("name", "shards"),
    [
        ("default", [0, 0, 0, 0, 0, 0, 0, 7]),
        ("shanghai", [0, 0, 2, 2, 4, 4, 4, 4]),
        ("lab", [0, 0, 0, 3, 3, 3, 3, 3]),
        ("上海", [0, 0, 0, 0, 4, 4, 4, 4]),
        ("beijing", [0, 0, 2, 3, 3, 5, 5, 5]),
    ],
)
def test_the_shard_of_a_name_is_the_same_for_ever(name: str, shards: list[int]) -> None:
    """Were one to change, shards of two releases would poll targets twice, or not at all."""
    assert [shard_of(name, total) for total in range(1, 9)] == shards


@pytest.mark.parametrize(
    ("key", "buckets", "bucket"),
    [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 1, 0), (0xDEAD10CC, 666, 361), (256, 1024, 520)],
)
def test_the_hash_is_the_published_one(key: int, buckets: int, bucket: int) -> None:
    """Numbers that other implementations of the paper are tested with."""
    assert jump(key, buckets) == bucket


@pytest.mark.parametrize(
    ("key", "bucket"), [(1, 262355607), (42, 124795770), (2**63, 674890281), (2**64 - 1, 699554662)]
)
def test_the_hash_is_the_same_for_ever_also_for_a_billion_buckets(key: int, bucket: int) -> None:
    assert jump(key, 2**30) == bucket


def test_one_of_several_shards_is_named_in_the_log() -> None:
    assert shard(1, 3).log_fields == {"shard": "1/3"}
    assert shard(0, 2).log_fields == {"shard": "0/2"}
    assert shard(0, 1).log_fields == {}


@pytest.mark.parametrize("total", [2, 3, 4, 5, 8, 10])
def test_shards_have_about_as_many_targets_each(total: int) -> None:
    numbers = Counter(shard_of(name, total) for name in NAMES)
    assert numbers.keys() == set(range(total))
    equal = len(NAMES) / total
    assert all(abs(number / equal - 1) < 0.07 for number in numbers.values()), numbers


@pytest.mark.parametrize("total", [1, 2, 3, 4, 5, 8, 10, 50])
def test_one_more_shard_takes_its_part_and_no_other_target_moves(total: int) -> None:
    moved = [to for name in NAMES if (to := shard_of(name, total + 1)) != shard_of(name, total)]
    assert set(moved) == {total}
    assert abs(len(moved) / len(NAMES) - 1 / (total + 1)) < 0.03


def test_shards_together_have_every_target_once() -> None:
    targets = dict.fromkeys(NAMES[:500])
    own = [name for ordinal in range(7) for name in shard(ordinal, 7).own(targets)]
    assert sorted(own) == sorted(targets)


def test_without_shards_every_target_is_ours() -> None:
    unsharded = shard()
    assert (unsharded.ordinal, unsharded.total) == (0, 1)
    assert unsharded.own(dict.fromkeys(NAMES)).keys() == set(NAMES)


@pytest.mark.parametrize(
    ("host", "ordinal"),
    [
        ("zstack-aios-exporter-0", 0),
        ("exporter-12", 12),
        ("node7", 7),
        ("exporter-3.zstack.example.com", 3),
        ("10", 10),
    ],
)
def test_auto_is_the_number_at_the_end_of_the_name_of_the_host(
    host: str, ordinal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert shard("auto", 20).ordinal == ordinal


@pytest.mark.parametrize("host", ["web", "exporter-1-blue", "host.10", ""])
def test_auto_needs_a_host_whose_name_ends_with_a_number(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert complaint_of(ordinal="auto", total=3) == (
        f"shard.ordinal (flag --shard.ordinal): is auto, but the name of this host "
        f"({host.partition('.')[0]}) does not end with a number; "
        "write the number itself, or run it as a StatefulSet"
    )


def test_shards_are_set_by_file_environment_and_flags(file: Write) -> None:
    flags = file("target: {url: http://a, session_uuid: s}\nshard: {ordinal: 1, total: 3}")
    by_file, by_environment = load(flags, {}).shard, load(flags, {f"{E}SHARD__TOTAL": "4"}).shard
    assert (by_file.ordinal, by_file.total) == (1, 3)
    assert (by_environment.ordinal, by_environment.total) == (1, 4)
    assert load({**flags, "shard": {"ordinal": "2"}}, {}).shard.ordinal == 2


@pytest.mark.parametrize("ordinal", [3, 4, "auto"])
def test_an_ordinal_beyond_the_last_shard_is_refused(
    ordinal: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "exporter-3")
    assert complaint_of(ordinal=ordinal, total=3) == (
        "shard: ordinal is not less than total; "
        "ordinals count from 0: that of the last shard is total - 1"
    )


@pytest.mark.parametrize("ordinal", [-1, "first", "1.5", "", "٣", True, [0]])
def test_what_is_no_ordinal_is_refused(ordinal: object) -> None:
    assert complaint_of(ordinal=ordinal, total=3) == (
        "shard.ordinal (flag --shard.ordinal): is not the ordinal of a shard; "
        "write a number from 0, or auto for the number at the end of the host's name"
    )


@pytest.mark.parametrize("total", [0, -3])
def test_there_is_at_least_one_shard(total: int) -> None:
    where = "shard.total (flag --shard.total)"
    fault = "must be greater than or equal to 1; write a number from 1 on"
    assert complaint_of(ordinal=0, total=total) == f"{where}: {fault}"


@pytest.mark.parametrize(("one", "other"), [("ordinal", "total"), ("total", "ordinal")])
def test_one_of_the_two_without_the_other_is_refused(one: str, other: str) -> None:
    assert complaint_of(**{one: 1}) == (
        f"shard.{other}: is missing: {one} is given without it; "
        f"set --shard.{other} or {E}SHARD__{other.upper()} or shard.{other} in the file"
    )
