"""The page: lawful in both formats, the same as prometheus_client's, and swapped whole."""

import asyncio
import gzip
import math
import random
import re
import time
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

from exporter.exposition import PAGE_SECONDS, Exposition, Format, OnStale, Page, StaleError
from exporter.family import Sample
from exporter.gzipped import Block, gzip_member
from exporter.inventory import Inventory
from exporter.metrics import AGGREGATED, PER_SERVICE, POLLING, SECTIONS, Row, ServiceRow
from exporter.services import Services
from exporter.snapshot import Snapshot, UnpublishableError
from exporter.telemetry import Telemetry
from exporter.zstack import ModelService, ModelServiceRef

from .inventories import found as listed
from .inventories import services

GOLDEN = Path(__file__).parent / "golden" / "page.txt"
FOREVER = math.inf

RECORDS = (
    ModelService(
        uuid="0446d8fd9487403cc12e7645f5r68d04",
        name="vLLM-0.11.0",
        type="Endpoint",
        framework="vLLM",
        source="HuggingFace",
        version="0.11.0",
        has_new_version=True,
        request_cpu=4,
        request_memory=8192,
        size=1.5e10,
        model_center_uuid="78e51a5c3b5f4a0b8c5d3f1e2a4b6c7d",
        gpu_compute_capability="8.0",
        python_version="3.11",
        system=True,
        support_distributed=False,
        cpu_architectures=("x86_64", "aarch64"),
        vendor_to_spec_uuids_map={"NVIDIA": ["a"], "Huawei": [], "AMD": None, "Intel": "b"},
        model_service_refs=(ModelServiceRef(), ModelServiceRef()),
        create_date="Jun 5, 2025 3:47:29 PM",
        last_op_date="Jun 6, 2025, 12:00:00 AM",
    ),
    ModelService(
        uuid="1c33d8fd9487403cc12e7645f5a68d05",
        name='向量检索 "生产" \\ 环境',
        type="Endpoint",
        framework="vLLM",
        source="HuggingFace",
        has_new_version=False,
        request_cpu=0.5,
        request_memory=2**31,
    ),
    ModelService(uuid="2d44d8fd9487403cc12e7645f5a68d06"),
)


def snapshot(
    found: Inventory | None, target: str = "lab", *, good_until: float = FOREVER
) -> Snapshot:
    return Snapshot(
        target,
        interval=60,
        stale_after=180,
        attempted_at=1749109649.5,
        succeeded_at=1749109589.25,
        inventory=found,
        good_until=good_until,
        failures={("QueryModelService", "rejected", "SYS.1000"): False},
    )


async def published(*snapshots: Snapshot, **policies: OnStale) -> Exposition:
    targets = {s.target: policies.get(s.target, OnStale.DROP) for s in snapshots}
    exposition = Exposition(targets)
    for each in snapshots:
        await exposition.publish(each)
    return exposition


def page(
    exposition: Exposition,
    page_format: Format = Format.TEXT,
    telemetry: Collector | None = None,
) -> Page:
    return exposition.page(page_format, telemetry or CollectorRegistry())


def text(shown: Page) -> str:
    return b"".join(shown.text()).decode()


class AsPrometheusClient(Collector):
    """The same rows by the library's own metric families."""

    def __init__(self, *targets: tuple[Snapshot, Services]) -> None:
        self._targets = targets

    @override
    def collect(self) -> Iterator[Metric]:
        for row in AGGREGATED:
            yield from self._family(row, [(s.target, s.inventory) for s, _ in self._targets])
        for each in PER_SERVICE:
            samples = Row(each.family, partial(self._samples, each))
            yield from self._family(samples, [(s.target, known) for s, known in self._targets])
        for polling in POLLING:
            yield from self._family(polling, [(s.target, s) for s, _ in self._targets])

    def _samples(self, row: ServiceRow, known: Services) -> Iterator[Sample]:
        columns = (getattr(known, name) for name in row.family.own_labels)
        for labels, value in zip(zip(*columns, strict=True), row.values(known), strict=True):
            if value is not None:
                yield labels, value

    def _family(self, row: Row, values: Iterable[tuple[str, object]]) -> Iterator[Metric]:  # type: ignore[type-arg]  # rows of either kind
        family = GaugeMetricFamily(row.family.name, row.family.help, labels=row.family.labels)
        for target, value in values:
            for labels, number in row.samples(value):
                family.add_metric((target, *labels), number)
        if family.samples:
            yield family


