"""Requests that two servers could read in two ways: one answer at most, or none."""

import asyncio
from collections.abc import Iterable

import pytest

from exporter.simulator import Cloud, serving

from .raw_http import connected
from .running import running
from .shapes import IN_PYTHON, SHAPES, SMUGGLED, Due, Shape

NEXT = b"GET /probe HTTP/1.1\r\nHost: here\r\n\r\n"
READY = "ready\n"


async def tried(address: tuple[str, int], shape: Shape) -> str:
    """What is not as it is due, if anything is."""
    try:
        await asyncio.gather(together(address, shape), apart(address, shape))
    except (AssertionError, TimeoutError) as error:
        return f"{shape.name}: {error!r}"
    return ""


async def together(address: tuple[str, int], shape: Shape) -> None:
    await _try(address, shape, [shape.sent + SMUGGLED])


async def apart(address: tuple[str, int], shape: Shape) -> None:
    """The same, where the second request comes in a packet of its own, if it can."""
    await _try(address, shape, [shape.sent, SMUGGLED])


async def _try(address: tuple[str, int], shape: Shape, packets: list[bytes]) -> None:
    async with connected(address) as connection:
        for packet in packets:
            connection.send(packet)
            await asyncio.sleep(0.01)
        first = await connection.answer()
        if first is None and len(packets) > 1 and shape.due in {Due.REFUSED, Due.LAST}:
            return  # the second packet came to a closed door, and took the answer with it
        assert first is not None, "no answer"
        refused = {400, 505} if shape.due in {Due.REFUSED, Due.LAST} else set()
        assert first.status in {shape.status} | refused, first
        match shape.due:
            case Due.REFUSED | Due.LAST:
                assert await connection.answers() == [], "more than one answer"
            case Due.IN_BODY:
                connection.send(NEXT)
                following = await connection.answer()
                assert following is not None, "the end"
                assert following.status == 400, following
            case Due.WAITING:
                connection.send_eof()
                assert await connection.answers() == [], "more than one answer"
            case Due.TWO:
                following = await connection.answer()
                assert following is not None, "the end"
                assert following.text == READY, following
        assert first.text != READY, "the other request was answered"


@pytest.mark.small_sample(1)
@pytest.mark.parametrize(
    ("environment", "shapes"),
    [
        ({}, SHAPES),
        (
            {"AIOHTTP_NO_EXTENSIONS": "1"},
            [
                shape.with_due(*IN_PYTHON.get(shape.name, (shape.due, shape.status)))
                for shape in SHAPES
            ],
        ),
    ],
    ids=["compiled parser", "parser in Python"],
)
async def test_no_request_is_taken_for_two_and_no_two_for_one(
    environment: dict[str, str], shapes: Iterable[Shape]
) -> None:
    async with (
        serving(Cloud(services=1)) as platform,
        running(platform, environment=environment) as exporter,
    ):
        await exporter.until_up()
        wrong = await asyncio.gather(*(tried(exporter.address, shape) for shape in shapes))
        assert not any(wrong), "\n".join(filter(None, wrong))
        await exporter.until_up()
    assert not exporter.warnings


def test_each_shape_is_there_once() -> None:
    assert len({shape.name for shape in SHAPES}) == len({shape.sent for shape in SHAPES})
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
