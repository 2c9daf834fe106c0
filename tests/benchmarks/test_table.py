import pytest

from benchmarks.measure import Spread
from benchmarks.table import Budget, Row, at_least, at_most, markdown, row


@pytest.mark.parametrize("budget", [at_most(2.9), at_least(3.1)])
def test_a_figure_that_misses_its_budget_is_marked(budget: Budget) -> None:
    assert "**missed**" in markdown([Row("scrape", figure=3, budget=budget)])


@pytest.mark.parametrize("budget", [at_most(3), at_least(3), None])
def test_a_figure_within_its_budget_is_not(budget: Budget | None) -> None:
    assert "**missed**" not in markdown([Row("scrape", figure=3, budget=budget)])


@pytest.mark.parametrize(
    ("budget", "met"),
    [(at_most(1.6), True), (at_most(1.4), False), (at_least(5.9), True), (at_least(6.1), False)],
)
def test_slack_lets_a_figure_be_so_many_times_beyond(budget: Budget, met: object) -> None:
    assert Row("scrape", figure=3, budget=budget).met_within(2) is met


@pytest.mark.parametrize(
    ("unit", "is_memory"),
    [("MiB", True), ("KiB", True), ("ms", False), ("times as long", False), ("% of a core", False)],
)
def test_memory_is_told_from_what_depends_on_the_speed_of_the_machine(
    unit: str, is_memory: object
) -> None:
    assert Row("scrape", unit, figure=3).is_memory is is_memory


def test_what_was_skipped_is_in_the_table_with_the_reason() -> None:
    skipped = Row("scrape, to nginx's", budget=at_most(1), hint="nginx is not installed")
    assert "skipped" in markdown([skipped])
    assert "nginx is not installed" in markdown([skipped])
    assert skipped.met


def test_a_row_has_the_median_and_the_quartiles() -> None:
    spread = Spread.of([5.0, 1.0, 4.0, 2.0, 3.0])
    table = markdown([row("scrape", spread, "times faster", at_least(2), "ours 1 ms")])
    cells = "| 3.00 times faster | 2.00 … 4.00 | at least 2 | met | ours 1 ms"
    assert cells in " ".join(table.split())
