"""What is known of polling: whether it succeeds, what fails, and since when."""

from collections.abc import Callable, Iterator
from typing import Final

from exporter.metrics.family import Family, Row, Sample, Samples
from exporter.state.snapshot import Snapshot

ERROR: Final = ("operation", "reason", "code")
RESOURCE: Final = ("resource",)


def _single(value: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Samples]:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        if (known := value(snapshot)) is not None:
            yield (), known

    return samples


def _series_left_out(snapshot: Snapshot) -> float | None:
    return None if snapshot.series is None else snapshot.series.number_left_out


def _resource_up(snapshot: Snapshot) -> Iterator[Sample]:
    for name, state in snapshot.states.items():
        if state.left_out is None:
            yield (name,), state.error is None


def _resource_success(snapshot: Snapshot) -> Iterator[Sample]:
    for name, state in snapshot.states.items():
        if state.succeeded_at is not None:
            yield (name,), state.succeeded_at


POLLING: Final[tuple[Row[Snapshot], ...]] = (
    Row(
        Family("zstack_up", "Whether the last poll of the platform succeeded."),
        _single(lambda snapshot: None if snapshot.attempted_at is None else snapshot.up),
    ),
    Row(
        Family(
            "zstack_api_error",
            "1 while the last poll, or one of its lists, failed in this way, 0 after it has"
            " recovered; code is ZStack's error code, empty where the answer had none.",
            ERROR,
        ),
        lambda snapshot: snapshot.failures.items(),
    ),
    Row(
        Family(
            "zstack_poll_last_attempt_timestamp_seconds",
            "When the last poll began, in Unix time.",
        ),
        _single(lambda snapshot: snapshot.attempted_at),
    ),
    Row(
        Family(
            "zstack_poll_last_success_timestamp_seconds",
            "When the last successful poll began, in Unix time; the inventory dates from then.",
        ),
        _single(lambda snapshot: snapshot.succeeded_at),
    ),
    Row(
        Family("zstack_poll_interval_seconds", "Time between two polls, as set (interval)."),
        _single(lambda snapshot: snapshot.interval),
    ),
    Row(
        Family(
            "zstack_poll_stale_after_seconds",
            "Age from which the inventory counts as stale, as set (stale_after).",
        ),
        _single(lambda snapshot: snapshot.stale_after),
    ),
    Row(
        Family(
            "zstack_series_left_out",
            "Number of series of single model services, instance groups and model centers that are"
            " left out, as they are more than metrics.max_series; 0 while they are shown, absent"
            " without the setting.",
        ),
        _single(_series_left_out),
    ),
    Row(
        Family(
            "zstack_resource_up",
            "Whether the last poll read this list: each one stands for itself, and zstack_up is"
            " that of the model services; absent for a list that the platform refuses or lacks,"
            " where it is not demanded.",
            RESOURCE,
        ),
        _resource_up,
    ),
    Row(
        Family(
            "zstack_resource_last_success_timestamp_seconds",
            "When the last poll that read this list began, in Unix time; what is shown of it"
            " dates from then.",
            RESOURCE,
        ),
        _resource_success,
    ),
)
