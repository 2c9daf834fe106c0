"""Pages that are made to fill memory: what is kept of them, and what it takes to read them."""

import logging

import pytest

from tests.support.sample import IS_WHOLE

from .pages import MIB, TEXTS, body, gained, peak, texts

log = logging.getLogger(__name__)

PLACES = TEXTS if IS_WHOLE else ("version", "cpuArchitectures", "month", "uuid")
FEW = 60
"""MiB; twelve polls receive 288."""


@pytest.mark.small_sample(1)
@pytest.mark.parametrize("place", PLACES)
async def test_new_long_texts_at_each_poll_do_not_stay(place: str) -> None:
    more = await gained(texts(place))
    log.info("twelve polls of 24 MiB of new texts in %s: %.0f MiB more", place, more)
    assert more < FEW


def filled(unit: bytes) -> bytes:
    """As many as there are in 8 MiB."""
    return b",".join([unit] * (8 * MIB // (len(unit) + 1)))


FLOODS = {
    "empty rows": (b"{}", b"%b"),
    "rows of a uuid": (b'{"uuid":"a"}', b"%b"),
    "numbers": (b"1", b"%b"),
    "fields": (b'"a":1', b'{"uuid":"a",%b}'),
    "architectures": (b'"ab"', b'{"uuid":"a","cpuArchitectures":[%b]}'),
    "models": (b"{}", b'{"uuid":"a","modelServiceRefs":[%b]}'),
}
"""What comes many times, and what stands around it in the list."""


@pytest.mark.small_sample(2)
@pytest.mark.parametrize("flood", FLOODS)
async def test_flood_of_values_takes_no_memory(flood: str) -> None:
    unit, around = FLOODS[flood]
    most = await peak(body([around % filled(unit)]))
    log.info("a page of 8 MiB of %s: at most %.0f MiB", flood, most)
    assert most < 200
