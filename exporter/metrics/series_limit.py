"""The limit of a target's series of single records: above it they are left out, all of them.

Half of a list would look like a whole one. (docs/decisions/0035-max-series.md)
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from exporter.state.snapshot import RecordSeries

from .lines import Blocks

SHOWN_AGAIN_FROM: Final = 0.9
"""The part of the limit at which they come back, so that one service more or less is no change."""


def limited(
    parts: Iterable[Blocks],
    families: AbstractSet[str],
    most: int | None,
    before: RecordSeries | None,
) -> RecordSeries | None:
    """How many samples these families have, and whether they are left out; None without a limit."""
    if most is None:
        return None
    number = sum(
        block.samples
        for blocks in parts
        for name in families & blocks.keys()
        for block in blocks[name]
    )
    was_left_out = before is not None and before.left_out
    return RecordSeries(number, most, number > (most * SHOWN_AGAIN_FROM if was_left_out else most))
