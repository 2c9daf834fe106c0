"""The page: valid in both formats, the same as prometheus_client's, and swapped whole."""

import asyncio
import gzip
import math
import random
import re
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from operator import attrgetter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

from exporter.metrics.blocks import Block, Run, gzip_member
from exporter.metrics.exposition import PAGE_SECONDS, Exposition, OnStale, StaleError
from exporter.metrics.family import RecordRow, Row, Sample
from exporter.metrics.page import Format, Page
from exporter.metrics.rendered import Rendered
from exporter.metrics.rows.pending import PENDING_SINCE
from exporter.metrics.rows.polling import POLLING
from exporter.metrics.rows.services import (
    AGGREGATED,
    PER_SERVICE,
    SERVICE_FAMILIES,
    SERVICE_TOTALS,
)
from exporter.metrics.table import SECTIONS
from exporter.metrics.target_telemetry import (
    LOGIN_RESULTS,
    POLL_OUTCOMES,
    SECONDS,
    SKIP_REASONS,
    TELEMETRY,
    TargetTelemetry,
)
from exporter.metrics.telemetry import Telemetry
from exporter.state.inventory import Inventory
from exporter.state.lists import ListState
from exporter.state.services import Services
from exporter.state.snapshot import Snapshot, UnpublishableError
from exporter.zstack import (
    DriftedModelService,
    Instance,
    InstanceGroup,
    ModelCenter,
    ModelService,
    ModelServiceRef,
)
from tests.support.builders import found as listed
from tests.support.builders import listed_centers, listed_groups, publish, services
from tests.support.golden import assert_golden

disable_created_metrics()  # of the oracle: the exporter has none

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
        vendor_to_spec_uuids_map={
            "NVIDIA": Raw(b'["a"]'),
            "Huawei": Raw(b"[]"),
            "AMD": Raw(b"null"),
            "Intel": Raw(b'"b"'),
        },
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
    DriftedModelService(
        uuid="2d44d8fd9487403cc12e7645f5a68d06",
        request_cpu=-1,
        unreadable=("version",),
        unknown=("cost\nCenter",),
    ),
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
        pending_since={RECORDS[0].uuid: 1749100000.125},
        good_until=good_until,
        failures={("QueryModelService", "rejected", "SYS.1000"): False},
    )


WITH_LISTS = replace(
    snapshot(listed(*RECORDS)),
    lists={
        "model_service_instance_group": ListState(
            listed_groups(
                InstanceGroup(
                    uuid="9a14d8fd9487403cc12e7645f5a68d07",
                    name="chat",
                    model_service_uuid=RECORDS[1].uuid,
                    model_service_type="Endpoint",
                    type="Container",
                    status="Running",
                    instances=(
                        Instance("Running", "http://10.0.0.5:8000/v1", "NVIDIA", "x86_64"),
                        Instance("Running", "http://10.0.0.6:8000/v1", "NVIDIA", "x86_64"),
                        Instance("Starting"),
                    ),
                ),
                InstanceGroup(uuid="9b14d8fd9487403cc12e7645f5a68d08", status="Unknown"),
            ),
            1749109589.25,
            FOREVER,
        ),
        "model_center": ListState(
            listed_centers(
                ModelCenter(
                    uuid="78e51a5c3b5f4a0b8c5d3f1e2a4b6c7d",
                    name="team-store",
                    status="Connected",
                    capacity={
                        "modelUsedCapacity": Raw(b"1099511627776"),
                        "fineTuneUsedCapacity": Raw(b"0"),
                        "totalCapacity": Raw(b"21990232555520"),
                        "availableCapacity": Raw(b"20890720927744"),
                    },
                )
            ),
            1749109589.25,
            FOREVER,
        ),
    },
)


async def published(
    *snapshots: Snapshot,
    telemetry: TargetTelemetry | None = None,
    max_series: int | None = None,
    **policies: OnStale,
) -> Exposition:
    targets = {s.target: policies.get(s.target, OnStale.DROP) for s in snapshots}
    exposition = Exposition(targets, max_series=max_series)
    for each in snapshots:
        await publish(exposition, each, telemetry)
    return exposition


