"""The values of samples, byte for byte as prometheus_client writes them."""

from collections.abc import Sequence
from typing import Final

from prometheus_client.utils import floatToGoString

_EXPONENT_FROM: Final = 1e6
_WHOLE_UP_TO: Final = 1e15
"""Below it every whole number has a float of its own."""


def values_written(values: Sequence[float]) -> list[bytes]:
    """Each written; those that keep coming back only once."""
    different = set(values)
    if len(different) > len(values) // 2:
        return [*map(value_written, values)]
    written = {value: value_written(value) for value in different}
    return [*map(written.__getitem__, values)]


def value_written(value: float) -> bytes:
    """In half the time where Python writes it alike, or it is a whole number of many digits."""
    if -_EXPONENT_FROM < value < _EXPONENT_FROM:
        return repr(float(value)).encode()
    if _EXPONENT_FROM <= value < _WHOLE_UP_TO and value % 1 == 0:
        digits = "%d" % value  # noqa: UP031 - an f-string would give 1700000000.0
        mantissa = f"{digits[0]}.{digits[1:]}".rstrip("0.")
        return b"%be+%02d" % (mantissa.encode(), len(digits) - 1)
    written: str = floatToGoString(value)
    return written.encode()
