"""A packed column has the values that it was made of, and those that were put in their place."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.state.packed import Packed

COLUMNS = st.lists(st.integers(0, 300) | st.none(), min_size=1, max_size=700)


@given(COLUMNS)
def test_a_column_comes_out_as_it_went_in(column: list[int | None]) -> None:
    packed = Packed.create(column)
    assert [*packed] == column
    assert len(packed) == len(column)


@given(COLUMNS, st.data())
def test_values_are_replaced_in_their_rows(column: list[int | None], data: st.DataObject) -> None:
    rows = st.integers(0, len(column) - 1)
    changes = data.draw(st.dictionaries(rows, st.integers(0, 400) | st.none(), max_size=20))
    expected = [changes.get(row, value) for row, value in enumerate(column)]
    assert [*Packed.create(column).replaced(changes)] == expected


def test_a_few_values_take_a_byte_each() -> None:
    assert isinstance(Packed.create(range(256)).codes, bytes)
    assert [*Packed.create(range(257))] == [*range(257)]
