"""Since when a new version is pending, from poll to poll."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.state import first_sights as module
from exporter.state.first_sights import FirstSights, first_sights, may_differ
from exporter.state.inventory import Inventory
from exporter.zstack import ModelService
from tests.support.builders import found

Flags = Mapping[str, bool | None]
"""What the platform says of each service that it lists."""


def list_of(flags: Flags, page_size: int = 2) -> Inventory:
    records = [ModelService(uuid, has_new_version=flag) for uuid, flag in flags.items()]
    return found(*records, page_size=page_size)


def after(*polls: Flags, before: FirstSights | None = None) -> FirstSights:
    """The first sights after these polls, which began at 1, 2, 3, …"""
    sights: FirstSights = before or {}
    found_before = None
    for at, flags in enumerate(polls, 1):
        found_now = list_of(flags)
        if may_differ(found_now, found_before):
            sights = first_sights(sights, found_now, at)
        found_before = found_now
    return sights


def test_a_new_version_is_pending_since_the_poll_that_first_found_it() -> None:
    assert after({"a": False}, {"a": True, "b": None}, {"a": True, "b": True}) == {"a": 2, "b": 3}


def test_it_is_pending_no_longer_when_the_platform_says_so_and_then_since_anew() -> None:
    assert after({"a": True}, {"a": False}) == {}
    assert after({"a": True}, {"a": False}, {"a": True}) == {"a": 3}


def test_it_is_pending_no_longer_when_the_service_is_gone() -> None:
    assert after({"a": True, "b": True}, {"b": True}) == {"b": 1}
    assert after({"a": True}, {}) == {}
    assert after({"a": True}, {}, {"a": True}) == {"a": 3}


def test_what_the_platform_does_not_say_for_a_while_loses_no_date() -> None:
    assert after({"a": True, "b": True}, {"a": None, "b": True}) == {"a": 1, "b": 1}
    assert after({"a": True}, {"a": None}, {"a": None}, {"a": True}) == {"a": 1}
    assert after({"a": True}, {"a": None}, {"a": False}, {"a": True}) == {"a": 4}


def test_where_nothing_has_changed_it_is_the_same_object() -> None:
    sights = after({"a": True, "b": None})
    assert first_sights(sights, list_of({"b": None, "a": True}), 9) is sights
    nothing = after()
    assert first_sights(nothing, list_of({"a": None, "b": False}), 9) is nothing


def test_beyond_the_bound_those_that_are_known_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SERVICES", 3)
    first = after({"a": True, "b": True})
    assert after(dict.fromkeys("dcbafe", True), before=first) == {"a": 1, "b": 1, "d": 1}
    assert len(after(dict.fromkeys("dcfe", True), dict.fromkeys("dcba", True))) == 3
    full = after(dict.fromkeys("abc", True))
    assert after(dict.fromkeys("abcd", True), before=full) is full


def test_the_longest_uuid_of_ascii_gets_a_date() -> None:
    assert after({"x" * 64: True}) == {"x" * 64: 1}


def test_they_may_differ_only_where_services_or_their_versions_do() -> None:
    before = list_of({"a": True, "b": None, "c": False})
    assert may_differ(before, None)
    assert not may_differ(replace(before, reported=7), before)
    assert may_differ(replace(before, outdated=()), before)
    assert may_differ(replace(before, versions=list_of({"a": True}).versions), before)
    assert may_differ(replace(before, names=list_of({"a": True}).names), before)


@pytest.mark.parametrize("uuid", ["x" * 65, "ö", "服务"])
def test_a_uuid_that_no_platform_of_zstack_has_gets_no_date(uuid: str) -> None:
    assert after({"a": True, uuid: True}) == {"a": 1}


@given(st.lists(st.dictionaries(st.sampled_from("abcdefg"), st.none() | st.booleans())))
def test_it_is_what_a_plain_account_of_each_service_gives(polls: list[Flags]) -> None:
    expected: dict[str, float] = {}
    for at, flags in enumerate(polls, 1):
        for uuid in "abcdefg":
            if uuid not in flags or flags[uuid] is False:
                expected.pop(uuid, None)
            elif flags[uuid]:
                expected.setdefault(uuid, at)
    assert after(*polls) == expected
