"""Pages of model services: as tolerant as the platform is loose, and one bad row costs no other."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.simulator import HOSTILE, PROFILES, Cloud, Fault, Profile
from exporter.zstack import DriftedModelService, ModelService
from exporter.zstack.records import SAMPLED_ROWS, Page, Undecodable
from exporter.zstack.schema import (
    ignored,
    model_services,
    session,
    time_zone,
)
from tests.support.client_fixture import client_for

GOOD = b'{"uuid":"good","requestCpu":4}'


def read(*rows: bytes, total: bytes = b"2") -> Page[ModelService]:
    return model_services(b'{"inventories":[' + b",".join(rows) + b'],"total":' + total + b"}")


def service(**fields: Any) -> ModelService:
    """The service that a row with these fields is."""
    (row,) = read(json.dumps({"uuid": "a", **fields}).encode()).rows
    assert isinstance(row, ModelService), row
    return row


def beside_good(row: bytes) -> ModelService | Undecodable:
    """What a row comes to; a good one on either side of it is not harmed."""
    first, between, last = read(GOOD, row, GOOD).rows
    for good in (first, last):
        assert isinstance(good, ModelService)
        assert (good.uuid, good.request_cpu) == ("good", 4)
    return between


@pytest.mark.parametrize("profile", PROFILES)
async def test_every_row_of_every_release_decodes(profile: Profile) -> None:
    async with client_for(Cloud(services=200, profile=profile)) as fixture:
        listing = await fixture.services()

    assert len(listing.services) == 200
    assert listing.undecodable == ()


def test_row_needs_nothing_but_its_uuid() -> None:
    assert service() == ModelService(uuid="a")


def test_null_is_absence() -> None:
    names = [field.encode_name for field in msgspec.structs.fields(ModelService)]
    assert service(**{name: None for name in names if name != "uuid"}) == service()


@pytest.mark.parametrize("number", [4, 4.0, "4", "4.0"])
def test_number_may_come_as_text(number: object) -> None:
    decoded = service(requestCpu=number, requestMemory=number, size=number)
    assert (decoded.request_cpu, decoded.request_memory, decoded.size) == (4, 4, 4)


def test_fields_that_are_known_but_not_read_are_normal() -> None:
    assert service(zoneUuid="x", modelServiceImages=[{"a": {}}], readme=None) == service()


def test_field_that_no_release_documents_is_named_and_costs_nothing() -> None:
    found = service(tensorParallel=4, name="a", costCenter=None)
    assert isinstance(found, DriftedModelService)
    assert (found.name, found.unknown, found.unreadable) == (
        "a",
        ("costCenter", "tensorParallel"),
        (),
    )


def test_unknown_fields_are_looked_for_in_the_first_rows_of_a_page() -> None:
    rows = [b'{"uuid":"%d","next":1}' % n for n in range(SAMPLED_ROWS + 5)]
    found = [row for row in read(*rows).rows if isinstance(row, DriftedModelService)]
    assert [row.unknown for row in found] == [("next",)] * SAMPLED_ROWS


def test_row_that_is_longer_than_a_sample_ends_it() -> None:
    page = read(b'{"uuid":"a","readme":"%b"}' % (b"x" * 131_072), b'{"uuid":"b","next":1}')
    assert not any(isinstance(row, DriftedModelService) for row in page.rows)


def test_unknown_fields_are_found_in_every_envelope() -> None:
    body = b' { "total" : 2, "inventories" :\n [ null , 1, {"uuid":"a", "next":1}\n, {"uuid":"b"}]}'
    [row] = [r for r in model_services(body).rows if isinstance(r, DriftedModelService)]
    assert (row.uuid, row.unknown) == ("a", ("next",))


def test_total_may_come_as_text() -> None:
    assert read(total=b'"17"').total == read(total=b"17").total == 17


@pytest.mark.parametrize("specs", [b"null", b'"uuid"', b'["uuid"]', b"[]", b"{}", b"7"])
def test_gpu_vendors_may_have_anything_for_specs(specs: bytes) -> None:
    row = beside_good(b'{"uuid":"a","vendorToSpecUuidsMap":{"NVIDIA":%b}}' % specs)
    assert row == ModelService("a", vendor_to_spec_uuids_map={"NVIDIA": msgspec.Raw(specs)})


def test_models_bound_to_a_service_are_counted_regardless_of_content() -> None:
    assert len(service(modelServiceRefs=[{"uuid": "x"}, {}]).model_service_refs or ()) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requestCpu", b'"four"'), ("requestCpu", b"{}"), ("requestCpu", b"true"),
        ("requestCpu", b'"1e999"'), ("requestCpu", b"NaN"), ("requestCpu", b"1e999"),
        ("requestMemory", b"[1]"), ("size", b"-Infinity"), ("hasNewVersion", b'"perhaps"'),
        ("hasNewVersion", b"2"), ("system", b"{}"), ("name", b"true"), ("name", b"[]"),
        ("version", b"{}"), ("type", b"false"), ("vendorToSpecUuidsMap", b"[]"),
        ("vendorToSpecUuidsMap", b'"NVIDIA"'), ("modelServiceRefs", b'{"0":1}'),
        ("modelServiceRefs", b'"a"'), ("modelServiceRefs", b"[1]"), ("createDate", b"{}"),
        ("createDate", b"true"), ("lastOpDate", b"[]"), ("cpuArchitectures", b"{}"),
        ("cpuArchitectures", b'["x86_64",{}]'), ("cpuArchitectures", b"true"),
        ("gpuComputeCapability", b"[8]"), ("name", b'"\xff' + b"x" * (1 << 20) + b'"'),
    ],
    ids=lambda value: repr(value[:16]),
)  # fmt: skip
def test_field_that_cannot_be_read_is_unknown_and_the_service_counts(
    field: str, value: bytes
) -> None:
    row = beside_good(b'{"uuid":"a","%b":%b,"installPath":"/"}' % (field.encode(), value))
    assert row == DriftedModelService("a", unreadable=(field,))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b'"version":1.1', {"version": "1.1"}),
        (b'"version":1.10', {"version": "1.10"}),
        (b'"pythonVersion":3.10', {"python_version": "3.10"}),
        (b'"gpuComputeCapability":10', {"gpu_compute_capability": "10"}),
        (b'"modelCenterUuid":12345678901234567890', {"model_center_uuid": "12345678901234567890"}),
        (b'"name":12345', {"name": "12345"}),
        (b'"name":-1e5', {"name": "-1e5"}),
        (b'"requestCpu":""', {}),
        (b'"requestMemory":" ","size":""', {}),
        (b'"hasNewVersion":"","system":"","supportDistributed":""', {}),
        (b'"vendorToSpecUuidsMap":"","modelServiceRefs":""', {}),
        (b'"cpuArchitectures":[null]', {"cpu_architectures": ()}),
        (b'"cpuArchitectures":["x86_64",null]', {"cpu_architectures": ("x86_64",)}),
        (b'"cpuArchitectures":"x86_64"', {"cpu_architectures": ("x86_64",)}),
        (b'"cpuArchitectures":[1]', {"cpu_architectures": ("1",)}),
        (b'"name":"\xd6\xd0","version":1', {"name": "\ufffd\ufffd", "version": "1"}),
    ],
)
def test_field_of_another_kind_is_read_where_it_can_be(
    fields: bytes, expected: dict[str, Any]
) -> None:
    assert beside_good(b'{"uuid":"a",' + fields + b"}") == ModelService("a", **expected)


def test_every_field_of_a_row_is_read_for_itself() -> None:
    row = beside_good(b'{"uuid":"a","name":"n","requestCpu":{},"version":2,"size":[],"type":"App"}')
    assert row == DriftedModelService(
        "a", name="n", version="2", type="App", unreadable=("requestCpu", "size")
    )


def test_field_may_be_unreadable_and_another_unknown() -> None:
    [row] = read(b'{"uuid":"a","requestCpu":{},"next":1}').rows
    assert row == DriftedModelService("a", unreadable=("requestCpu",), unknown=("next",))


@pytest.mark.parametrize(
    "row",
    [
        b"{}", b"null", b"[]", b'"text"', b"1", b'{"uuid":null}', b'{"uuid":""}', b'{"uuid":5}',
        b'{"uuid":["a"]}', b'{"uuid":"%b"}' % (b"a" * 257),
    ],
)  # fmt: skip
def test_row_without_uuid_is_skipped_alone(row: bytes) -> None:
    undecodable = beside_good(row)
    assert isinstance(undecodable, Undecodable)
    assert undecodable.uuid is None
    assert undecodable.fault.isprintable()


def test_rows_of_one_fault_are_one_object() -> None:
    rows = read(*[b"{}"] * 1000).rows
    assert len({id(row) for row in rows}) == 1


ROW = b'{"uuid":"a"}'


@pytest.mark.parametrize(
    ("row", "rows"),
    [(b"{}", 20_000), (ROW, 20_000), (b"1", 20_000), (b"{}", 2_800_000), (ROW, 700_000)],
)
def test_page_with_far_more_rows_than_were_asked_for_is_refused(row: bytes, rows: int) -> None:
    body = b'{"inventories":[' + b",".join([row] * rows) + b'],"total":%d}' % rows
    with pytest.raises(msgspec.DecodeError, match="rows"):
        model_services(body, 1000)


@pytest.mark.parametrize(
    "values",
    [b'"x":[' + b"1," * 3_000_000 + b"1]", b'"cpuArchitectures":[' + b'"a",' * 2_000_000 + b'""]'],
)
def test_row_with_far_more_values_than_a_row_has_is_refused(values: bytes) -> None:
    with pytest.raises(msgspec.DecodeError, match="values"):
        read(b'{"uuid":"a",' + values + b"}")


def test_commas_in_texts_are_no_values() -> None:
    [row] = read(b'{"uuid":"a","yaml":"%b"}' % (rb"a, \"b\",\n" * 1_000_000)).rows
    assert row == ModelService("a")


def test_text_that_does_not_end_is_a_decode_error_at_once() -> None:
    with pytest.raises(msgspec.DecodeError):
        model_services(b'{"inventories":[{"uuid":"a","yaml":"' + rb"\"," * 2_000_000)


def test_page_of_more_rows_than_were_asked_for_is_read_where_they_are_not_far_more() -> None:
    body = b'{"inventories":[%b],"total":1}' % b",".join([ROW] * 9_999)
    assert len(model_services(body, 10).rows) == 9_999


@pytest.mark.parametrize(
    "fields",
    [
        rb'"name":"\ud800"', rb'"readme":"\udc00\ud800"', rb'"\ud800":1', rb'"x":{"\udfff":[1]}',
        rb'"name":"\ud83d\ude00 \ud83d"', rb'"modelServiceRefs":[{"\ud800":1}]',
        rb'"vendorToSpecUuidsMap":{"\ud800":[]}', rb'"cpuArchitectures":["\uD800"]',
        b'"name":"\xff"', b'"\xff":1', b'"readme":"\xed\xa0\x80"', b'"name":"\xd6\xd0"',
        b'"size":' + b"9" * 5000, b'"x":' + b"9" * 5000, b'"requestCpu":NaN',
        b'"x":-Infinity', b'"requestCpu":"NaN"', b'"size":1e999', b'"name":"\x07"',
        b'"x":' + b"[" * 200 + b"]" * 200,
    ],
    ids=lambda fields: repr(fields[:24]),
)  # fmt: skip
def test_oddity_anywhere_in_a_row_costs_neither_it_nor_another(fields: bytes) -> None:
    row = beside_good(b'{"uuid":"odd",' + fields + b"}")
    assert row.uuid == "odd"


def test_row_may_have_an_oddity_and_a_wrong_type() -> None:
    row = beside_good(rb'{"\ud800":1,"uuid":"a","name":{},"x":' + b"9" * 5000 + b"}")
    assert isinstance(row, DriftedModelService)
    assert (row.uuid, row.unreadable) == ("a", ("name",))


@pytest.mark.parametrize(
    "text", [b"NaN", b"-Infinity", rb"\"NaN\"", rb"a\\", b"[NaN,Infinity]", rb"\\ud800"]
)
def test_text_stays_as_it_is_where_another_field_is_no_number(text: bytes) -> None:
    row = beside_good(b'{"uuid":"a","name":"%b","size":NaN,"version":"x"}' % text)
    assert row == DriftedModelService(
        "a", name=json.loads(b'"' + text + b'"'), version="x", unreadable=("size",)
    )


def test_lone_surrogate_is_replaced_and_a_pair_is_kept() -> None:
    row = beside_good(rb'{"uuid":"a","name":"\\ud800 \ud83d\ude00 \ud83d \u0041\n"}')
    assert isinstance(row, ModelService)
    assert row.name == "\\ud800 😀 \ufffd A\n"


def test_oddity_beside_the_rows_costs_none() -> None:
    body = rb'{"inventories":[{"uuid":"a"}],"\ud800":"\udc00","schema":{"\ud800":1},"total":1}'
    assert model_services(body).rows == (ModelService(uuid="a"),)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"text", b'{"inventories":[]}', b'{"total":0}',
        b'{"inventories":null,"total":0}', b'{"inventories":{},"total":0}',
        b'{"inventories":[],"total":null}', b'{"inventories":[],"total":"many"}',
        b'{"inventories":[],"total":1.5}', b'{"inventories":[{"uuid":"a"}],"total":1',
        rb'{"inventories":["\ud8"],"total":1}', b"<html></html>", b"\xff\xfe",
    ],
)  # fmt: skip
def test_page_that_cannot_be_read_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        model_services(body)


@pytest.mark.parametrize("end", [b"", b"]" * 100_000 + b'}],"total":1}'])
def test_page_nested_beyond_reason_is_a_recursion_error(end: bytes) -> None:
    with pytest.raises((RecursionError, msgspec.DecodeError)):
        model_services(b'{"inventories":[{"uuid":"a","x":' + b"[" * 100_000 + end)


def _mutated(body: bytes, at: int, byte: int) -> bytes:
    return body[: at % len(body)] + bytes([byte]) + body[at % len(body) + 1 :]


BODIES = st.one_of(
    st.binary(),
    st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(
        _mutated,
        st.sampled_from(
            [
                b'{"inventories":[{"uuid":"a","name":"\\ud83d\\ude00","requestCpu":"4"}],"total":1}',
                b'{"inventories":[{"uuid":"a","cpuArchitectures":["x"],"size":1.5}],"total":"1"}',
            ]
        ),
        st.integers(0, 200),
        st.integers(0, 255),
    ),
)


@given(BODIES)
def test_no_body_breaks_the_decoder(body: bytes) -> None:
    for decode in (model_services, session, time_zone, ignored):
        with suppress(msgspec.DecodeError, RecursionError):
            decode(body)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_FIELDS = [field.encode_name for field in msgspec.structs.fields(ModelService)]
_ROWS = _ANYTHING | st.dictionaries(
    st.sampled_from(_FIELDS) | st.text(st.characters(), max_size=8), _ANYTHING, max_size=6
)


@given(row=_ROWS, escaped=st.booleans())
@example(row={"\ud800": float("nan")}, escaped=True)
@example(row={"uuid": "\udfff"}, escaped=False)
def test_no_row_costs_its_neighbours(row: Any, *, escaped: bool) -> None:
    beside_good(json.dumps(row, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


async def test_hostile_names_come_through() -> None:
    async with client_for(Cloud(services=len(HOSTILE), faults=[Fault.hostile()])) as fixture:
        listing = await fixture.services()

    assert len(listing.services) == len(HOSTILE)
    assert listing.undecodable == ()


def test_login_gives_its_session() -> None:
    assert session(b'{"inventory":{"uuid":"s","expiredDate":"\xff"}}').uuid == "s"


@pytest.mark.parametrize("date", [b"[]", b"1e999", b"true", b'{"a":1}', b"null", b'""'])
def test_no_login_fails_for_the_sake_of_a_date(date: bytes) -> None:
    body = b'{"inventory":{"uuid":"s","createDate":%b,"expiredDate":%b}}' % (date, date)
    assert session(body).uuid == "s"


@pytest.mark.parametrize("other", [b"8", b"1e999", b"[]", b"{}", b"true", b"null"])
def test_zone_is_known_from_what_can_be_read_of_it(other: bytes) -> None:
    assert (
        time_zone(b'{"timezone":"Asia/Shanghai","offset":%b}' % other).timezone == "Asia/Shanghai"
    )
    assert time_zone(b'{"timezone":%b,"offset":"+08:00"}' % other).offset == "+08:00"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"inventory":{}}', b'{"inventory":{"uuid":""}}', b"\xff"]
)
def test_login_without_a_session_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        session(body)
