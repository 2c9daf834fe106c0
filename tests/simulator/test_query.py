"""The query grammar, right and wrong, over a small estate made by hand."""

import pytest

from exporter.simulator import Account, Cloud, ModelRef, ModelService

from .client import NOON, SERVICES, Client, connected

DAY = 86_400


def small_cloud() -> Cloud:
    cloud = Cloud(services=0)
    for service in (
        ModelService(
            uuid="a1",
            name="alpha",
            description="100% done",
            request_cpu=2,
            version="a=b",
            has_new_version=True,
            refs=(ModelRef("r1", "Model-1"),),
            created=NOON,
        ),
        ModelService(
            uuid="b2", name="beta", request_cpu=4, has_new_version=False, created=NOON + DAY
        ),
        ModelService(uuid="c3", name="gamma x", description="", request_cpu=16, created=None),
    ):
        cloud.estate.add(service)
    return cloud


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("name=alpha", ["alpha"]),
        ("name=ALPHA", ["alpha"]),  # the database's collation
        (" name =alpha", ["alpha"]),  # the key is trimmed
        ("name=alpha ", []),  # the value is not
        ("name!=alpha", ["beta", "gamma x"]),
        ("version=a=b", ["alpha"]),  # cut at the first
        ("description=", ["gamma x"]),
        ("description!=x", ["alpha", "gamma x"]),  # NULL differs from nothing
        ("description is null", ["beta"]),
        ("description not null", ["alpha", "gamma x"]),
        ("uuid?=a1,c3,zz", ["alpha", "gamma x"]),
        ("uuid!?=a1,c3", ["beta"]),
        ("name~=%A", ["alpha", "beta"]),
        ("name~=_eta", ["beta"]),
        (r"description~=100\%%", ["alpha"]),
        ("name!~=%a", ["gamma x"]),
        ("requestCpu>2", ["beta", "gamma x"]),
        ("requestCpu>=4", ["beta", "gamma x"]),
        ("requestCpu<4", ["alpha"]),
        ("requestCpu<=4", ["alpha", "beta"]),
        ("requestCpu?=2,16", ["alpha", "gamma x"]),
        ("hasNewVersion=true", ["alpha"]),
        ("hasNewVersion=false", ["beta"]),
        ("supportDistributed=false", ["alpha", "beta", "gamma x"]),
        ("createDate>2025-06-05 15:47:29", ["beta"]),
        ("createDate=2025-06-05 15:47:29", ["alpha"]),
        ("modelServiceRefs.modelUuid=model-1", ["alpha"]),
        ("modelServiceRefs.uuid=r1", ["alpha"]),
        ("__systemTag__=any", []),
    ],
)
async def test_a_condition_finds(condition: str, names: list[str]) -> None:
    async with connected(small_cloud()) as client:
        assert await client.names(condition) == names


async def test_conditions_are_joined_by_and() -> None:
    async with connected(small_cloud()) as client:
        assert await client.names("requestCpu>2", "description is null") == ["beta"]


@pytest.mark.parametrize(
    "condition",
    [
        "status=Running",  # there is no such field
        "name=a!=b",  # read as: the field `name=a` is not b
        "description is not null",  # read as: the field `description is`
        "cpuArchitectures=x86_64",  # a collection
        "requestCpu=four",
    ],
)
async def test_a_condition_on_what_is_no_field_is_an_internal_error(condition: str) -> None:
    async with connected(small_cloud()) as client:
        reply = await client.services(condition)

    assert (reply.status, reply.error["code"]) == (503, "SYS.1000")


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("q=a1", "Invalid query parameter. The 'a1' in the parameter[q] doesn't contain any"),
        ("q=%3Dx", "Invalid query parameter. The '=x' in the parameter[q] is not a key-value pair"),
        ("limit=ten", "Invalid query parameter. 'limit' must be an integer"),
        ("start=1.5", "Invalid query parameter. 'start' must be an integer"),
        ("limit=", "Invalid query parameter. 'limit' must be an integer"),
    ],
)
async def test_bad_grammar_is_400_in_plain_text(parameters: str, text: str) -> None:
    async with connected(small_cloud()) as client:
        client.session = "expired"  # which is looked at later
        reply = await client.get(f"{SERVICES}?{parameters}")

    assert reply.status == 400
    assert reply.text.startswith(text)


async def test_unknown_parameters_are_ignored_qstring_among_them() -> None:
    async with connected(small_cloud()) as client:
        reply = await client.services(
            qString="name=alpha", conditions="name=alpha", sortBy="nothing", groupBy="type"
        )

    assert len(reply.rows) == 3


async def test_an_empty_parameter_name_counts_as_q() -> None:
    async with connected(small_cloud()) as client:
        reply = await client.get(f"{SERVICES}?=name=alpha")

    assert [row["name"] for row in reply.rows] == ["alpha"]


