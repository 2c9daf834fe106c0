"""What stands in a state file, and what is wrong with one that is none."""

import pytest

from exporter.polling.state_document import BrokenStateError, TargetState, decode, encode

NESTED = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b', "format": 1, "targets": {}}'


def complaint(content: bytes) -> str:
    with pytest.raises(BrokenStateError) as caught:
        decode(content)
    return str(caught.value)


def test_what_is_written_is_read() -> None:
    states = {"lab": TargetState("http://a", {"s1": 7.0}), "old": TargetState("http://b", {}, 9.0)}
    assert decode(encode(states)) == states


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is no state of this exporter (Input data was truncated)"),
        (NESTED, "is no state of this exporter (nested too deeply)"),
        (
            b'{"format": 1, "targets": {"lab": {"url": 5, "pending_since": {}}}}',
            "is no state of this exporter (Expected `str`, got `int` - at `$.targets[...].url`)",
        ),
        (b'{"format": 2}', "was written by a newer release (format 2)"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, expected: str) -> None:
    assert complaint(content) == expected
