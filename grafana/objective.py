"""Of the exporter's health: the share of the time in which numbers are fresh and whole."""

from typing import Final

from .look import BAD, GOOD, NOTABLE, Caption, Query, steps
from .page import EXPORTER, Row, leading_to
from .panels import QUARTER, lines, number
from .promql import platforms, recorded

BUDGET: Final = platforms(recorded("target:zstack_error_budget_left:ratio30d"))
LAST_HOUR: Final = platforms(recorded("target:zstack_numbers_good:avg1h"))

_BY_PLATFORM: Final = "Error budget by platform"
_NO_RULES: Final = "nothing recorded (needs the rules)"


def objective() -> Row:
    """What is left of what the objective allows."""
    return Row(
        "Objective",
        (
            number(
                Caption(
                    "Error budget left",
                    "Of the platform that has the least: what is left of the minutes in 30 days in"
                    " which numbers may be out of date or incomplete. Below 0 % the objective is"
                    " missed.",
                    _NO_RULES,
                    "percentunit",
                ),
                f"min({BUDGET})",
                colours=steps(BAD, (0, NOTABLE), (0.25, GOOD)),
                leads_to=leading_to(EXPORTER, panel=_BY_PLATFORM),
            )
            .span(QUARTER)
            .height(8),
            lines(
                Caption(
                    _BY_PLATFORM,
                    "The same of each platform. It falls while its numbers are bad, and rises as"
                    " bad minutes get older than 30 days.",
                    _NO_RULES,
                    "percentunit",
                ),
                Query(BUDGET, "{{target}}"),
                width=9,
                floor=None,
            ).axis_soft_max(1),
            lines(
                Caption(
                    "Fresh and whole, last hour",
                    "The share of the hour before in which each platform's lists were no older"
                    " than its stale_after, and no model service was left out.",
                    _NO_RULES,
                    "percentunit",
                ),
                Query(LAST_HOUR, "{{target}}"),
                width=9,
            ).axis_soft_max(1),
        ),
    )
