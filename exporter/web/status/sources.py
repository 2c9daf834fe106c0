"""Sources: all that a status is made of, as it is at one instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.metrics.telemetry import Loaded
from exporter.settings.targets_files import TargetsFile
from exporter.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Sources:
    """The newest snapshots, the targets files, when the exporter started (Unix time), and `loads`.

    Those are of its own files, by name: as `Telemetry.loads`.
    """

    snapshots: Sequence[Snapshot] = ()
    files: Sequence[TargetsFile] = ()
    started_at: float = 0.0
    loads: Mapping[str, Loaded] = field(default_factory=dict)
