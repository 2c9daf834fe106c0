"""The settings of a target, and several targets."""

import re

import pytest

from exporter.settings import load
from tests.settings.loading import CANARY, TARGET, E, Write, complaint, complaint_of_target, target


def test_several_targets_have_the_names_of_the_file(file: Write) -> None:
    flags = file(
        """
        targets:
          上海 lab: {url: http://a, session_uuid: s}
          b.c-d: {url: http://b, session_uuid: s}
        """
    )
    assert [*load(flags, {}).named_targets] == ["上海 lab", "b.c-d"]


def test_a_single_target_has_a_name_by_flag_environment_or_file(file: Write) -> None:
    given = {"target": TARGET}
    assert [*load(given, {}).named_targets] == ["default"]
    assert [*load({"target": TARGET | {"name": "flag"}}, {}).named_targets] == ["flag"]
    assert [*load(given, {f"{E}TARGET__NAME": "上海 lab"}).named_targets] == ["上海 lab"]
    flags = file("target: {name: beijing, url: http://a, session_uuid: s}")
    assert [*load(flags, {}).named_targets] == ["beijing"]


def test_a_name_that_no_target_can_have_is_refused() -> None:
    assert complaint_of_target(name="http://a").startswith("target.name")


def test_several_targets_have_no_other_name_than_their_key(file: Write) -> None:
    flags = file("targets: {lab: {name: other, url: http://a, session_uuid: s}}")
    assert "targets.lab.name" in complaint(flags)


def test_no_target_is_an_error_with_each_way_to_set_one() -> None:
    reported = complaint({})
    assert reported.startswith("target: is missing")
    for way in ("--target.url", f"{E}TARGET__URL", "targets:", "--config.file"):
        assert way in reported


def test_no_targets_are_no_targets(file: Write) -> None:
    flags = file("targets: {}")
    path = flags["config"]["file"]
    fault = "must not be empty; write at least one below it, or remove it"
    assert complaint(flags) == f"targets (in {path}, line 1): {fault}"


def test_a_wrong_target_alone_does_not_count_as_none(file: Write) -> None:
    flags = file("targets: {a: {url: http://a, session_uuid: s, page_size: 0}}")
    (fault,) = complaint(flags).splitlines()
    assert fault.startswith("targets.a.page_size (in ")


def test_target_and_targets_exclude_each_other(file: Write) -> None:
    flags = file("targets: {a: {url: http://a, session_uuid: s}}")
    reported = complaint({**flags, "target": TARGET})
    assert reported == "target: is given together with targets; keep only one of the two"


def test_a_variable_that_was_left_over_is_named(file: Write) -> None:
    several = file("targets: {lab: {url: http://a, session_uuid: s}}")
    reported = complaint(several, {f"{E}TARGET__PASSWORD": CANARY})
    assert f"target ({E}TARGET__PASSWORD): is given together with targets" in reported
    assert CANARY not in reported


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        f"http://a:{CANARY}@b",
        f"u:{CANARY}@h",
        "host:8080",
        "x" * 65,
        '"a\\nb"',
        '" a"',
        '""',
    ],
)
def test_a_name_that_no_target_can_have_is_refused_once(file: Write, name: str) -> None:
    reported = complaint(file(f"targets: {{? {name} : {{url: x, password: {CANARY}}}}}"))
    assert re.fullmatch(
        r"targets\..* \(in .*, line 1\): is not a name that a target can have; use 1 to 64 .*",
        reported,
    )
    assert len(reported) < 400
    assert CANARY not in reported


def test_faults_of_a_named_target_name_it(file: Write) -> None:
    reported = complaint(file("targets: {the lab: {account: a, intervall: 3}}"))
    assert "targets.the lab.url (in " in reported
    assert "is missing; set targets.the lab.url in the file" in reported
    assert "did you mean interval?" in reported
    assert "targets.the lab.password_file (in " in reported


def test_numbers_are_stale_after_three_intervals_unless_set() -> None:
    assert target(interval="20s").effective_stale_after == 60
    assert target(interval="20s", stale_after="5m").effective_stale_after == 300


@pytest.mark.parametrize(
    ("interval", "stale_after"), [("0.05", "0.4"), ("1m", "60"), ("700ms", "0.7s"), (None, "1m")]
)
def test_numbers_may_go_stale_after_one_interval(interval: str | None, stale_after: str) -> None:
    assert target(interval=interval, stale_after=stale_after).stale_after


@pytest.mark.parametrize(("interval", "stale_after"), [("5m", "299s"), (None, "59s"), (0.5, 0.4)])
def test_numbers_that_go_stale_before_the_next_poll_are_a_fault(
    interval: str | None, stale_after: str
) -> None:
    assert complaint_of_target(interval=interval, stale_after=stale_after) == (
        "target.stale_after (flag --target.stale-after): "
        "is shorter than interval; make it at least as long as interval"
    )


def test_each_named_target_is_held_to_its_own_interval(file: Write) -> None:
    flags = file(
        """
        targets:
          a: {url: http://a, session_uuid: s, interval: 5m, stale_after: 2m}
          b: {url: http://b, session_uuid: s, interval: 1m, stale_after: 2m}
        """
    )
    path = flags["config"]["file"]
    assert complaint(flags) == (
        f"targets.a.stale_after (in {path}, line 3): "
        "is shorter than interval; make it at least as long as interval"
    )


def test_a_wrong_interval_is_the_only_fault_where_stale_after_cannot_be_compared() -> None:
    reported = complaint_of_target(interval="soon", stale_after="1s")
    assert reported.startswith("target.interval (flag --target.interval): is not a duration")
    assert len(reported.splitlines()) == 1


def test_page_sizes_have_bounds() -> None:
    assert target(page_size="10000").page_size == 10000
    assert "must be less than or equal to 10000" in complaint_of_target(page_size="10001")
    assert "must be greater than or equal to 1" in complaint_of_target(page_size=0)
