"""The table of services with a new version."""

from typing import Any

import pytest

from exporter.state.services import Service
from exporter.web.status.outdated import (
    MOST_ROWS,
    ROWS_PER_PAGE,
    OutdatedRow,
    outdated,
    select,
)
from exporter.web.status.query import ORDERS
from exporter.zstack import ModelService
from tests.support.builders import found


def services(*records: dict[str, Any]) -> tuple[Service, ...]:
    made = (service(**({"uuid": f"u{place}"} | record)) for place, record in enumerate(records))
    return found(*made).outdated


def service(**fields: Any) -> ModelService:
    return ModelService(**({"has_new_version": True} | fields))


def names(rows: tuple[OutdatedRow, ...]) -> list[str]:
    return [row.service.name for row in rows]


def test_only_services_that_are_known_to_have_a_new_version() -> None:
    listed = services(
        {"name": "new"},
        {"name": "current", "has_new_version": False},
        {"name": "unknown", "has_new_version": None},
    )
    assert names(outdated("lab", listed)) == ["new"]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("", ["Alpha", "beta"]),
        ("ALPHA", ["Alpha"]),
        ("vllm 0.9", ["Alpha"]),
        ("  lab ", ["Alpha", "beta"]),
        ("u1", ["beta"]),
        ("alpha beta", []),
    ],
)
def test_a_search_matches_rows_that_have_every_word(search: str, expected: list[str]) -> None:
    rows = outdated(
        "lab",
        services(
            {"name": "Alpha", "framework": "vLLM", "version": "0.9.1"},
            {"name": "beta", "framework": "Ollama", "version": "0.10"},
        ),
    )
    found = select(rows, search=search, sort="name", descending=False, page=1)
    assert names(found.excerpt.rows) == expected
    assert (found.found, found.all) == (len(expected), 2)


@pytest.mark.parametrize("descending", [False, True])
def test_versions_sort_by_their_numbers(*, descending: bool) -> None:
    rows = outdated("lab", services(*({"version": each} for each in ("0.11.0", "0.9.2", "b6900"))))
    found = select(rows, search="", sort="version", descending=descending, page=1)
    versions = [row.service.version for row in found.excerpt.rows]
    expected = ["0.9.2", "0.11.0", "b6900"]
    assert versions == (expected[::-1] if descending else expected)


@pytest.mark.parametrize("descending", [False, True])
def test_services_without_a_date_come_last_in_either_order(*, descending: bool) -> None:
    dates = (None, 1_700_000_000, 1_600_000_000)
    rows = outdated("lab", services(*({"create_date": each} for each in dates)))
    found = select(rows, search="", sort="created", descending=descending, page=1)
    created = [row.service.created for row in found.excerpt.rows]
    assert created[2] is None
    assert created[:2] == sorted(filter(None, created), reverse=descending)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("descending", [False, True])
def test_the_pages_have_every_row_once_up_to_a_limit(order: str, *, descending: bool) -> None:
    number = ROWS_PER_PAGE + 7
    rows = outdated("lab", services(*({"name": f"n{n}"} for n in range(number))))
    pages = [
        select(rows, search="", sort=order, descending=descending, page=page) for page in (1, 2, 99)
    ]
    first, second, last = (names(page.excerpt.rows) for page in pages)
    assert len(first) == ROWS_PER_PAGE
    assert sorted(first + second) == sorted(names(rows))
    assert last == second
    assert [page.left_out for page in pages] == [0, 0, 0]


def test_the_number_of_pages_is_limited() -> None:
    rows = outdated("lab", services(*({"name": f"n{n}"} for n in range(MOST_ROWS + 7))))
    found = select(rows, search="", sort="name", descending=False, page=10**6)
    assert (found.excerpt.number, found.excerpt.pages) == (40, 40)
    assert names(found.excerpt.rows)[-1] == f"n{MOST_ROWS - 1}"
    assert (found.found, found.left_out) == (MOST_ROWS + 7, 7)
