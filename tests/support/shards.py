"""Targets that shards have between them, and what a page says of it."""

from typing import Final

from exporter.settings.shard import shard_of

from .exporting import Samples

NAMES: Final = ("beijing", "changsha", "lab", "nanjing", "wuhan", "xian")
"""Two shards have three each; a third one takes the first two, one from each."""


def shares(total: int) -> list[set[str]]:
    return [{name for name in NAMES if shard_of(name, total) == each} for each in range(total)]


def moving(total: int) -> set[str]:
    """The targets that move when there is one more shard."""
    return {name for name in NAMES if shard_of(name, total) != shard_of(name, total + 1)}


def up(page: Samples) -> set[str]:
    """The targets whose last poll was good."""
    return {labels["target"] for labels, value in page.all("zstack_up") if value}


def place(page: Samples) -> tuple[float | None, ...]:
    """Ordinal and number of shards, and how many targets it has and leaves to others."""
    return (
        page.value("zstack_exporter_shard_ordinal"),
        page.value("zstack_exporter_shards"),
        page.value("zstack_exporter_targets", shard="own"),
        page.value("zstack_exporter_targets", shard="other"),
    )