async def page(
    exposition: Exposition,
    page_format: Format = Format.TEXT,
    telemetry: Collector | None = None,
) -> Page:
    return await exposition.page(page_format, telemetry)


async def shown_in_both_formats(*snapshots: Snapshot) -> tuple[str, str]:
    exposition = await published(*snapshots)
    return text(await page(exposition)), text(await page(exposition, Format.OPENMETRICS))


def text(shown: Page) -> str:
    return b"".join(shown.text()).decode()


Counted = tuple[str, float, bool]
"""An operation, how many seconds it took, and whether it failed."""


def counters(target: str, counted: Sequence[Counted]) -> CollectorRegistry:
    """What was counted of a target, by the library's own counters and histograms."""
    registry = CollectorRegistry()
    counter, histogram = {}, {}
    for row in TELEMETRY:
        name, help_, labels = row.family.name, row.family.help, row.family.labels
        if row.family.type == "histogram":
            histogram[name] = Histogram(name, help_, labels, buckets=SECONDS, registry=registry)
        else:
            counter[name] = Counter(name, help_, labels, registry=registry)
    for name, known in KNOWN.items():
        for value in known:
            counter[name].labels(target, value)
    histogram["zstack_poll_duration_seconds"].labels(target)
    for operation, seconds, fails in counted:
        counter["zstack_api_requests_total"].labels(target, operation, _status(fails)).inc()
        histogram["zstack_api_request_duration_seconds"].labels(target, operation).observe(seconds)
        counter["zstack_polls_total"].labels(target, _outcome(fails)).inc()
        histogram["zstack_poll_duration_seconds"].labels(target).observe(seconds)
        if fails:
            counter["zstack_api_errors_total"].labels(target, operation, *REJECTED).inc()
    return registry


REJECTED = ("rejected", "SYS.1000")


def _status(fails: object) -> int:
    return 503 if fails else 200


def _outcome(fails: object) -> str:
    return "failure" if fails else "success"


KNOWN = {
    "zstack_polls_total": POLL_OUTCOMES,
    "zstack_logins_total": LOGIN_RESULTS,
    "zstack_records_skipped_total": SKIP_REASONS,
}


def telemetry_of(counted: Sequence[Counted]) -> TargetTelemetry:
    telemetry = TargetTelemetry()
    for operation, seconds, fails in counted:
        telemetry.requested(operation, _status(fails), seconds)
        telemetry.polled(_outcome(fails), seconds)
        if fails:
            telemetry.failed(operation, *REJECTED)
    return telemetry


def _first_sights(snapshot: Snapshot) -> Iterator[Sample]:
    for service in () if snapshot.inventory is None else snapshot.inventory.outdated:
        if service.uuid in snapshot.pending_since:
            yield (service.uuid, service.name), snapshot.pending_since[service.uuid]


FIRST_SIGHTS = Row(PENDING_SINCE.family, _first_sights)


class AsPrometheusClient(Collector):
    """The same rows by the library's own metric families."""

    def __init__(
        self, *targets: tuple[Snapshot, Services], counted: Sequence[Counted] = ()
    ) -> None:
        self._targets = targets
        self._counted = counted

    @override
    def collect(self) -> Iterator[Metric]:
        for row in AGGREGATED:
            yield from self._family(row, [(s.target, s.inventory) for s, _ in self._targets])
        for each in PER_SERVICE:
            samples = Row(each.family, partial(self._samples, each))
            yield from self._family(samples, [(s.target, known) for s, known in self._targets])
        snapshots = [(s.target, s) for s, _ in self._targets]
        yield from self._family(FIRST_SIGHTS, snapshots)
        drift = [(s.target, s.inventory) for s, _ in self._targets]
        yield from self._family(SERVICE_FAMILIES.drift, drift)
        for polling in POLLING:
            yield from self._family(polling, [(s.target, s) for s, _ in self._targets])
        registries = (counters(s.target, self._counted).collect() for s, _ in self._targets)
        for first, *others in zip(*registries, strict=True):
            first.samples += chain.from_iterable(other.samples for other in others)
            if first.samples:
                yield first

    def _samples(self, row: RecordRow[Services], known: Services) -> Iterator[Sample]:
        columns = (getattr(known, name) for name in row.family.own_labels)
        for labels, value in zip(zip(*columns, strict=True), row.values(known), strict=True):
            if value is not None:
                yield labels, value

    def _family(self, row: Row, values: Iterable[tuple[str, object]]) -> Iterator[Metric]:  # type: ignore[type-arg]  # rows of either kind
        family = GaugeMetricFamily(row.family.name, row.family.help, labels=row.family.labels)
        for target, value in values:
            for labels, number in () if value is None else row.samples(value):
                family.add_metric((target, *labels), number)
        if family.samples:
            yield family


