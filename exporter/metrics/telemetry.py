"""The metrics of the exporter itself: its build, its configuration, its process."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from time import time
from typing import Final, Self

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from exporter.build import VERSION, build

from .family import Family

BUILD_INFO: Final = Family(
    "zstack_exporter_build_info",
    "The running exporter; always 1.",
    ("version", "revision", "python_version"),
    per_target=False,
)
RELOAD_SUCCESSFUL: Final = Family(
    "zstack_exporter_config_last_reload_successful",
    "Whether the last attempt to load the configuration succeeded.",
    per_target=False,
)
RELOAD_TIME: Final = Family(
    "zstack_exporter_config_last_reload_success_timestamp_seconds",
    "When the configuration was last loaded successfully, in Unix time.",
    per_target=False,
)
TARGETS_FILE_SUCCESSFUL: Final = Family(
    "zstack_exporter_targets_file_last_reload_successful",
    "Whether the last attempt to load a targets file succeeded; while it is 0, the targets that"
    " the file had before are polled.",
    ("file",),
    per_target=False,
)
TARGETS_FILE_TIME: Final = Family(
    "zstack_exporter_targets_file_last_reload_success_timestamp_seconds",
    "When a targets file was last loaded successfully, in Unix time.",
    ("file",),
    per_target=False,
)
WEB_RELOAD_SUCCESSFUL: Final = Family(
    "zstack_exporter_web_config_last_reload_successful",
    "Whether the last attempt to read the web configuration file succeeded; absent without one.",
    per_target=False,
)
WEB_RELOAD_TIME: Final = Family(
    "zstack_exporter_web_config_last_reload_success_timestamp_seconds",
    "When the web configuration file was last read successfully, in Unix time; absent without one.",
    per_target=False,
)
WEB_CERTIFICATE: Final = Family(
    "zstack_exporter_web_certificate_not_after_timestamp_seconds",
    "When the certificate that the exporter serves with ends, in Unix time; absent without TLS.",
    per_target=False,
)
STATE_SUCCESSFUL: Final = Family(
    "zstack_exporter_state_last_write_successful",
    "Whether the last attempt to write the state file succeeded, and in time; absent before the"
    " first.",
    per_target=False,
)
STATE_TIME: Final = Family(
    "zstack_exporter_state_last_write_success_timestamp_seconds",
    "When the state file was last written successfully, in Unix time; absent before the first"
    " attempt.",
    per_target=False,
)
SHARD_ORDINAL: Final = Family(
    "zstack_exporter_shard_ordinal",
    "Which of the shards this exporter is, from 0; 0 where there are none.",
    per_target=False,
)
SHARDS: Final = Family(
    "zstack_exporter_shards",
    "Number of shards that share the configured targets; 1 where there are none.",
    per_target=False,
)
TARGETS: Final = Family(
    "zstack_exporter_targets",
    "Configured targets by the shard that polls them: own, which is this exporter, or other.",
    ("shard",),
    per_target=False,
)
OF_EXPORTER: Final = (
    BUILD_INFO,
    RELOAD_SUCCESSFUL,
    RELOAD_TIME,
    TARGETS_FILE_SUCCESSFUL,
    TARGETS_FILE_TIME,
    WEB_RELOAD_SUCCESSFUL,
    WEB_RELOAD_TIME,
    WEB_CERTIFICATE,
    STATE_SUCCESSFUL,
    STATE_TIME,
    SHARD_ORDINAL,
    SHARDS,
    TARGETS,
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """When a file was last loaded or written (Unix time), and the last attempt if it failed."""

    at: float | None = None
    failed_at: float | None = None

    def attempted(self, at: float, *, successful: bool) -> Self:
        return replace(self, at=at, failed_at=None) if successful else replace(self, failed_at=at)


class Telemetry(Collector):
    """The exporter's own families; `process` adds process_* and python_info.

    `started_at` is Unix time.
    """

    def __init__(self, *, process: bool = True) -> None:
        self._own = CollectorRegistry()
        if process:
            ProcessCollector(registry=self._own)
            PlatformCollector(registry=self._own)
        self.started_at = time()
        self._configuration = _Loads(self._own, RELOAD_SUCCESSFUL, RELOAD_TIME)
        self._targets_files: _LoadsOfFiles | None = None
        self._web_configuration: _Loads | None = None
        self._certificate_ends_at: float | None = None
        self._state: _Loads | None = None
        self._sharing: _Sharing | None = None
        facts = (VERSION, build().revision, platform.python_version())
        _gauge(self._own, BUILD_INFO).labels(*facts).set(1)

    def config_loaded(self, *, successful: bool) -> None:
        """The configuration was read just now, or could not be."""
        self._configuration.attempted(successful=successful)

    def targets_file_loaded(self, file: str, *, successful: bool) -> None:
        """A targets file was loaded just now, or could not be."""
        if self._targets_files is None:
            self._targets_files = _LoadsOfFiles(self._own)
        self._targets_files.attempted(file, successful=successful)

    def remove_targets_file(self, file: str) -> None:
        """Remove the series of a file that is no longer there."""
        if self._targets_files is not None:
            self._targets_files.remove(file)

    def web_config_loaded(
        self, *, successful: bool, certificate_ends_at: float | None = None
    ) -> None:
        """The web configuration file was read just now, or could not be and nothing changed."""
        if self._web_configuration is None:
            self._web_configuration = _Loads(self._own, WEB_RELOAD_SUCCESSFUL, WEB_RELOAD_TIME)
        self._web_configuration.attempted(successful=successful)
        if successful:
            self._certificate_ends_at = certificate_ends_at

    def state_written(self, *, successful: bool) -> None:
        """The state file was written just now, or could not be."""
        if self._state is None:
            self._state = _Loads(self._own, STATE_SUCCESSFUL, STATE_TIME)
        self._state.attempted(successful=successful)

    def shared(self, *, ordinal: int, shards: int, own: int, other: int) -> None:
        """The targets were shared out: so many are polled here, so many by other shards."""
        if self._sharing is None:
            self._sharing = _Sharing(self._own)
        self._sharing.set(ordinal, shards, {"own": own, "other": other})

    @property
    def loads(self) -> Mapping[str, Loaded]:
        """The configuration; the web configuration and the state file, where there are such."""
        each = {"config": self._configuration, "web_config": self._web_configuration}
        each["state"] = self._state
        return {name: loads.last for name, loads in each.items() if loads is not None}

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._own.collect()
        if self._certificate_ends_at is not None:
            name, help_ = WEB_CERTIFICATE.name, WEB_CERTIFICATE.help
            yield GaugeMetricFamily(name, help_, self._certificate_ends_at)


class _Loads:
    """Attempts to load or write a file: whether the last one succeeded, and when one last did."""

    def __init__(self, registry: CollectorRegistry, successful: Family, at: Family) -> None:
        self._successful = _gauge(registry, successful)
        self._time = _gauge(registry, at)
        self.last = Loaded()

    def attempted(self, *, successful: bool) -> None:
        self.last = self.last.attempted(time(), successful=successful)
        self._successful.set(successful)
        if successful:
            self._time.set_to_current_time()


class _LoadsOfFiles:
    """Attempts to load each targets file, by the file's name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._successful = _gauge(registry, TARGETS_FILE_SUCCESSFUL)
        self._time = _gauge(registry, TARGETS_FILE_TIME)

    def attempted(self, file: str, *, successful: bool) -> None:
        self._successful.labels(file).set(successful)
        if successful:
            self._time.labels(file).set_to_current_time()

    def remove(self, file: str) -> None:
        self._successful.remove(file)
        self._time.remove(file)


class _Sharing:
    """How the targets are shared out; absent before the first are."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ordinal = _gauge(registry, SHARD_ORDINAL)
        self._shards = _gauge(registry, SHARDS)
        self._targets = _gauge(registry, TARGETS)

    def set(self, ordinal: int, shards: int, targets: Mapping[str, int]) -> None:
        self._ordinal.set(ordinal)
        self._shards.set(shards)
        for shard, number in targets.items():
            self._targets.labels(shard).set(number)


def _gauge(registry: CollectorRegistry, family: Family) -> Gauge:
    return Gauge(family.name, family.help, family.labels, registry=registry)
