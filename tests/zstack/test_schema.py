"""Pages of model services: as tolerant as the platform is loose, and one bad row costs no other."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.simulator import HOSTILE, PROFILES, Cloud, Fault, Profile
from exporter.zstack import ModelService
from exporter.zstack.schema import (
    Page,
    Undecodable,
    model_services,
    nothing,
    session,
    time_zone,
)

from .asking import asking

GOOD = b'{"uuid":"good","requestCpu":4}'


def read(*rows: bytes, total: bytes = b"2") -> Page:
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
    async with asking(Cloud(services=200, profile=profile)) as asked:
        listing = await asked.services()

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


def test_unknown_fields_are_normal() -> None:
    assert service(zoneUuid="x", modelServiceImages=[{"a": {}}], next=None) == service()


def test_total_may_come_as_text() -> None:
    assert read(total=b'"17"').total == read(total=b"17").total == 17


@pytest.mark.parametrize(
    "value", [["NVIDIA"], {"NVIDIA": None}, {"NVIDIA": "uuid"}, {"NVIDIA": ["uuid"]}, {}]
)
def test_gpu_vendors_may_have_anything_for_specs(value: object) -> None:
    row = beside_good(json.dumps({"uuid": "a", "vendorToSpecUuidsMap": value}).encode())
    assert isinstance(row, ModelService) is isinstance(value, dict)


def test_models_bound_to_a_service_are_counted_whatever_is_in_them() -> None:
    assert len(service(modelServiceRefs=[{"uuid": "x"}, {}]).model_service_refs or ()) == 2


@pytest.mark.parametrize(
    "fields",
    [
        b'"name":17', b'"requestCpu":"four"', b'"requestCpu":{}', b'"requestCpu":true',
        b'"requestMemory":[1]', b'"hasNewVersion":"perhaps"', b'"cpuArchitectures":"x86_64"',
        b'"vendorToSpecUuidsMap":[]', b'"modelServiceRefs":{"0":1}', b'"createDate":true',
        b'"requestCpu":"1e999"', b'"version":{}', b'"cpuArchitectures":[1]',
    ],
)  # fmt: skip
def test_row_of_wrong_types_is_skipped_alone(fields: bytes) -> None:
    row = beside_good(b'{"uuid":"bad",' + fields + b"}")
    assert isinstance(row, Undecodable)
    assert row.uuid == "bad"
    assert row.fault.isprintable()


@pytest.mark.parametrize(
    "row",
    [b"{}", b"null", b"[]", b'"text"', b"1", b'{"uuid":null}', b'{"uuid":""}', b'{"uuid":5}'],
)
def test_row_without_uuid_is_skipped_alone(row: bytes) -> None:
    undecodable = beside_good(row)
    assert isinstance(undecodable, Undecodable)
    assert undecodable.uuid is None


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


def test_row_with_an_oddity_and_a_wrong_type_is_skipped_alone() -> None:
    row = beside_good(rb'{"\ud800":1,"uuid":"bad","name":5,"x":' + b"9" * 5000 + b"}")
    assert row == Undecodable("bad", "Expected `str | null`, got `int` - at `$.name`")


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
    for decode in (model_services, session, time_zone, nothing):
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
    async with asking(Cloud(services=len(HOSTILE), faults=[Fault.hostile()])) as asked:
        listing = await asked.services()

    assert len(listing.services) == len(HOSTILE)
    assert listing.undecodable == ()


def test_login_gives_its_session() -> None:
    assert session(b'{"inventory":{"uuid":"s","expiredDate":"\xff"}}').uuid == "s"


@pytest.mark.parametrize(
    "body", [b"{}", b'{"inventory":{}}', b'{"inventory":{"uuid":""}}', b"\xff"]
)
def test_login_without_a_session_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        session(body)
