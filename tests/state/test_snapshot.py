"""What a snapshot knows of its lists, and whether it brings more than the one before."""

from dataclasses import replace
from typing import Any, Final

from exporter.state.lists import ListState
from exporter.state.snapshot import RecordSeries, Snapshot
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService
from exporter.zstack.errors import UnreachableError
from tests.support.builders import found, listed_centers, listed_groups

SERVICES, GROUPS, CENTERS = "model_service", "model_service_instance_group", "model_center"
FAILURE: Final = UnreachableError("no route", QUERY_MODEL_SERVICE)
INVENTORY: Final = found(ModelService("s1", name="Qwen"))


def snapshot(**values: Any) -> Snapshot:
    return Snapshot("lab", 60.0, 180.0, **values)


def polled(**values: Any) -> Snapshot:
    """A snapshot after a good poll of the model services."""
    good = {"attempted_at": 7.0, "succeeded_at": 7.0, "inventory": INVENTORY, "good_until": 9.0}
    return snapshot(**good | values)


def with_lists(before: Snapshot, **lists: ListState[Any]) -> Snapshot:
    return replace(before, lists={**before.lists, **lists})


def test_series_are_left_out_all_or_none() -> None:
    assert RecordSeries(number=12, most=10, left_out=True).number_left_out == 12
    assert RecordSeries(number=8, most=10, left_out=False).number_left_out == 0


def test_before_the_first_poll_it_has_no_list() -> None:
    assert snapshot().states == {}


def test_the_model_services_come_before_the_other_lists() -> None:
    groups = ListState(listed_groups(), 7.0, 9.0)
    both = with_lists(polled(), **{GROUPS: groups})
    assert [*both.states] == [SERVICES, GROUPS]
    assert both.states[SERVICES] == ListState(INVENTORY, 7.0, 9.0, None)
    assert both.states[GROUPS] is groups


def test_model_services_that_could_not_be_read_have_the_error() -> None:
    failed = snapshot(attempted_at=7.0, error=FAILURE)
    assert failed.states == {SERVICES: ListState(None, None, 0.0, FAILURE)}


def test_model_services_of_the_process_before_are_there_before_the_first_poll() -> None:
    taken_over = snapshot(inventory=INVENTORY, good_until=9.0)
    assert taken_over.states == {SERVICES: ListState(INVENTORY, None, 9.0)}


def test_a_poll_that_finds_the_same_lists_brings_nothing_more() -> None:
    before = with_lists(polled(), **{GROUPS: ListState(listed_groups(), 7.0, 9.0)})
    later = replace(before, attempted_at=8.0, succeeded_at=8.0, good_until=10.0)
    assert not later.brings_more_than(before)


def test_a_list_that_changed_brings_more() -> None:
    before = with_lists(polled(), **{GROUPS: ListState(listed_groups(), 7.0, 9.0)})
    assert replace(before, inventory=found()).brings_more_than(before)
    changed = with_lists(before, **{GROUPS: ListState(listed_groups(), 8.0, 10.0)})
    assert changed.brings_more_than(before)


def test_a_list_that_is_there_for_the_first_time_brings_more() -> None:
    before = polled()
    assert before.brings_more_than(snapshot())
    centers = with_lists(before, **{CENTERS: ListState(listed_centers(), 8.0, 10.0)})
    assert centers.brings_more_than(before)


def test_a_list_that_was_never_read_brings_nothing_more() -> None:
    before = polled()
    failed = with_lists(before, **{CENTERS: ListState(error=FAILURE)})
    assert not failed.brings_more_than(before)
    assert not failed.brings_more_than(failed)


def test_another_date_of_a_new_version_brings_more() -> None:
    before = polled(pending_since={"s1": 7.0})
    assert replace(before, pending_since={"s1": 7.0, "s2": 8.0}).brings_more_than(before)
    assert not replace(before, attempted_at=8.0).brings_more_than(before)
