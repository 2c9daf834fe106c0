"""What the check finds of the lists beside the model services, and the series that all yield."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest

from exporter.simulator import Cloud, Fault, serving
from tests.support.checking import ACCOUNT, CheckResult, checking
from tests.support.exporting import exporting, is_up, target

GROUPS: Final = "QueryModelServiceInstanceGroup"
STEP: Final = "instance groups"
LISTS: Final = {STEP: (GROUPS, "instances"), "model centers": ("QueryModelCenter", "model_centers")}
"""Operation and setting of each, by its step."""

REFUSALS: Final[dict[str, Callable[[str], Fault]]] = {
    "denied": lambda operation: Fault.error("ID.1002", "permission denied", operation=operation),
    "unsupported": lambda operation: Fault.unsupported(operation=operation),
}


async def checked_with(cloud: Cloud, **metrics: Any) -> CheckResult:
    async with serving(cloud) as url:
        return await checking(target={"url": url} | ACCOUNT, metrics=metrics)


async def test_groups_are_told_by_status_with_their_instances() -> None:
    cloud = Cloud(services=30, instance_groups=40)
    checked = await checked_with(cloud)
    assert checked.outcomes[STEP] == "pass"
    found = checked.steps[STEP]["found"]
    assert found.startswith("whole: 40 (")
    statuses = Counter(group.status for group in cloud.groups.values())
    assert all(f"{number} {status}" in found for status, number in statuses.items())
    instances = sum(len(group.instances) for group in cloud.groups.values())
    assert found.endswith(f", with {instances} instances")
    assert cloud.operations["LogInByAccount"] == 1
    assert not cloud.sessions
    assert not cloud.trap_hits


async def test_centers_are_told_by_status() -> None:
    cloud = Cloud(services=3, model_centers=3)
    checked = await checked_with(cloud)
    assert checked.outcomes["model centers"] == "pass"
    statuses = Counter(center.status for center in cloud.centers.values())
    found = checked.steps["model centers"]["found"]
    assert found.startswith("whole: 3 (")
    assert all(f"{number} {status}" in found for status, number in statuses.items())


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("step", LISTS)
async def test_what_the_platform_refuses_or_lacks_is_a_warning(step: str, reason: str) -> None:
    cloud, (operation, setting) = Cloud(services=6), LISTS[step]
    cloud.faults.append(REFUSALS[reason](operation))
    checked = await checked_with(cloud)
    assert checked.ready
    assert [name for name, outcome in checked.outcomes.items() if outcome != "pass"] == [step]
    assert checked.outcomes[step] == "warn"
    assert checked.steps[step]["found"].startswith("left out: ")
    assert f"metrics.{setting}" in checked.steps[step]["fix"]
    assert "model services" not in checked.steps[step]["fix"]
    assert checked.steps[step]["code"] == ("ID.1002" if reason == "denied" else "")


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("step", LISTS)
async def test_what_is_demanded_and_refused_fails_and_the_rest_is_tried(
    step: str, reason: str
) -> None:
    cloud, (operation, setting) = Cloud(services=6), LISTS[step]
    cloud.faults.append(REFUSALS[reason](operation))
    checked = await checked_with(cloud, **{setting: "true"})
    assert checked.failure["step"] == step
    assert f"metrics.{setting}" in checked.failure["fix"]
    assert [name for name, outcome in checked.outcomes.items() if outcome != "pass"] == [step]


@pytest.mark.parametrize("step", LISTS)
async def test_what_is_not_wanted_is_not_asked(step: str) -> None:
    cloud, (operation, setting) = Cloud(services=6), LISTS[step]
    checked = await checked_with(cloud, **{setting: "false"})
    assert checked.ready
    assert checked.outcomes[step] == "skip"
    assert checked.steps[step]["found"] == f"not asked, as metrics.{setting} is false"
    assert not cloud.operations[operation]


@pytest.mark.parametrize(
    ("fault", "found", "hint"),
    [
        (Fault.error("SYS.1000", "who knows", operation=GROUPS), "who knows", "management-server"),
        (Fault.hang(operation=GROUPS), "not done within 1 s", "raise timeout"),
        (Fault.error("LICENSE.1000", "expired", operation=GROUPS), "expired", "renew the licence"),
    ],
    ids=["failed inside", "hanging", "licence"],
)
async def test_a_list_that_fails_has_the_hint_of_its_error(
    fault: Fault, found: str, hint: str
) -> None:
    cloud = Cloud(services=3)
    cloud.faults.append(fault)
    async with serving(cloud) as url:
        settings = {"url": url, "timeout": 1} | ACCOUNT
        checked = await checking(target=settings, metrics={"instances": "auto"})
    step = checked.steps[STEP]
    assert step["outcome"] == ("warn" if "LICENSE" in step["code"] else "fail")
    assert found in step["found"]
    assert hint in step["fix"]
    assert "the rest" not in checked.steps


async def test_no_groups_at_all_are_a_warning_as_a_right_may_be_missing() -> None:
    checked = await checked_with(Cloud(services=3, instance_groups=0))
    assert checked.ready
    assert (checked.outcomes[STEP], checked.steps[STEP]["found"]) == ("warn", "none")
    assert "sees only what it may" in checked.steps[STEP]["fix"]


async def test_a_group_that_cannot_be_read_is_a_warning() -> None:
    cloud = Cloud(services=3, instance_groups=3)
    cloud.faults.append(Fault.without_uuid(operation=GROUPS))
    checked = await checked_with(cloud)
    assert checked.ready
    assert checked.outcomes[STEP] == "warn"
    assert "cannot be read" in checked.steps[STEP]["found"]
    assert checked.outcomes["records"] == "pass"


async def test_the_number_of_series_is_the_one_that_the_exporter_comes_to() -> None:
    cloud = Cloud(services=40, instance_groups=30)
    async with serving(cloud) as url, exporting(target=target(url)) as exporter:
        page = await exporter.until(is_up)
    of_records = sum("uuid" in labels for name in page.names for labels, _ in page.all(name))
    predicted = await checked_with(cloud, max_series=of_records)
    assert predicted.outcomes["series"] == "pass"
    too_many = await checked_with(cloud, max_series=of_records - 1)
    assert too_many.ready
    assert too_many.outcomes["series"] == "warn"
    assert f"of which {of_records} are of single records" in too_many.steps["series"]["found"]
    assert too_many.steps["series"]["fix"] == f"set metrics.max_series to {of_records} or more"