async def test_the_whole_page_is_as_it_was() -> None:
    telemetry = await asyncio.to_thread(Telemetry, process=False)
    counts = TargetTelemetry()
    counts.requested("QueryModelService", 200, 0.03)
    exposition = await published(WITH_LISTS, telemetry=counts)
    shown = text(await page(exposition, telemetry=telemetry))
    stable = "".join(
        line
        for line in shown.splitlines(keepends=True)
        if not line.startswith("zstack_exporter_build_info{")
    )
    assert_golden(GOLDEN, stable)


async def test_the_page_is_the_one_that_prometheus_client_writes() -> None:
    odd = '上海 "50%" %s \\ \n'
    lab = snapshot(listed(*RECORDS), "lab")
    other = snapshot(listed(*RECORDS[:1], target=odd), odd)
    oracle = AsPrometheusClient((lab, services(*RECORDS)), (other, services(*RECORDS[:1])))
    assert text(await page(await published(lab, other))) == generate_latest(oracle).decode()


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
    | st.dictionaries(label_text, st.sampled_from([Raw(b"null"), Raw(b'"x"')]), max_size=3),
    create_date=st.none() | label_text | st.floats(),
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["LogIn", 'a "b"\\']), st.floats(0, 1e9), st.booleans()),
        max_size=20,
    )
)
def test_what_was_counted_is_written_as_prometheus_client_writes_it(counted: list[Counted]) -> None:
    lab = snapshot(None)
    oracle = AsPrometheusClient((lab, services()), counted=counted)
    exposition = asyncio.run(published(lab, telemetry=telemetry_of(counted)))
    shown, open_shown = (asyncio.run(page(exposition, each)) for each in Format)
    assert text(shown) == generate_latest(oracle).decode()
    assert text(open_shown) == generate_openmetrics(oracle).decode()


@given(st.lists(records, max_size=6, unique_by=attrgetter("uuid")), st.integers(1, 3))
@example([ModelService("0", create_date="\ud800", last_op_date="\ud800")], 1)
def test_the_page_is_valid_for_any_record(records: list[ModelService], page_size: int) -> None:
    lab = snapshot(listed(*records, page_size=page_size))
    shown, open_shown = asyncio.run(shown_in_both_formats(lab))

    assert shown == generate_latest(AsPrometheusClient((lab, services(*records)))).decode()
    read = list(text_string_to_metric_families(shown))
    open_read = list(openmetrics.text_string_to_metric_families(open_shown))
    assert [family.name for family in read] == [family.name for family in open_read]
    for family in read:
        series = [(each.name, *sorted(each.labels.items())) for each in family.samples]
        assert len(series) == len(set(series)), f"{family.name} has a series twice"
        for sample in family.samples:
            assert all(
                c.isprintable() or c.isspace() or ord(c) > 0x9F
                for v in sample.labels.values()
                for c in v
            )


async def test_gzip_is_one_standard_member_of_the_same_text() -> None:
    shown = await page(await published(snapshot(listed(*RECORDS))))
    packed = b"".join(shown.gzip)
    member = zlib.decompressobj(wbits=31)
    assert member.decompress(packed) + member.flush() == b"".join(shown.text())
    assert member.eof
    assert not member.unused_data
    assert (len(packed), len(text(shown).encode())) == (shown.gzip_size, shown.size)


