"""What no HTTP server can do: the way to a platform at its worst, at every place."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from exporter.simulator import Cloud, serving

from .expected import MISHAPS
from .kinds import constructors
from .places import SERVICES, Phase, named, places, together
from .trial import Trial, tried
from .wire import Mishap, wired

WAYS = constructors(Mishap)


def test_what_is_right_is_known_of_every_mishap_that_there_is() -> None:
    assert WAYS.keys() == MISHAPS.keys()


@pytest.mark.parametrize("kinds", together(WAYS), ids=named)
async def test_a_mishap_anywhere_is_told_rightly_and_got_over(
    kinds: Sequence[str], tmp_path: Path
) -> None:
    cells = [(kind, place) for kind in kinds for place in places(list(WAYS).index(kind))]
    async with AsyncExitStack() as stack:
        urls = {}
        for number, (kind, place) in enumerate(cells):
            [row] = MISHAPS[kind]
            cloud = Cloud(services=SERVICES)
            platform = await stack.enter_async_context(serving(cloud))
            wire = await stack.enter_async_context(wired(platform, place.rule, WAYS[kind]()))
            if place.phase is Phase.ZONE:
                wire.begin()
            secret = tmp_path / f"secret{number}"
            urls[wire.url] = Trial(f"t{number}", kind, place, row, wire, cloud, secret)
        wrong = await tried(urls)
    assert not wrong, wrong
