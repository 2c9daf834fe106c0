"""Shards: several processes with the same targets, of which each polls a part."""

import re
import socket
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Self, TypeVar

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import override
from xxhash import xxh3_64_intdigest

from .faults import MISSING
from .notation import Shown, wrong
from .section import Objection, Section

T = TypeVar("T")

_ORDINAL: Final = re.compile(r"[0-9]{1,9}")
_AT_THE_END: Final = re.compile(r"[0-9]{1,9}$")


def read_ordinal(value: object) -> int:
    """The number; for `auto` that at the end of this host's name, as a StatefulSet's pod has it."""
    text = str(value).strip()
    if text == "auto":
        return _ordinal_of(socket.gethostname())
    if not _ORDINAL.fullmatch(text):
        fix = "write a number from 0, or auto for the number at the end of the host's name"
        raise wrong("is not the ordinal of a shard", fix)
    return int(text)


def _ordinal_of(host: str) -> int:
    name = host.partition(".")[0]  # a host may be set to its full name, with its domain
    found = _AT_THE_END.search(name)
    if found is None:
        what = f"is auto, but the name of this host ({name}) does not end with a number"
        raise wrong(what, "write the number itself, or run it as a StatefulSet")
    return int(found[0])


Ordinal = Annotated[int, BeforeValidator(read_ordinal), Shown("ORDINAL")]


class ShardSettings(Section):
    """Shards, where several exporters with the same targets share them out between them."""

    ordinal: Ordinal = Field(
        default=0,
        description="Which of the shards this exporter is, from 0; auto is the number at the end "
        "of the host's name, as the pod of a StatefulSet has it.",
    )
    total: int = Field(
        default=1,
        ge=1,
        description="Number of shards. A target is polled by one of them, which follows from its "
        "name; one more shard takes over as many as it should have, and no other target moves.",
    )

    def ordinal_of(self, target: str) -> int:
        """The shard that polls the target of this name."""
        return shard_of(target, self.total)

    def own(self, targets: Mapping[str, T]) -> dict[str, T]:
        """The targets that this process polls: all, where there are no shards."""
        return {
            name: target
            for name, target in targets.items()
            if self.ordinal_of(name) == self.ordinal
        }

    @property
    def log_fields(self) -> dict[str, str]:
        """Which of how many it is, as `2/3`; nothing where there are no shards."""
        return {"shard": f"{self.ordinal}/{self.total}"} if self.total > 1 else {}

    @model_validator(mode="after")
    def _check_ordinal(self) -> Self:
        if "total" in self.model_fields_set and self.ordinal >= self.total:
            fix = "ordinals count from 0: that of the last shard is total - 1"
            raise wrong("ordinal is not less than total", fix)
        return self

    @classmethod
    @override
    def objections(cls, given: frozenset[str]) -> Iterator[Objection]:
        for one, other in (("ordinal", "total"), ("total", "ordinal")):
            if one in given and other not in given:
                yield other, wrong(f"is missing: {one} is given without it", "", MISSING)


def shard_of(target: str, total: int) -> int:
    """The shard of `total` that polls the target of this name, the same everywhere and always."""
    return jump(xxh3_64_intdigest(target.encode()), total)


def jump(key: int, buckets: int) -> int:
    """Jump consistent hash: the bucket of a key of 64 bits. One more bucket only takes keys.

    Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014. In its terms, the
    key seeds a generator of the numbers of buckets at which the key moves into the newest one.
    """
    bucket, after = 0, 0
    while after < buckets:
        bucket = after
        key = (key * 2862933555777941757 + 1) % 2**64
        after = int((bucket + 1) * (2**31 / ((key >> 33) + 1)))
    return bucket
