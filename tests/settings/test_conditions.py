"""Conditions of a query."""

import pytest

from exporter.settings import load
from tests.settings.loading import TARGET, E, complaint, complaint_of_target, target


@pytest.mark.parametrize(
    "condition",
    [
        "framework=vLLM", "a!=b", "a>1", "a>=1", "a<1", "a<=1", "a?=b,c", "a!?=b,c", "a~=%b%",
        "a!~=b", "a is null", "a not null", "modelServiceRefs.modelUuid=x", "name=a=b", "a = b c",
        "__systemTag__~=x",
    ],
)  # fmt: skip
def test_each_operator_makes_a_condition(condition: str) -> None:
    assert target(conditions=[condition]).conditions == (condition,)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("framework", "has no query operator; write it like framework=vLLM"),
        ("=x", "does not begin with a single field name"),
        ("a is not null", "does not begin with a single field name"),
        ("name=a!=b", "a value cannot contain != >= or <="),
    ],
)
def test_what_zstack_would_split_wrongly_is_refused(condition: str, expected: str) -> None:
    reported = complaint_of_target(conditions=["a=b", condition])
    assert reported.startswith("target.conditions[1] (flag --target.conditions): ")
    assert expected in reported


@pytest.mark.parametrize(
    ("written", "conditions"),
    [
        ("a=b,c=d", ("a=b", "c=d")),
        ("a?=b,c,d=e", ("a?=b,c", "d=e")),
        ("a!?=b, c ,d not null,", ("a!?=b,c", "d not null")),
    ],
)
def test_in_the_environment_the_values_of_a_list_operator_stay_together(
    written: str, conditions: tuple[str, ...]
) -> None:
    settings = load({"target": TARGET}, {f"{E}TARGET__CONDITIONS": written})
    assert settings.named_targets["default"].conditions == conditions


def test_in_the_environment_a_piece_that_belongs_to_no_list_is_an_error() -> None:
    reported = complaint({"target": TARGET}, {f"{E}TARGET__CONDITIONS": "a=b,c"})
    assert f"target.conditions[1] ({E}TARGET__CONDITIONS): has no query operator" in reported