async def test_the_whole_page_is_as_it_was() -> None:
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    telemetry.target("lab").requested("QueryModelService", 200, 0.03)
    shown = text(page(await published(snapshot(listed(*RECORDS))), telemetry=telemetry))
    stable = "".join(
        line
        for line in shown.splitlines(keepends=True)
        if not line.startswith("zstack_exporter_build_info{")
    )
    assert stable == GOLDEN.read_text()


async def test_the_page_is_the_one_that_prometheus_client_writes() -> None:
    odd = '上海 "50%" %s \\ \n'
    lab = snapshot(listed(*RECORDS), "lab")
    other = snapshot(listed(*RECORDS[:1], target=odd), odd)
    oracle = AsPrometheusClient((lab, services(*RECORDS)), (other, services(*RECORDS[:1])))
    assert text(page(await published(lab, other))) == generate_latest(oracle).decode()


label_text = st.text(st.characters(codec=None), max_size=300)
numbers = st.none() | st.floats() | st.integers(-(10**20), 10**20).map(float)
records = st.builds(
    ModelService,
    uuid=label_text.filter(bool),
    name=st.none() | label_text,
    framework=st.none() | label_text,
    type=st.none() | st.sampled_from(["App", "", "\x00"]),
    version=st.none() | label_text,
    has_new_version=st.none() | st.booleans(),
    request_cpu=numbers,
    request_memory=numbers,
    cpu_architectures=st.none() | st.lists(label_text, max_size=3).map(tuple),
    vendor_to_spec_uuids_map=st.none()
    | st.dictionaries(label_text, st.none() | st.just("x"), max_size=3),
    create_date=st.none() | label_text | st.floats(),
)


@given(st.lists(records, max_size=6, unique_by=attrgetter("uuid")), st.integers(1, 3))
@example([ModelService("0", create_date="\ud800", last_op_date="\ud800")], 1)
def test_whatever_the_platform_says_the_page_is_lawful(
    told: list[ModelService], page_size: int
) -> None:
    lab = snapshot(listed(*told, page_size=page_size))
    exposition = asyncio.run(published(lab))
    shown = text(page(exposition))

    assert shown == generate_latest(AsPrometheusClient((lab, services(*told)))).decode()
    read = list(text_string_to_metric_families(shown))
    open_read = list(
        openmetrics.text_string_to_metric_families(text(page(exposition, Format.OPENMETRICS)))
    )
    assert [family.name for family in read] == [family.name for family in open_read]
    for family in read:
        series = [tuple(sorted(sample.labels.items())) for sample in family.samples]
        assert len(series) == len(set(series)), f"{family.name} has a series twice"
        for sample in family.samples:
            assert all(
                c.isprintable() or c.isspace() or ord(c) > 0x9F
                for v in sample.labels.values()
                for c in v
            )


async def test_gzip_is_one_standard_member_of_the_same_text() -> None:
    shown = page(await published(snapshot(listed(*RECORDS))))
    packed = b"".join(shown.gzip)
    member = zlib.decompressobj(wbits=31)
    assert member.decompress(packed) + member.flush() == b"".join(shown.text())
    assert member.eof
    assert not member.unused_data
    assert (len(packed), len(text(shown).encode())) == (shown.gzip_size, shown.size)


@given(st.lists(st.binary(max_size=5000), max_size=8))
def test_blocks_join_into_the_gzip_of_their_texts(texts: list[bytes]) -> None:
    blocks = [Block.of(piece) for piece in texts]
    member = b"".join(gzip_member(blocks))
    assert gzip.decompress(member) == b"".join(texts)
    assert [block.text() for block in blocks] == texts


