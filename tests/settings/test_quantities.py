"""Durations and sizes."""

import re

import pytest

from tests.settings.loading import complaint_of_target, target


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30), ("5m", 300), ("1h30m", 5400), ("500ms", 0.5), ("1.5h", 5400), ("2d", 172800),
        ("700ms", 0.7), ("45", 45), ("0.05", 0.05), (45, 45), (0.05, 0.05), (" 30s ", 30),
    ],
)  # fmt: skip
def test_durations_are_seconds_however_written(written: object, seconds: float) -> None:
    assert target(interval=written).interval == seconds


@pytest.mark.parametrize(
    "written",
    ["30x", "", "s", "1m1h", "1 m", "-5s", "0", "0s", "nan", float("inf"), True, None, [30]],
)
def test_what_is_no_duration_is_reported_with_an_example(written: object) -> None:
    if written is None:
        assert target(interval=written).interval == 60
    else:
        reported = complaint_of_target(interval=written)
        assert re.match(
            r"target.interval \(flag --target.interval\): .*write it like 30s", reported
        )


@pytest.mark.parametrize(
    ("written", "size"), [("64MiB", 2**26), ("1 GiB", 2**30), ("512KiB", 2**19), ("9B", 9), (7, 7)]
)
def test_sizes_are_bytes_however_written(written: object, size: int) -> None:
    assert target(max_response_bytes=written).max_response_bytes == size


@pytest.mark.parametrize("written", ["64MB", "0", "-1", "1.5MiB", True, 0, ""])
def test_what_is_no_size_is_reported_with_an_example(written: object) -> None:
    assert "is not a size; write it like 64MiB" in complaint_of_target(max_response_bytes=written)