@given(st.lists(st.binary(max_size=5000), max_size=8))
def test_blocks_join_into_the_gzip_of_their_texts(texts: list[bytes]) -> None:
    blocks = [Block.compressed(piece) for piece in texts]
    member = b"".join(gzip_member(Run.of(blocks)))
    assert gzip.decompress(member) == b"".join(texts)
    assert [block.text() for block in blocks] == texts


@pytest.mark.small_sample(5)
@pytest.mark.parametrize("size", [98_303, 98_304, 98_305, 196_608, 1_000_003])
@pytest.mark.parametrize("different", [1, 3, 251, 256])
def test_the_text_of_a_large_block_comes_whole_and_in_pieces(size: int, different: int) -> None:
    chance = random.Random(size)
    whole = bytes(chance.choices(range(different), k=size))
    pieces = [*Run.of([Block.compressed(whole)]).texts()]
    assert b"".join(pieces) == whole
    assert max(map(len, pieces)) <= 98_304


async def test_openmetrics_ends_and_text_does_not() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    opened, plain = await page(exposition, Format.OPENMETRICS), await page(exposition)
    assert (opened.format, plain.format) == (Format.OPENMETRICS, Format.TEXT)
    assert text(opened).endswith("# EOF\n")
    assert "# EOF" not in text(plain)


async def test_a_failed_poll_keeps_the_inventory_without_rendering_it_again() -> None:
    inventory = listed(*RECORDS)
    good = snapshot(inventory)
    exposition = Exposition({"lab": OnStale.DROP})
    before = await exposition.render(good, inventory.lines)
    exposition.publish(before, TargetTelemetry())
    after = await exposition.render(snapshot(inventory))
    kept = {
        family.name
        for section in ("Inventory", "Per model service")
        for family in SECTIONS[section]
    }
    assert kept <= before.families().keys()
    assert changed_families(before, after).isdisjoint(kept)


async def test_what_a_poll_leaves_as_it_was_keeps_its_blocks() -> None:
    good = snapshot(listed(*RECORDS))
    exposition = await published(good)
    later = replace(good, inventory=listed(*RECORDS), attempted_at=1749109650.5)
    before, after = await exposition.render(good), await exposition.render(later)
    assert changed_families(before, after) == {"zstack_poll_last_attempt_timestamp_seconds"}


def changed_families(before: Rendered, after: Rendered) -> set[str]:
    families = before.families()
    return {name for name, blocks in after.families().items() if blocks != families.get(name)}


async def test_the_page_of_a_target_is_handed_out_again_whatever_becomes_of_others() -> None:
    lab, other = snapshot(listed(*RECORDS)), snapshot(listed(*RECORDS, target="other"), "other")
    exposition = await published(lab, other)
    made = await exposition.page(Format.TEXT, None, "lab")
    await publish(exposition, replace(other, attempted_at=1749109650.5))
    assert exposition.cached_page(Format.TEXT, "lab") is made
    await publish(exposition, replace(lab, attempted_at=1749109650.5))
    assert exposition.cached_page(Format.TEXT, "lab") is None


async def test_stale_inventory_is_dropped_kept_or_fails_the_page() -> None:
    stale = snapshot(listed(*RECORDS), good_until=0.0)
    dropped = text(await page(await published(stale)))
    assert "zstack_model_service" not in dropped
    assert 'zstack_up{target="lab"} 1.0' in dropped
    kept = text(await page(await published(stale, lab=OnStale.KEEP)))
    assert "zstack_model_services_reported" in kept
    with pytest.raises(StaleError, match="lab"):
        await page(await published(stale, lab=OnStale.FAIL))


@pytest.mark.parametrize("policy", [OnStale.DROP, OnStale.KEEP])
async def test_there_is_a_page_before_there_is_an_inventory(policy: OnStale) -> None:
    shown = text(await page(await published(snapshot(None), lab=policy)))
    assert "zstack_model_service" not in shown
    assert "zstack_poll_interval_seconds" in shown


