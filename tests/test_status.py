"""The page for people, where no platform is needed to see it."""

import pytest

from exporter.status import duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "0 s"), (0.3, "0.3 s"), (42, "42 s"), (119, "119 s"), (180, "3 min"), (2e5, "2 d")],
)
def test_a_duration_is_as_precise_as_a_glance_needs(seconds: float, told: str) -> None:
    assert duration(seconds) == told