@pytest.mark.parametrize("size", [98_303, 98_304, 98_305, 196_608, 1_000_003])
@pytest.mark.parametrize("different", [1, 3, 251, 256])
def test_the_text_of_a_large_block_comes_whole_and_in_pieces(size: int, different: int) -> None:
    chance = random.Random(size)
    whole = bytes(chance.choices(range(different), k=size))
    pieces = [*Block.of(whole).texts()]
    assert b"".join(pieces) == whole
    assert max(map(len, pieces)) <= 98_304


async def test_openmetrics_ends_and_text_does_not() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    opened, plain = page(exposition, Format.OPENMETRICS), page(exposition)
    assert (opened.format, plain.format) == (Format.OPENMETRICS, Format.TEXT)
    assert text(opened).endswith("# EOF\n")
    assert "# EOF" not in text(plain)


async def test_a_failed_poll_keeps_the_inventory_without_rendering_it_again() -> None:
    good = snapshot(listed(*RECORDS))
    exposition = await published(good)
    before = page(exposition).blocks
    await exposition.publish(snapshot(good.inventory))
    after = page(exposition).blocks
    kept = [block for block in after if any(block is each for each in before)]
    families = len(AGGREGATED) + len(PER_SERVICE)
    assert len(kept) >= 2 * families, "a header and its samples each"


async def test_stale_inventory_is_dropped_kept_or_fails_the_page() -> None:
    stale = snapshot(listed(*RECORDS), good_until=0.0)
    dropped = text(page(await published(stale)))
    assert "zstack_model_service" not in dropped
    assert 'zstack_up{target="lab"} 1.0' in dropped
    kept = text(page(await published(stale, lab=OnStale.KEEP)))
    assert "zstack_model_services_reported" in kept
    with pytest.raises(StaleError, match="lab"):
        page(await published(stale, lab=OnStale.FAIL))


@pytest.mark.parametrize("policy", [OnStale.DROP, OnStale.KEEP])
async def test_there_is_a_page_before_there_is_an_inventory(policy: OnStale) -> None:
    shown = text(page(await published(snapshot(None), lab=policy)))
    assert "zstack_model_service" not in shown
    assert "zstack_poll_interval_seconds" in shown


async def test_each_target_is_known_by_its_newest_snapshot() -> None:
    older, lab = snapshot(None), snapshot(listed(*RECORDS))
    exposition = Exposition({"lab": OnStale.DROP, "new": OnStale.DROP})
    assert exposition.ready(Format.TEXT) is None
    for each in (older, lab):
        await exposition.publish(each)
    assert exposition.targets == ("lab", "new")
    assert exposition.snapshots == (lab,)
    assert (exposition.snapshot("lab"), exposition.snapshot("new")) == (lab, None)


async def test_a_target_that_is_not_followed_any_more_is_gone_and_the_others_stay() -> None:
    lab, other = snapshot(listed(*RECORDS)), snapshot(listed(*RECORDS, target="other"), "other")
    exposition = await published(lab, other)
    page(exposition)
    exposition.follow({"other": OnStale.FAIL, "new": OnStale.DROP})
    assert exposition.ready(Format.TEXT) is None
    assert exposition.targets == ("other", "new")
    assert exposition.snapshots == (other,)
    shown = text(page(exposition))
    assert 'target="lab"' not in shown
    assert 'zstack_up{target="other"} 1.0' in shown


async def test_what_becomes_of_stale_data_can_be_chosen_anew() -> None:
    exposition = await published(snapshot(listed(*RECORDS), good_until=0.0))
    exposition.follow({"lab": OnStale.KEEP})
    assert "zstack_model_services_reported" in text(page(exposition))


