"""Instance groups on the page, with the names of their services, and each list for itself."""

import re
from dataclasses import replace
from math import inf

from exporter.metrics.exposition import Exposition, OnStale
from exporter.metrics.page import Format
from exporter.state.lists import ListState
from exporter.state.snapshot import Snapshot
from exporter.zstack import Instance, InstanceGroup, ModelService, clock
from tests.support.builders import ListedGroups, found, listed_groups, publish
from tests.support.exporting import until_seen

GROUP = "model_service_instance_group"
INSTANCES = "zstack_model_service_instance"
"""How the families of groups begin."""

CHAT = InstanceGroup(
    uuid="g1",
    name="chat",
    model_service_uuid="s1",
    model_service_type="Endpoint",
    type="Container",
    status="Running",
    instances=(Instance("Running"), Instance("Running"), Instance("Lost")),
)
ORPHAN = InstanceGroup(uuid="g2", status="Unknown")
SERVICES = found(ModelService("s1", name="Qwen"), ModelService("s2", name="other"))


def snapshot(groups: ListedGroups, good_until: float = inf) -> Snapshot:
    return Snapshot(
        "lab",
        60,
        180,
        attempted_at=2.0,
        succeeded_at=1.0,
        inventory=SERVICES,
        good_until=inf,
        lists={GROUP: ListState(groups, 1.0, good_until)},
    )


async def shown(exposition: Exposition) -> str:
    page = await exposition.page(Format.TEXT)
    return b"".join(page.text()).decode()


async def published(one: Snapshot, policy: OnStale = OnStale.DROP) -> Exposition:
    exposition = Exposition({"lab": policy})
    await publish(exposition, one)
    return exposition


def lines(page: str, family: str) -> list[str]:
    """The samples of a family, without its name."""
    found = [line for line in page.splitlines() if line.startswith(f"{family}{{")]
    return [line.removeprefix(family) for line in found]


def parsed(line: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', line))


async def test_groups_and_instances_are_counted_by_the_platforms_words() -> None:
    page = await shown(await published(snapshot(listed_groups(CHAT, ORPHAN))))
    assert lines(page, f"{INSTANCES}_groups") == [
        '{model_service_type="Endpoint",status="Running",target="lab",type="Container"} 1.0',
        '{model_service_type="unknown",status="Unknown",target="lab",type="unknown"} 1.0',
    ]
    assert lines(page, f"{INSTANCES}s") == [
        '{architecture="unknown",gpu_vendor="unknown",status="Lost",target="lab"} 1.0',
        '{architecture="unknown",gpu_vendor="unknown",status="Running",target="lab"} 2.0',
    ]
    assert lines(page, f"{INSTANCES}_group_instances") == [
        '{name="chat",status="Running",target="lab",uuid="g1"} 2.0',
        '{name="chat",status="Lost",target="lab",uuid="g1"} 1.0',
    ]


async def test_a_group_has_the_name_of_its_service_or_none_where_it_has_outlived_it() -> None:
    outlived = InstanceGroup(uuid="g3", model_service_uuid="s9", type="Container")
    page = await shown(await published(snapshot(listed_groups(CHAT, ORPHAN, outlived))))
    labels = [parsed(line) for line in lines(page, f"{INSTANCES}_group_info")]
    assert [(of["uuid"], of["model_service_uuid"], of["model_service_name"]) for of in labels] == [
        ("g1", "s1", "Qwen"),
        ("g2", "", ""),
        ("g3", "s9", ""),
    ]
    assert labels[0] == {
        "uuid": "g1",
        "name": "chat",
        "model_service_uuid": "s1",
        "model_service_name": "Qwen",
        "type": "Container",
        "status": "Running",
        "target": "lab",
    }


async def test_a_service_that_is_renamed_is_renamed_in_its_groups_and_nothing_else_is_made() -> (
    None
):
    groups = listed_groups(CHAT, ORPHAN, page_size=1)
    exposition = await published(snapshot(groups))
    before = await exposition.render(snapshot(groups))
    renamed = found(ModelService("s1", name="Qwen 3"), ModelService("s2", name="other"))
    after = await exposition.render(replace(snapshot(groups), inventory=renamed), renamed.lines)

    info = "zstack_model_service_instance_group_info"
    old, new = before.families(), after.families()
    assert [one is other for one, other in zip(old[info], new[info], strict=True)] == [False, True]
    assert b'model_service_name="Qwen 3"' in new[info][0].text()
    others = old.keys() & {name for name in old if "_instance" in name} - {info}
    assert others
    assert all(old[name] is new[name] for name in others)


async def test_services_that_change_but_keep_their_names_leave_the_groups_alone() -> None:
    groups = listed_groups(CHAT)
    exposition = await published(snapshot(groups))
    before = await exposition.render(snapshot(groups))
    same_names = replace(SERVICES, reported=7)
    after = await exposition.render(replace(snapshot(groups), inventory=same_names))
    assert after.parts[GROUP] == before.parts[GROUP], "blocks are equal if they are the same"


async def test_a_stale_list_disappears_alone() -> None:
    exposition = await published(snapshot(listed_groups(CHAT), good_until=0.0))
    page = await shown(exposition)
    assert "zstack_model_services{" in page
    assert INSTANCES not in page
    assert f'zstack_resource_up{{resource="{GROUP}",target="lab"}} 1.0' in page


async def test_a_list_becomes_stale_between_two_scrapes() -> None:
    soon = clock.now() + 0.2
    exposition = await published(snapshot(listed_groups(CHAT), good_until=soon))
    page = await exposition.page(Format.TEXT)
    assert INSTANCES.encode() in b"".join(page.text())
    assert page.until == soon
    await until_seen(lambda: shown(exposition), lambda page: INSTANCES not in page)
    assert exposition.cached_page(Format.TEXT) is not page


async def test_stale_services_leave_what_runs() -> None:
    one = replace(snapshot(listed_groups(CHAT)), good_until=0.0)
    page = await shown(await published(one))
    assert "zstack_model_services{" not in page
    assert "zstack_model_service_instances{" in page


async def test_fail_is_about_the_model_services_alone() -> None:
    exposition = await published(snapshot(listed_groups(CHAT), good_until=0.0), OnStale.FAIL)
    assert INSTANCES not in await shown(exposition)


async def test_keep_keeps_a_stale_list() -> None:
    exposition = await published(snapshot(listed_groups(CHAT), good_until=0.0), OnStale.KEEP)
    assert "zstack_model_service_instances{" in await shown(exposition)


async def test_the_answer_to_another_question_is_dropped_with_all_its_lists() -> None:
    exposition = await published(snapshot(listed_groups(CHAT)))
    exposition.drop_inventory("lab")
    page = await shown(exposition)
    assert INSTANCES not in page
    assert "zstack_model_services{" not in page
    assert "zstack_up{" in page
