"""What was promised of a fleet, each compared with what is measured."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean
from typing import Final

from . import measures
from .findings import Findings
from .fleet import Fleet
from .measures import Usage, longest_gap, within
from .scrapers import AGENTS, ALERT

HERD: Final = 2.5
"""Polls in the busiest second, in times of the mean, at most."""

FURTHEST: Final = {"scrapes": 1.5, "polls": 2.0}
"""Intervals from one to the next of a target, by which none is missing between the two.

A second poll may come one and a half after the first, when it is back on its tick.
"""

_NEWS: Final = "zstack_poll_last_success_timestamp_seconds"
_KIB: Final = 1 << 10
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class Verdicts:
    """Each method adds to the findings."""

    fleet: Fleet
    findings: Findings

    async def logins(self) -> None:
        """At a start, when every platform is logged in to."""
        owner = await self.fleet.shards.owner()
        seen = await self.fleet.platforms.seen(owner)
        of_each = Counter(len(each.logins) for each in seen.values())
        self.findings.judge("logins of a platform", _spread(of_each), "1", kept=set(of_each) == {1})
        logins: dict[int, list[float]] = {}
        for name, each in seen.items():
            logins.setdefault(owner[name], []).extend(each.logins)
        by_one = max(map(measures.busiest_second, logins.values()))
        by_all = measures.busiest_second([at for each in logins.values() for at in each])
        self.findings.report(
            "logins in the busiest second", f"{by_one} by one shard, {by_all} by all"
        )

    async def once(self) -> None:
        """Each target is polled by one shard, and scraped by each agent."""
        everyone = self.fleet.sizes.targets
        owners = Counter(len(by) for by in (await self.fleet.shards.owners()).values())
        self.findings.judge(
            "shards that have a target", _spread(owners), "1", kept=owners == {1: everyone}
        )
        scraped = Counter([len(up) for up in await self.fleet.agents.up()])
        self.findings.judge(
            "targets that each vmagent scrapes",
            _spread(scraped),
            f"{everyone}, for replication",
            kept=scraped == {everyone: AGENTS},
        )

    async def series(self) -> None:
        """The database has each series once, and all of them."""
        stored, shown = await self.fleet.series()
        self.findings.judge(
            "series in VictoriaMetrics",
            f"{stored:,.0f}",
            f"{shown:,} on the pages",
            kept=stored == shown,
        )
        services = await self.fleet.database.number("count(zstack_model_service_info)")
        seen = await self.fleet.platforms.seen(self.fleet.platforms.names)
        there = sum(each.services for each in seen.values())
        self.findings.judge(
            "model services in VictoriaMetrics",
            f"{services:,.0f}",
            f"{there:,} on the platforms",
            kept=services == there,
        )
        series = await self.fleet.database.by_target("count by (target) (zstack_up)", time.time())
        counted = Counter(series.values())
        everyone = self.fleet.sizes.targets
        self.findings.judge(
            "`zstack_up` of a target", _spread(counted), "1", kept=counted == {1.0: everyone}
        )

    async def samples(self, since: float, until: float) -> None:
        """A query sees one sample in an interval."""
        intervals = (until - since) / self.fleet.sizes.interval
        expression = f"count_over_time(zstack_up[{round(until - since)}s])"
        counted = await self.fleet.database.by_target(expression, until)
        seen = mean(counted.values()) / intervals
        self.findings.judge(
            "samples of a series in an interval, though both vmagents send one",
            f"{seen:.2f}",
            "1",
            kept=abs(seen - 1) < 1 / intervals,
        )

    async def polls(self, since: float, until: float) -> None:
        """They are spread over the interval."""
        seen = await self.fleet.platforms.seen(self.fleet.platforms.names)
        moments = within((at for each in seen.values() for at in each.polls), since, until)
        steady = len(moments) / (until - since)
        due = self.fleet.sizes.targets / self.fleet.sizes.interval
        self.findings.report("polls in a second, mean", f"{steady:.1f} of {due:.1f} that are due")
        busiest = measures.busiest_second(moments) / steady
        self.findings.judge(
            "polls in the busiest second",
            f"{busiest:.1f} times the mean",
            f"at most {HERD}",
            kept=busiest <= HERD,
        )

    async def usage(self, before: Mapping[int, Usage], seconds: float) -> None:
        """What the shards took, in so many seconds since then."""
        owners = Counter(by[0] for by in (await self.fleet.shards.owners()).values())
        after = self.fleet.shards.usage
        cores = {n: (after[n].cpu - before[n].cpu) / seconds for n in after}
        polls = self.fleet.sizes.targets / self.fleet.sizes.interval
        resident = {n: usage.resident for n, usage in after.items()}
        report = self.findings.report
        report("targets of a shard", _range(owners.values()))
        report(
            "processor time of a shard", _range((100 * c for c in cores.values()), "% of a core")
        )
        report(
            f"processor time of a target, for a poll and {AGENTS} scrapes",
            f"{1000 * sum(cores.values()) / polls:.1f} ms",
        )
        report("memory of a shard", _range((size / _MIB for size in resident.values()), "MiB"))
        shares = [size / _KIB / owners[n] for n, size in resident.items()]
        report("the same, a target's share", _range(shares, "KiB"))

    def moves(self, before: Mapping[str, int], after: Mapping[str, int], new: int) -> None:
        """To a new shard and to no other, as many as it should have."""
        moved = measures.moved(before, after)
        share, should = len(moved) / len(before), 1 / (new + 1)
        allowed = measures.tolerance(should, len(before))
        self.findings.judge(
            "targets that move",
            f"{share:.1%}",
            f"{should:.1%}, within {100 * allowed:.1f} points",
            kept=abs(share - should) <= allowed,
        )
        elsewhere = sum(after.get(target) != new for target in moved)
        self.findings.judge(
            "of these, not to the new shard", f"{elsewhere}", "0", kept=elsewhere == 0
        )

    async def sessions(self) -> None:
        """The old shard of a target has logged out."""
        seen = await self.fleet.platforms.seen(self.fleet.platforms.names)
        opened = Counter(each.sessions for each in seen.values())
        self.findings.judge(
            "sessions of a platform afterwards", _spread(opened), "1", kept=set(opened) == {1}
        )

    async def gaps(self, when: str, names: frozenset[str], since: float, until: float) -> None:
        """From a scrape to the next, and from a poll to the next, of each of the targets."""
        interval = self.fleet.sizes.interval
        since -= interval
        scraped = await self.fleet.database.stored(_NEWS, since, until)
        seen = await self.fleet.platforms.seen(names)
        polled = {name: each.polls for name, each in seen.items()}
        for what, moments in (("scrapes", scraped), ("polls", polled)):
            longest = max(longest_gap(moments.get(name, ()), since, until) for name in names)
            self.findings.judge(
                f"longest time between two {what}, {when}",
                f"{longest:.1f} s",
                f"less than {FURTHEST[what]:g} intervals",
                kept=longest < FURTHEST[what] * interval,
            )

    async def silence(self, lost: frozenset[str], killed: float, until: float) -> None:
        """There is no data of the targets that were lost, and of no others."""
        since = killed + self.fleet.sizes.interval
        stored = await self.fleet.database.stored(_NEWS, since, until)
        silent = {name for name in self.fleet.platforms.names if not stored.get(name)}
        self.findings.judge(
            "targets without data after `kill -9`",
            f"{len(silent)}, {len(silent - lost)} of them of other shards",
            f"the shard's {len(lost)}",
            kept=silent == lost,
        )

    async def quiet(self) -> None:
        firing = await self.fleet.alerts.firing()
        shown = ", ".join(sorted(firing)) or "none"
        self.findings.judge("alerts before a shard is killed", shown, "none", kept=not firing)

    async def alert(self, killed: float) -> None:
        firing = await self.fleet.alerts.until_firing(ALERT)
        shown = ", ".join(sorted(firing))
        self.findings.judge("alerts that fire then", shown, ALERT, kept=ALERT in firing)
        self.findings.report("the alert, after the kill", f"{time.time() - killed:.0f} s")

    async def left(self, killed: frozenset[str]) -> None:
        """After the shards' end: what could not be logged out of, and what there was to say."""
        seen = await self.fleet.platforms.seen(self.fleet.platforms.names)
        left = {name: each.sessions for name, each in seen.items() if each.sessions}
        self.findings.judge(
            "sessions left behind",
            f"{sum(left.values())}",
            f"{len(killed)}, of the shard that was killed",
            kept=left == dict.fromkeys(killed, 1),
        )
        troubles = Counter(self.fleet.shards.troubles)
        shown = "; ".join(f"{number} times {text}" for text, number in troubles.most_common())
        self.findings.report("warnings and errors in the shards' logs", shown or "none")


def _spread(counted: Counter[int] | Counter[float]) -> str:
    """`1`, or where they differ `1 (998), 2 (2)`."""
    if len(counted) == 1:
        return f"{next(iter(counted)):g}"
    return ", ".join(f"{value:g} ({number})" for value, number in sorted(counted.items()))


def _range(values: Iterable[float], unit: str = "") -> str:
    """`98 to 103 MiB`, with a digit more where they are small."""
    values = [*values]
    digits = 1 if unit and max(values) < 50 else 0
    return f"{min(values):.{digits}f} to {max(values):.{digits}f} {unit}".strip()
