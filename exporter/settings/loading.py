"""Reads the settings of all sources, and reports every fault that they have."""

import os
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from .addresses import Address
from .declaration import NO_TARGET, Settings, WebSettings
from .faults import MISSING, Explainer, Fault, SettingsError
from .names import PREFIX, declared
from .section import Section
from .sources import Sources, read
from .variables import look_alikes

_WAYS: Final = f"--target.url, or {PREFIX}TARGET__URL, or --targets-files"


def load(flags: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of all sources; raise SettingsError with every fault that they have.

    `flags` nests as the settings do and holds only what was given. Files that settings name
    (secrets, certificates) are not opened here, the configuration file is.
    """
    sources = read(Settings, flags, os.environ if environ is None else environ)
    settings, faults = _validated(sources)
    if settings is None or faults:
        raise SettingsError(faults)
    return settings


def listen_addresses(
    flags: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> tuple[Address, ...]:
    """The addresses on which an exporter with these settings listens.

    Other faults are ignored: an exporter keeps the settings it started with when its file is
    broken later. Raises SettingsError for addresses that are wrong themselves.
    """
    sources = read(Settings, flags, os.environ if environ is None else environ)
    web = sources.merged.get("web")
    given = {"listen_address": web.get("listen_address")} if isinstance(web, Mapping) else {}
    try:
        return _Web.model_validate({"web": given}).web.addresses
    except ValidationError as error:
        explainer = Explainer(sources.settings, tuple(Settings.model_fields), sources.origin)
        raise SettingsError(explainer.faults(error, ignoring=frozenset())) from None


def variables_not_read(environ: Mapping[str, str]) -> tuple[Fault, ...]:
    """The variables that are not read, but by their names may be meant for the exporter."""
    return tuple(look_alikes(environ, {each.environment for each in declared(Settings)}))


class _Web(Section):
    """The section of the HTTP server alone."""

    web: WebSettings


def _validated(sources: Sources) -> tuple[Settings | None, tuple[Fault, ...]]:
    explainer = Explainer(sources.settings, tuple(Settings.model_fields), sources.origin)
    try:
        settings = Settings(**sources.merged)
    except ValidationError as error:
        # What is missing may be in the file that could not be read.
        ignoring = frozenset({MISSING, NO_TARGET} if sources.unread else {NO_TARGET})
        found = explainer.faults(error, ignoring=ignoring)
        if not sources.unread and any(each["type"] == NO_TARGET for each in error.errors()):
            found = (_no_target(sources), *found)
        return None, (*sources.faults, *sources.look_alikes, *found)
    _locate(settings, sources)
    return settings, sources.faults


def _locate(settings: Settings, sources: Sources) -> None:
    """Note where each target was set, for messages about it."""
    if settings.target is not None:
        settings.target.locate("target.", sources.places_of_target())
    places = sources.places_of_targets() if settings.targets else {}
    for name, target in settings.targets.items():
        target.locate(f"targets.{name}.", places.get(name, {}))


def _no_target(sources: Sources) -> Fault:
    if sources.path is None:
        ways = f"set {_WAYS}, or target: or targets: in the file that --config.file names"
        return Fault("target", "is missing: there is nothing to poll", ways)
    where, ways = (
        f"config.file {sources.path}",
        f"write target: or targets: into it, or set {_WAYS}",
    )
    if sources.file.is_empty:
        return Fault(where, "is empty", f"{ways}; the command config prints an example")
    return Fault(where, "has no target: there is nothing to poll", ways)
