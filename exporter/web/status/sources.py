"""Sources: all that a status is made of, as it is at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from exporter.metrics.telemetry import Loaded
from exporter.settings.targets_files import TargetsFile
from exporter.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Sources:
    """The newest snapshots, the targets files, and when the exporter started and was configured.

    `started_at` is Unix time.
    """

    snapshots: Sequence[Snapshot] = ()
    files: Sequence[TargetsFile] = ()
    started_at: float = 0.0
    configuration: Loaded = field(default_factory=Loaded)
