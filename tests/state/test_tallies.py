"""Sums over services by group are those of a plain count, however many pages the list has."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from exporter.state.packed import Packed
from exporter.state.tallies import Group, GroupKey, Totals, total

GROUPS: Final = [("vLLM", "Endpoint", "HuggingFace"), ("Ollama", "App", "Other")]

Row = tuple[GroupKey, float | None, float | None, bool | None]
"""Group, CPU cores, bytes of memory, and whether there is a new version."""


@dataclass(frozen=True)
class Page:
    groups: Packed[GroupKey]
    cpu_cores: Packed[float | None]
    memory_bytes: Packed[float | None]
    has_new_version: Packed[bool | None]


def page(rows: Iterable[Row]) -> Page:
    return Page(*map(Packed.create, zip(*rows, strict=True)))


def random_row(random: Random) -> Row:
    """Some of these groups have services that request nothing."""
    return (
        random.choice(GROUPS),
        random.choice((None, 0.5, 2.0, 16.0)),
        random.choice((None, 2.0**30, 2.0**33)),
        random.choice((None, True, False)),
    )


def plain_count(rows: Iterable[Row]) -> dict[GroupKey, Group]:
    by_group = defaultdict[GroupKey, list[Row]](list)
    for row in rows:
        by_group[row[0]].append(row)
    return {key: plain_group(of_group) for key, of_group in by_group.items()}


def plain_group(rows: Sequence[Row]) -> Group:
    cores = [row[1] for row in rows if row[1] is not None]
    memory = [row[2] for row in rows if row[2] is not None]
    new = [row[3] for row in rows]
    return Group(
        services=len(rows),
        cpu_cores=sum(cores) if cores else None,
        memory_bytes=sum(memory) if memory else None,
        new_version=new.count(True),
        current=new.count(False),
        unknown=new.count(None),
    )


def pages_of(rows: Sequence[Row], size: int = 7) -> list[Page]:
    return [page(rows[i : i + size]) for i in range(0, len(rows), size)]


def test_sums_over_many_pages_are_those_of_a_plain_count() -> None:
    random = Random(7)
    rows = [random_row(random) for _ in range(200)]
    tallies, _ = Totals().add_up(pages_of(rows))
    assert {key: tally.group for key, tally in tallies.items()} == plain_count(rows)
    everything = plain_group(rows)
    assert total(tallies.values()).group == everything


def test_a_group_has_a_sum_as_soon_as_one_page_has_the_field() -> None:
    key = GROUPS[0]
    some: Row = (key, 2.0, 2.0**30, True)
    none: Row = (key, None, None, None)
    pages = [page([some]), *(page([none]) for _ in range(30))]
    for each in (pages, pages[::-1]):
        tallies, _ = Totals().add_up(each)
        assert tallies[key].group == Group(31, 2.0, 2.0**30, new_version=1, current=0, unknown=30)


def test_pages_that_have_not_changed_are_not_counted_again() -> None:
    random = Random(8)
    pages = pages_of([random_row(random) for _ in range(200)])
    _, first = Totals().add_up(pages)
    changed = replace(pages[0], has_new_version=Packed.create([True] * len(pages[0].groups)))
    _, second = first.add_up([changed, *pages[1:]])
    tallies, third = second.add_up([changed, *pages[1:]])

    assert [part.tallies for part in second.requests] == [part.tallies for part in first.requests]
    for before, after in ((first, second), (second, third)):
        kept = zip(before.requests, after.requests, strict=True)
        assert all(one.tallies is other.tallies for one, other in kept)
    assert second.versions[0].tallies is not first.versions[0].tallies
    assert second.versions[1].tallies is first.versions[1].tallies
    assert third.versions[0].tallies is second.versions[0].tallies
    counted, _ = Totals().add_up([changed, *pages[1:]])
    assert tallies == counted
