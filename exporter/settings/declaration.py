"""Every setting, declared; the descriptions are what `--help` and the documentation say."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from .addresses import Address, ListenAddresses, TelemetryPath, read_address
from .faults import MISSING, Explainer, Fault, SettingsError
from .names import PREFIX
from .notation import TargetName, wrong
from .section import Objection, Section
from .sources import Sources, read
from .target import TargetSettings


def load(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> "Settings":
    """Read the settings of all sources; raise SettingsError with every fault that they have.

    `flags` nests as the settings do and holds only what was given. Files that settings name
    (secrets, certificates) are not opened here, the configuration file is.
    """
    sources = read(Settings, flags, os.environ if environ is None else environ)
    settings, faults = _validated(sources)
    if settings is None or faults:
        raise SettingsError(faults)
    return settings


def _validated(sources: Sources) -> tuple["Settings | None", tuple[Fault, ...]]:
    try:
        return Settings(**sources.merged), sources.faults
    except ValidationError as error:
        explainer = Explainer(sources.settings, tuple(Settings.model_fields), sources.origin)
        # What is missing may stand in the file that could not be read.
        but = frozenset({MISSING} if sources.unread else ())
        return None, (*sources.faults, *explainer.faults(error, but=but))


class ConfigSettings(Section):
    """The configuration file."""

    file: Path | None = Field(
        default=None,
        description="YAML file with any of these settings. "
        "Relative paths in it count from the folder that it is in.",
    )


class WebSettings(Section):
    """What Prometheus and people reach."""

    listen_address: ListenAddresses = Field(
        default=(":10521",),
        min_length=1,
        description="Address to listen on, as :port, host:port or [ipv6]:port; "
        "more than one may be given. Port 0 takes a free one.",
    )
    telemetry_path: TelemetryPath = Field(
        default="/metrics", description="Path under which the metrics are served."
    )
    max_requests: int = Field(
        default=40,
        ge=0,
        description="Scrapes that are answered at the same time; more get 503. 0 is no limit.",
    )
    disable_exporter_metrics: bool = Field(
        default=False,
        description="Leave out the metrics about the exporter's process and its Python runtime.",
    )

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses to listen on, taken apart."""
        return tuple(map(read_address, self.listen_address))


class LogSettings(Section):
    """What the exporter writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Only messages of this severity or above are written."
    )
    format: Literal["logfmt", "json"] = Field(
        default="logfmt", description="Form of each line of the log."
    )


class MetricsSettings(Section):
    """Which metrics are exported."""

    per_service: bool = Field(
        default=True,
        description="Export series for each model service, by uuid and name, "
        "beside the sums over all of them.",
    )


class Settings(Section, BaseSettings):
    """All settings, checked."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,  # no targets are wrong only where they are written down
        env_prefix=PREFIX,
        enable_decoding=False,  # lists are comma-separated, not JSON
    )

    config: ConfigSettings = ConfigSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    target: TargetSettings | None = None
    targets: dict[TargetName, TargetSettings] = Field(
        default={}, min_length=1, description="Several platforms, by name; in the file only."
    )

    @property
    def named_targets(self) -> dict[str, TargetSettings]:
        """Every target by its name; a single one is called `default`."""
        return dict(self.targets) if self.target is None else {"default": self.target}

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
        """Only what is passed in: `load` reads the sources, so that it can say who said what."""
        return (init_settings,)

    @classmethod
    @override
    def objections(cls, given: frozenset[str]) -> Iterator[Objection]:
        if {"target", "targets"} <= given:
            yield "target", wrong("is given beside targets", "keep target or targets, not both")
        if not {"target", "targets"} & given:
            yield "target", wrong("is missing: there is nothing to poll", _NO_TARGET, MISSING)


_NO_TARGET = (
    f"set --target.url, or {PREFIX}TARGET__URL, or target: or targets: in the file of --config.file"
)
