"""What must hold of the exporter's page at any time, and who looks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from .clock import Clock
from .memory import Memory
from .platforms import INTERVAL, STALE_AFTER, Platform

OPENMETRICS: Final = "application/openmetrics-text;version=1.0.0"
TEXT: Final = "text/plain;version=0.0.4"

INFO: Final = "zstack_model_service_info"
CREATED: Final = "zstack_model_service_created_timestamp_seconds"
FLAG: Final = "zstack_model_service_has_new_version"
PENDING: Final = "zstack_model_service_new_version_pending_since_timestamp_seconds"
INVENTORY: Final = "zstack_model_service"
"""How the name of every family of the inventory begins."""

_MOST_REPORTED: Final = 20

_MOST_GROWN: Final = {"blocks": 0.01, "held": 0.01, "resident": 0.02}
_MOST_GROWN_TRACED: Final = {"blocks": 0.01, "traced": 0.01}
"""Of each kind of memory, from the days before the middle of its life to those after it.

Estates, which grow and shrink, move it by some tenths of a per cent. To trace takes memory too.
"""
_UNSETTLED: Final = 5
"""One of so many days is over before that counts: until then faults are met that are new to it."""

_FEWEST_DAYS: Final = 4
_Series: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


class Invariants:
    """Collects what was broken, with the hour."""

    def __init__(self, platforms: Iterable[Platform], clock: Clock) -> None:
        self._platforms = tuple(platforms)
        self._clock = clock
        self._counters: dict[_Series, float] = {}
        self.looks = 0
        self.series = 0
        self.grown: dict[str, float] = {}
        """By what part memory has grown, by its kind."""
        self.broken: list[str] = []

    def look(self, page: str, accept: str) -> None:
        """At a page that was scraped just now."""
        families = {family.name: family for family in _families(page, accept)}
        samples = [sample for family in families.values() for sample in family.samples]
        self.looks += 1
        self.series = len(samples)
        self._only_rise(families.values())
        for platform in self._platforms:
            own = _Own(platform.name, samples)
            self._on_schedule(platform, own)
            self._one_session(platform)
            self._true_or_gone(platform, own)

    def same_as_new(self, page: str, fresh: str, target: str) -> None:
        """The inventory is line by line what an exporter shows that has just been started.

        It cannot know since when new versions are pending.
        """
        known, new = _inventory_lines(page, target), _inventory_lines(fresh, target)
        self.hold(known == new, f"{target}: {len(known)} lines differ from the {len(new)} of new")

    def steady_memory(self, evenings: Sequence[Memory]) -> None:
        """At its least in the second half of the days, each kind is hardly above the first half."""
        settled = evenings[len(evenings) // _UNSETTLED :]
        half = len(settled) // 2
        if half < _FEWEST_DAYS:
            return
        limits = _MOST_GROWN_TRACED if settled[0].traced else _MOST_GROWN
        for kind, most in limits.items():
            sizes = [getattr(each, kind) for each in settled]
            self.grown[kind] = grown = min(sizes[-half:]) / min(sizes[:half]) - 1
            self.hold(grown < most, f"{kind} memory has grown by {grown:.1%}")

    def hold(self, holds: object, broken: str) -> None:
        if not holds and len(self.broken) < _MOST_REPORTED:
            at = datetime.fromtimestamp(self._clock.true(), ZoneInfo("UTC"))
            self.broken.append(f"{at:%Y-%m-%d %H:%M:%S} {broken}")

    def _only_rise(self, families: Iterable[Metric]) -> None:
        now = dict(_counters(families))
        for series, before in self._counters.items():
            value = now.get(series)
            self.hold(value is not None and value >= before, f"{series}: {before}, then {value}")
        self._counters = now

    def _on_schedule(self, platform: Platform, own: "_Own") -> None:
        polls = own.total("zstack_polls_total")
        # Its name shifts the ticks that come after the first poll: by less than an interval.
        self.hold(
            abs(polls - platform.ticks) <= 1,
            f"{platform.name}: {polls} polls in {platform.ticks} ticks",
        )
        due = self._clock.began + self._clock.error + platform.last_tick
        began = own.value("zstack_poll_last_attempt_timestamp_seconds") or 0.0
        self.hold(abs(began - due) < INTERVAL, f"{platform.name}: polled {began - due} s late")

    def _one_session(self, platform: Platform) -> None:
        most = platform.sessions.most
        self.hold(most <= 1, f"{platform.name}: {most} sessions at one time")
        self.hold(not platform.cloud.trap_hits, f"{platform.name}: {platform.cloud.trap_hits}")
        self.hold(not platform.cloud.locked_until, f"{platform.name}: an account was locked")

    def _true_or_gone(self, platform: Platform, own: "_Own") -> None:
        shown = own.by_uuid(INFO)
        flagged = {uuid for uuid, flag in own.by_uuid(FLAG).items() if flag}
        pending = own.by_uuid(PENDING)
        self.hold(pending.keys() == flagged, f"{platform.name}: since when is each pending")
        up = own.value("zstack_up")
        if platform.calm:
            self.hold(up == 1, f"{platform.name}: zstack_up is {up} though all is well")
            self.hold(
                shown.keys() == set(platform.cloud.estate), f"{platform.name}: shows {len(shown)}"
            )
            self._dates(platform, own)
        since = platform.failing_since
        if since is not None and self._clock.elapsed - since > INTERVAL:
            self.hold(up == 0, f"{platform.name}: zstack_up is {up} in trouble")
        if since is not None and self._clock.elapsed - since > STALE_AFTER:
            self.hold(not shown, f"{platform.name}: shows {len(shown)} stale services")

    def _dates(self, platform: Platform, own: "_Own") -> None:
        zone = ZoneInfo(platform.cloud.time_zone)
        for uuid, shown in own.by_uuid(CREATED).items():
            created = platform.cloud.estate[uuid].created
            true = None if created is None else _from_local_date(created, zone)
            self.hold(shown == true, f"{platform.name}: {uuid} created at {shown}, not {true}")


class _Own:
    """The samples of one target."""

    def __init__(self, target: str, samples: Iterable[Sample]) -> None:
        self._samples = [each for each in samples if each.labels.get("target") == target]

    def total(self, name: str) -> float:
        return sum(each.value for each in self._samples if each.name == name)

    def value(self, name: str) -> float | None:
        return next((each.value for each in self._samples if each.name == name), None)

    def by_uuid(self, name: str) -> Mapping[str, float]:
        return {each.labels["uuid"]: each.value for each in self._samples if each.name == name}


def _families(page: str, accept: str) -> Iterator[Metric]:
    if accept == OPENMETRICS:
        yield from openmetrics.text_string_to_metric_families(page)
    else:
        yield from text_string_to_metric_families(page)


def _counters(families: Iterable[Metric]) -> Iterator[tuple[_Series, float]]:
    """Every series that may only rise, histograms' too; named alike in both formats."""
    for family in families:
        if family.type in {"counter", "histogram"}:
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    yield (sample.name, frozenset(sample.labels.items())), sample.value


def _inventory_lines(page: str, target: str) -> frozenset[str]:
    label = f'target="{target}"'
    lines = (line for line in page.splitlines() if not line.startswith(PENDING))
    return frozenset(line for line in lines if line.startswith(INVENTORY) and label in line)


def _from_local_date(created: float, zone: ZoneInfo) -> int:
    """Unix time as a date without its offset gives it.

    In the hour that comes twice when clocks are put back, it is taken for the first.
    """
    local = datetime.fromtimestamp(int(created), zone)
    return int(local.replace(fold=0).timestamp())