async def test_of_a_repeated_parameter_the_first_counts() -> None:
    async with connected(small_cloud()) as client:
        reply = await client.get(f"{SERVICES}?limit=1&limit=3&fields=name&fields=yaml")

    assert [{*row} for row in reply.rows] == [{"name", "supportDistributed"}]


async def test_a_thousand_rows_are_the_default_and_the_rest_is_not_mentioned() -> None:
    async with connected(Cloud(services=1001)) as client:
        reply = await client.services()

    assert len(reply.rows) == 1000
    assert "total" not in reply.members


async def test_a_limit_of_none_is_an_empty_list_and_a_negative_one_an_error() -> None:
    async with connected(small_cloud()) as client:
        none = await client.services(limit=0, replyWithCount="true")
        beyond = await client.services(start=3)
        negative = await client.services(limit=-1)

    assert (none.rows, none.members["total"]) == ([], 3)
    assert beyond.rows == []
    assert negative.error["code"] == "SYS.1000"


async def uuids(client: Client, **params: str | int) -> list[str]:
    return [row["uuid"] for row in (await client.services(**params)).rows]


async def test_sorted_pages_hold_every_row_once() -> None:
    cloud = Cloud(services=95)
    async with connected(cloud) as client:
        listed = [
            uuid
            for start in range(0, 95, 10)
            for uuid in await uuids(client, sort="+uuid", start=start, limit=10)
        ]

    assert listed == sorted(cloud.estate)


async def test_unsorted_pages_do_not() -> None:
    cloud = Cloud(services=95)
    async with connected(cloud) as client:
        listed = [
            uuid
            for start in range(0, 95, 10)
            for uuid in await uuids(client, start=start, limit=10)
        ]
        assert len({*listed}) < 95
        cloud.stable_order = True
        assert await uuids(client) == await uuids(client)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["a1", "b2", "c3"]),
        ("+name", ["a1", "b2", "c3"]),
        (" name", ["a1", "b2", "c3"]),  # a plus that was not encoded
        ("-requestCpu", ["c3", "b2", "a1"]),
        ("createDate", ["c3", "a1", "b2"]),  # NULL first
    ],
)
async def test_rows_are_sorted_by_one_field(sort: str, order: list[str]) -> None:
    async with connected(small_cloud()) as client:
        assert await uuids(client, sort=sort) == order


async def test_sorting_by_what_is_no_field_is_an_internal_error() -> None:
    async with connected(small_cloud()) as client:
        for name in ("state", "modelServiceRefs"):
            assert (await client.services(sort=name)).error["code"] == "SYS.1000"


async def test_a_projection_has_the_named_fields_and_the_primitive_one() -> None:
    async with connected(small_cloud()) as client:
        reply = await client.services("uuid=b2", fields="uuid, name,description")
        everything = await client.services("uuid=b2", fields="")

    assert reply.rows == [{"uuid": "b2", "name": "beta", "supportDistributed": False}]
    assert reply.members["schema"] == {
        "inventories[0]": "org.zstack.ai.entity.ModelServiceInventory"
    }
    assert len(everything.rows[0]) > 5


@pytest.mark.parametrize("field", ["cpuArchitectures", "modelServiceRefs", "health"])
async def test_a_projection_of_a_collection_or_of_nothing_known_is_an_internal_error(
    field: str,
) -> None:
    async with connected(small_cloud()) as client:
        reply = await client.services(fields=f"uuid,{field}")

    assert (reply.status, reply.error["code"]) == (503, "SYS.1000")
    assert f"not having field[{field}]" in reply.error["details"]


async def test_an_older_release_does_not_know_newer_fields() -> None:
    cloud = small_cloud()
    cloud.profile = "5.3.20"
    async with connected(cloud) as client:
        reply = await client.services("hasNewVersion=true")
        projected = await client.services("uuid=a1", fields="uuid")

    assert reply.error["code"] == "SYS.1000"
    assert projected.rows == [{"uuid": "a1"}]


async def test_an_account_sees_what_it_may_and_no_error_for_the_rest() -> None:
    cloud = small_cloud()
    cloud.accounts["guest"] = Account("guest", "guest", uuid="9", sees=frozenset({"b2"}))
    async with connected(cloud, logged_in=False) as client:
        await client.log_in("guest", "guest")
        reply = await client.services(replyWithCount="true")

    assert [row["uuid"] for row in reply.rows] == ["b2"]
    assert reply.members["total"] == 1


async def test_matches_follow_the_estate() -> None:
    cloud = small_cloud()
    async with connected(cloud) as client:
        assert await client.names("requestCpu>2") == ["beta", "gamma x"]
        cloud.estate.remove("b2")
        cloud.estate.alter("a1", request_cpu=8)
        assert await client.names("requestCpu>2") == ["alpha", "gamma x"]
        cloud.estate.clear()
        assert await client.names("requestCpu>2") == []


async def test_only_the_last_few_selections_are_kept() -> None:
    cloud = small_cloud()
    async with connected(cloud) as client:
        for number in range(20):
            await client.services(f"requestCpu={number}")
        assert await client.names("requestCpu=16") == ["gamma x"]
