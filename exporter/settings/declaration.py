"""Declares every setting; `--help` and the documentation show the descriptions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from .addresses import Address, ListenAddresses, TelemetryPath, read_address
from .names import PREFIX, Flag
from .notation import Choice, Demand, Globs, TargetName, wrong
from .section import Objection, Section
from .shard import ShardSettings
from .target import SingleTargetSettings, TargetSettings

NO_TARGET: Final = "no_target"
"""The kind of the error where nothing is configured to poll."""


class ConfigSettings(Section):
    """The configuration file."""

    file: Path | None = Field(
        default=None,
        description="YAML file with any of these settings. "
        "Relative paths in it are relative to its own folder.",
    )


class WebSettings(Section):
    """The HTTP server."""

    listen_address: ListenAddresses = Field(
        default=(":10521",),
        description="Address to listen on: :port, host:port or [ipv6]:port. "
        "Port 0 takes any free port.",
    )
    telemetry_path: TelemetryPath = Field(
        default="/metrics", description="Path under which the metrics are served."
    )
    max_requests: int = Field(
        default=40,
        ge=0,
        description="Scrapes served at once; any beyond get 503. 0 means no limit.",
    )
    config_file: Annotated[Path | None, Flag("--web.config.file")] = Field(
        default=None,
        description="YAML file in the format of Prometheus' exporter-toolkit that sets up TLS, "
        "client certificates, users and their passwords; read again when it changes.",
    )
    systemd_socket: bool = Field(
        default=False,
        description="Listen on the sockets that systemd passes instead of listen_address.",
    )
    enable_lifecycle: bool = Field(
        default=False,
        description="Reload the configuration on POST /-/reload, as on SIGHUP.",
    )
    disable_exporter_metrics: bool = Field(
        default=False,
        description="Leave out the metrics about the exporter's own process and Python runtime.",
    )

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses to listen on, parsed."""
        return tuple(map(read_address, self.listen_address))


class LogSettings(Section):
    """The log, written to standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Choice] = Field(
        default="info", description="Lowest severity that is logged."
    )
    format: Annotated[Literal["logfmt", "json"], Choice] = Field(
        default="logfmt", description="Log format."
    )


class MetricsSettings(Section):
    """Which metrics are exported."""

    per_service: bool = Field(
        default=True,
        description="Export series for each model service, by uuid and name, "
        "in addition to the totals over all of them.",
    )
    instances: Demand = Field(
        default="auto",
        description="Poll what runs, the instance groups of model services: auto leaves them out "
        "where the platform refuses or lacks them, true counts that as a failure, false does not "
        "ask.",
    )
    model_centers: Demand = Field(
        default="auto",
        description="Poll how full the model centers are: auto, true and false as for instances.",
    )
    max_series: int | None = Field(
        default=None,
        ge=1,
        description="The most series of single model services, instance groups and model centers "
        "that one target may have. Above it all of them are left out and the totals stay; they are "
        "back when there are a tenth less than that.",
    )


class StateSettings(Section):
    """What is kept over restarts."""

    file: Path | None = Field(
        default=None,
        description="File that keeps since when new versions are pending, beyond the end of the "
        "process; one exporter has it alone. Without it nothing is written anywhere.",
    )


class Settings(Section, BaseSettings):
    """All settings, checked."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,  # an empty `targets` is wrong only where it is given
        env_prefix=PREFIX,
        enable_decoding=False,  # lists are comma-separated, not JSON
    )

    config: ConfigSettings = ConfigSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    state: StateSettings = StateSettings()
    shard: ShardSettings = ShardSettings()
    target: SingleTargetSettings | None = None
    targets: dict[TargetName, TargetSettings] = Field(
        default={}, min_length=1, description="Several platforms by name; only in the file."
    )
    targets_files: Globs = Field(
        default=(),
        min_length=1,
        description="YAML files that each hold targets, by name, as under targets: in the "
        "configuration file; * and ? stand for parts of a name, ** for folders. They are read "
        "again when they change, come or go.",
    )

    @property
    def named_targets(self) -> dict[str, TargetSettings]:
        """Every target of these settings by its name.

        Those of `targets_files` come on top: `targets_files.py` reads them.
        """
        return dict(self.targets) if self.target is None else {self.target.name: self.target}

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the arguments: `load` reads the sources itself, to name the source of each fault."""
        return (init_settings,)

    @classmethod
    @override
    def objections(cls, given: frozenset[str]) -> Iterator[Objection]:
        if {"target", "targets"} <= given:
            yield "target", wrong("is given together with targets", "keep only one of the two")
        if {"target", "targets_files"} <= given:
            what = "is given together with targets_files"
            yield "target", wrong(what, "move it into targets: or into one of those files")
        if not {"target", "targets", "targets_files"} & given:
            yield "target", wrong("is missing", "", NO_TARGET)
