"""What the proof of a fleet measures with, and that a broken promise makes it fail."""

import os
import time
from dataclasses import replace

import pytest

from tests.support.exporting import exporting

from .findings import Findings
from .measures import Usage, busiest_second, longest_gap, moved, tolerance
from .platforms import running


def test_the_busiest_second_is_one_of_the_clock() -> None:
    assert busiest_second([0.1, 0.9, 1.0, 1.5, 1.9, 7.0]) == 3
    assert busiest_second([]) == 0


@pytest.mark.parametrize(
    ("moments", "longest"),
    [
        ([12.0, 10.5, 14.0], 6.0),  # from the last one to the end
        ([15.0], 5.0),
        ([9.0, 19.0, 20.0], 9.0),  # what lies outside ends no gap
        ([], 10.0),
    ],
)
def test_a_gap_may_lie_at_an_end(moments: list[float], longest: float) -> None:
    assert longest_gap(moments, 10.0, 20.0) == longest


def test_a_target_that_is_nowhere_has_moved() -> None:
    assert moved({"a": 0, "b": 1, "c": 2}, {"a": 0, "b": 4}) == {"b", "c"}


def test_chance_is_granted_more_with_few_targets() -> None:
    assert tolerance(1 / 5, 1000) == 0.03
    assert tolerance(1 / 5, 100) == pytest.approx(0.08)


def test_the_system_accounts_for_a_process() -> None:
    before = Usage.of(os.getpid())
    deadline = time.process_time() + 0.1
    while time.process_time() < deadline:
        pass
    after = Usage.of(os.getpid())
    assert 0.05 < after.cpu - before.cpu < 5
    assert after.resident > 1 << 20


async def test_platforms_remember_who_polled_them() -> None:
    async with running(targets=2, services=3) as platforms:
        async with exporting(targets=platforms.targets(interval=600, timeout=20)) as exporter:
            await exporter.until(lambda page: page.total("zstack_up") == 2)
            during = await platforms.seen(platforms.names)
        after = await platforms.seen(["site-0001"])
    assert [each.sessions for each in during.values()] == [1, 1]
    assert [len(each.polls) for each in during.values()] == [1, 1]
    assert [len(each.logins) for each in during.values()] == [1, 1]
    assert after == {"site-0001": replace(during["site-0001"], sessions=0)}
    assert after["site-0001"].services == 3


def test_only_a_broken_promise_counts(capsys: pytest.CaptureFixture[str]) -> None:
    findings = Findings()
    findings.report("a figure", "7")
    findings.judge("a promise", "1", "1", kept=True)
    assert not findings.broken
    findings.judge("another", "2", "1", kept=False)
    assert [each.what for each in findings.broken] == ["another"]
    assert "| another | 2 | 1 | **broken** |" in capsys.readouterr().out
