"""What is kept over restarts, as it stands in the state file: JSON with a number of its format."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from exporter.state.first_sights import LONGEST_UUID, MOST_SERVICES

FORMAT: Final = 1

MOST_BYTES: Final = 128 * 1024 * 1024
"""Of a state file. 500,000 first sights of 32 characters (`keeper.MOST_SIGHTS`) take 27 MiB."""

_LAST_MOMENT: Final = 253402300799
"""The end of the year 9999."""

_Moment = Annotated[float, msgspec.Meta(ge=0, le=_LAST_MOMENT)]
_Uuid = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_UUID)]


class TargetState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one target: first sights, valid for the platform at this URL.

    `unused_since` is when this process, or one before it, first found that it does not poll it.
    """

    url: str
    pending_since: Annotated[Mapping[_Uuid, _Moment], msgspec.Meta(max_length=MOST_SERVICES)]
    unused_since: _Moment | None = None


TargetStates = Mapping[str, TargetState]
"""By the name of the target."""


class _Head(msgspec.Struct):
    format: Annotated[int, msgspec.Meta(ge=1)]


class _Document(msgspec.Struct):
    format: int
    targets: TargetStates


class BrokenStateError(Exception):
    """A file that holds no state that this release can read; the message is what is wrong."""


def encode(targets: TargetStates) -> bytes:
    """The content of a state file."""
    return msgspec.json.encode(_Document(FORMAT, targets))


def decode(content: bytes) -> TargetStates:
    """Raises BrokenStateError."""
    try:
        head = msgspec.json.decode(content, type=_Head)
        if head.format > FORMAT:
            raise BrokenStateError(f"was written by a newer release (format {head.format})")
        return msgspec.json.decode(content, type=_Document).targets
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BrokenStateError(f"is no state of this exporter ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    """Messages of msgspec name the place and what should stand there, and quote nothing."""
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
