"""What no HTTP server can do: the way to a platform at its worst, at every place."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from exporter.simulator import Cloud, serving

from .expected import MISHAPS
from .kinds import constructors
from .places import SERVICES, Phase, places
from .trial import Trial, tried
from .wire import Mishap, wired

WAYS = constructors(Mishap)


def test_what_is_right_is_known_of_every_mishap_that_there_is() -> None:
    assert WAYS.keys() == MISHAPS.keys()


@pytest.mark.parametrize("kind", WAYS)
async def test_a_mishap_anywhere_is_told_rightly_and_got_over(kind: str, tmp_path: Path) -> None:
    [row] = MISHAPS[kind]
    async with AsyncExitStack() as stack:
        urls = {}
        for number, place in enumerate(places(list(WAYS).index(kind))):
            cloud = Cloud(services=SERVICES)
            platform = await stack.enter_async_context(serving(cloud))
            wire = await stack.enter_async_context(wired(platform, WAYS[kind](), place.rule))
            if place.phase is Phase.ZONE:
                wire.begin()
            secret = tmp_path / f"secret{number}"
            urls[wire.url] = Trial(f"t{number}", place, row, wire, cloud, secret)
        wrong = await tried(urls)
    assert not wrong, wrong