async def test_a_page_of_one_target_has_no_other_on_it() -> None:
    lab, other = snapshot(listed(*RECORDS)), snapshot(listed(*RECORDS, target="other"), "other")
    exposition = await published(lab, other)
    made = exposition.page(Format.TEXT, CollectorRegistry(), "other")
    assert exposition.ready(Format.TEXT, "other") is made
    assert exposition.ready(Format.TEXT) is None
    assert set(re.findall(r'target="(\w+)"', text(made))) == {"other"}


async def test_what_cannot_be_rendered_leaves_the_page_as_it_was() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    before = text(page(exposition))
    broken = Snapshot("lab", interval="soon", stale_after=1)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(UnpublishableError) as raised:
        await exposition.publish(broken)
    assert (raised.value.reason, raised.value.operation.name) == ("malformed", "QueryModelService")
    assert str(raised.value).startswith("the answers cannot be rendered: ")
    assert text(page(exposition)) == before


async def test_per_service_series_can_be_left_out() -> None:
    exposition = Exposition({"lab": OnStale.DROP}, per_service=False)
    await exposition.publish(snapshot(listed(*RECORDS)))
    shown = text(page(exposition))
    assert "zstack_model_services{" in shown
    assert "zstack_model_service_" not in shown


def test_every_family_is_told_of_once_and_by_the_rules() -> None:
    families = [family for section in SECTIONS.values() for family in section]
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        assert family.name.startswith("zstack_")
        assert family.name.endswith("_total") == (family.type == "counter")
        assert family.help.endswith(".")
        assert ("target" in family.labels) == family.per_target
        assert "target" not in family.own_labels
        assert not {"\n", "\\", '"'} & set(family.help)


async def test_every_family_of_the_table_is_on_the_page() -> None:
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    telemetry.web_configured(successful=True, certificate_ends_at=1.8e9)
    counts = telemetry.target("lab")
    counts.requested("QueryModelService", 200, 0.03)
    counts.failed("QueryModelService", "rejected", "SYS.1000")
    shown = text(page(await published(snapshot(listed(*RECORDS))), telemetry=telemetry))
    on_page = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}
    assert on_page == {family.name for section in SECTIONS.values() for family in section}


async def test_a_page_is_handed_out_again_until_something_is_published() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    assert exposition.ready(Format.TEXT) is None

    made = page(exposition)
    assert exposition.ready(Format.TEXT) is made
    assert exposition.ready(Format.OPENMETRICS) is None
    assert exposition.ready(Format.TEXT, "lab") is None

    await exposition.publish(snapshot(listed(*RECORDS[:1])))
    assert exposition.ready(Format.TEXT) is None


async def test_a_page_is_not_handed_out_again_when_its_data_is_stale() -> None:
    soon = time.monotonic() + 0.9 * PAGE_SECONDS
    exposition = await published(snapshot(listed(*RECORDS), good_until=soon))
    assert page(exposition).until == soon


async def test_a_page_is_not_handed_out_again_after_its_moment() -> None:
    soon = time.monotonic() + 0.02
    exposition = await published(snapshot(listed(*RECORDS), good_until=soon))
    made = page(exposition)
    while time.monotonic() <= made.until:  # noqa: ASYNC110 - time passes by itself
        await asyncio.sleep(0)
    assert exposition.ready(Format.TEXT) is None


async def test_a_page_of_stale_data_is_handed_out_again_for_a_moment() -> None:
    exposition = await published(snapshot(listed(*RECORDS), good_until=0.0))
    assert exposition.ready(Format.TEXT) is None
    made = page(exposition)
    assert exposition.ready(Format.TEXT) is made
    assert 0 < made.until - time.monotonic() <= PAGE_SECONDS


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10**17)))
def test_numbers_are_written_as_prometheus_client_writes_them(number: float) -> None:
    told = ModelService("a", size=number)
    shown = text(page(asyncio.run(published(snapshot(listed(told))))))
    [written] = re.findall(r"^zstack_model_service_size_bytes\{.*\} (.*)$", shown, re.MULTILINE)
    assert written == floatToGoString(number + 0.0)