async def test_each_target_is_known_by_its_newest_snapshot() -> None:
    older, lab = snapshot(None), snapshot(listed(*RECORDS))
    exposition = Exposition({"lab": OnStale.DROP, "new": OnStale.DROP})
    assert exposition.cached_page(Format.TEXT) is None
    for each in (older, lab):
        await publish(exposition, each)
    assert exposition.targets == ("lab", "new")
    assert exposition.snapshots == (lab,)
    assert (exposition.snapshot("lab"), exposition.snapshot("new")) == (lab, None)


async def test_a_target_that_is_not_followed_any_more_is_gone_and_the_others_stay() -> None:
    lab, other = snapshot(listed(*RECORDS)), snapshot(listed(*RECORDS, target="other"), "other")
    exposition = await published(lab, other)
    await page(exposition)
    exposition.set_targets({"other": OnStale.FAIL, "new": OnStale.DROP})
    assert exposition.cached_page(Format.TEXT) is None
    assert exposition.targets == ("other", "new")
    assert exposition.snapshots == (other,)
    shown = text(await page(exposition))
    assert 'target="lab"' not in shown
    assert 'zstack_up{target="other"} 1.0' in shown


async def test_a_target_that_is_dropped_leaves_the_others_and_comes_back() -> None:
    lab, other = snapshot(listed(*RECORDS)), snapshot(listed(*RECORDS, target="other"), "other")
    exposition = await published(lab, other)
    exposition.drop("lab")
    assert exposition.snapshot("lab") is None
    assert exposition.targets == ("lab", "other")
    assert 'target="lab"' not in text(await page(exposition))
    assert 'zstack_up{target="other"}' in text(await page(exposition))
    await publish(exposition, lab)
    assert 'zstack_up{target="lab"}' in text(await page(exposition))


async def test_an_inventory_that_is_dropped_leaves_what_is_known_of_polling() -> None:
    lab = snapshot(listed(*RECORDS))
    exposition = await published(lab, lab=OnStale.KEEP)
    exposition.drop_inventory("lab")
    exposition.drop_inventory("never published")
    shown = text(await page(exposition))
    assert "zstack_model_service" not in shown
    assert 'zstack_up{target="lab"} 1.0' in shown
    assert exposition.snapshot("lab") == replace(lab, inventory=None)


async def test_a_snapshot_of_a_target_that_is_no_longer_followed_is_not_shown() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    exposition.set_targets({})
    await publish(exposition, snapshot(listed(*RECORDS)))
    assert exposition.snapshots == ()


async def test_what_becomes_of_stale_data_can_be_chosen_anew() -> None:
    exposition = await published(snapshot(listed(*RECORDS), good_until=0.0))
    exposition.set_targets({"lab": OnStale.KEEP})
    assert "zstack_model_services_reported" in text(await page(exposition))


async def test_a_page_of_one_target_has_no_other_on_it() -> None:
    lab, other = snapshot(listed(*RECORDS)), snapshot(listed(*RECORDS, target="other"), "other")
    exposition = await published(lab, other)
    made = await exposition.page(Format.TEXT, CollectorRegistry(), "other")
    assert exposition.cached_page(Format.TEXT, "other") is made
    assert exposition.cached_page(Format.TEXT) is None
    assert set(re.findall(r'target="(\w+)"', text(made))) == {"other"}


async def test_what_cannot_be_rendered_leaves_the_page_as_it_was() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    before = text(await page(exposition))
    broken = Snapshot("lab", interval="soon", stale_after=1)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(UnpublishableError) as raised:
        await publish(exposition, broken)
    assert (raised.value.reason, raised.value.operation.name) == ("malformed", "QueryModelService")
    assert str(raised.value).startswith("the answers cannot be rendered: ")
    assert text(await page(exposition)) == before


async def test_per_service_series_can_be_left_out() -> None:
    exposition = Exposition({"lab": OnStale.DROP}, [SERVICE_TOTALS])
    await publish(exposition, snapshot(listed(*RECORDS)))
    shown = text(await page(exposition))
    assert "zstack_model_services{" in shown
    assert "zstack_model_service_" not in shown


def test_every_family_has_one_header_by_the_rules() -> None:
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
    telemetry.web_config_loaded(successful=True, certificate_ends_at=1.8e9)
    telemetry.targets_file_loaded("/etc/targets/a.yaml", successful=True)
    telemetry.shared(ordinal=0, shards=1, own=1, other=0)
    telemetry.state_written(successful=True)
    counts = TargetTelemetry()
    counts.requested("QueryModelService", 200, 0.03)
    counts.failed("QueryModelService", "rejected", "SYS.1000")
    exposition = await published(WITH_LISTS, telemetry=counts, max_series=1000)
    shown = text(await page(exposition, telemetry=telemetry))
    on_page = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}
    assert on_page == {family.name for section in SECTIONS.values() for family in section}


async def test_a_first_sight_is_shown_once_it_is_known_though_the_list_is_the_same() -> None:
    found = listed(*RECORDS)
    unknown = replace(snapshot(found), pending_since={})
    exposition = await published(unknown)
    assert "pending_since" not in text(await page(exposition))

    await publish(exposition, snapshot(found))
    [shown] = [
        line
        for line in text(await page(exposition)).splitlines()
        if "_pending_since" in line and "#" not in line
    ]
    assert shown.startswith("zstack_model_service_new_version_pending_since_timestamp_seconds{")
    assert f'uuid="{RECORDS[0].uuid}"' in shown
    assert float(shown.rpartition(" ")[2]) == 1749100000.125


async def test_a_page_is_handed_out_again_until_something_is_published() -> None:
    exposition = await published(snapshot(listed(*RECORDS)))
    assert exposition.cached_page(Format.TEXT) is None

    made = await page(exposition)
    assert exposition.cached_page(Format.TEXT) is made
    assert exposition.cached_page(Format.OPENMETRICS) is None
    assert exposition.cached_page(Format.TEXT, "lab") is None

    await publish(exposition, snapshot(listed(*RECORDS[:1])))
    assert exposition.cached_page(Format.TEXT) is None


async def test_a_page_is_not_handed_out_again_when_its_data_is_stale() -> None:
    soon = time.monotonic() + 0.9 * PAGE_SECONDS
    exposition = await published(snapshot(listed(*RECORDS), good_until=soon))
    made = await page(exposition)
    assert made.until == soon or time.monotonic() > soon  # on a machine as busy as that


async def test_a_page_is_not_handed_out_again_after_its_moment() -> None:
    soon = time.monotonic() + 0.02
    exposition = await published(snapshot(listed(*RECORDS), good_until=soon))
    made = await page(exposition, telemetry=CollectorRegistry())
    while time.monotonic() <= made.until:  # noqa: ASYNC110 - time passes by itself
        await asyncio.sleep(0)
    assert exposition.cached_page(Format.TEXT) is None


async def test_a_page_of_stale_data_is_handed_out_again_for_a_moment() -> None:
    exposition = await published(snapshot(listed(*RECORDS), good_until=0.0))
    assert exposition.cached_page(Format.TEXT) is None
    made = await page(exposition, telemetry=CollectorRegistry())
    assert exposition.cached_page(Format.TEXT) is made
    assert 0 < made.until - time.monotonic() <= PAGE_SECONDS


@given(st.one_of(st.floats(min_value=0, allow_infinity=False), st.integers(0, 10**17)))
def test_numbers_are_written_as_prometheus_client_writes_them(number: float) -> None:
    record = ModelService("a", size=number)
    shown, _ = asyncio.run(shown_in_both_formats(snapshot(listed(record))))
    [written] = re.findall(r"^zstack_model_service_size_bytes\{.*\} (.*)$", shown, re.MULTILINE)
    assert written == floatToGoString(number + 0.0)
