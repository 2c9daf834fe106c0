"""The flags, the environment and the file as nested mappings, not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

from .faults import Fault, Place, SettingsError
from .file import Document, read_file
from .names import DELIMITER, PREFIX, Setting, declared
from .notation import unquoted
from .variables import look_alikes, unknown_variables

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """The content of each source, and the faults of the sources themselves."""

    flags: Tree
    environment: Tree
    file: Document
    path: Path | None
    settings: tuple[Setting, ...]
    faults: tuple[Fault, ...]
    look_alikes: tuple[Fault, ...]
    """Variables that are not read, but may have been meant for the exporter."""
    unread: bool

    @property
    def merged(self) -> dict[str, Any]:
        """One tree: flags over environment over file."""
        return _merged(self.flags, _merged(self.environment, self.file.tree))

    def origin(self, place: Place) -> str:
        """Name the source that prevails for this place, as an operator would look for it."""
        setting = next((s for s in self.settings if s.path == place[: len(s.path)]), None)
        if setting and setting.flag and _has(self.flags, setting.path):
            return f"flag {setting.flag}"
        if setting and _has(self.environment, setting.path):
            return setting.environment
        if place and _has(self.file.tree, place[:1]):
            return self.file.position(str(self.path), place)
        # A leftover variable creates a section that the operator did not mean to set.
        below = (s for s in self.settings if place and s.path[: len(place)] == place)
        return next((s.environment for s in below if _has(self.environment, s.path)), "")

    def places_of_target(self) -> dict[str, str]:
        """The source of each setting of the one target, as `origin` gives it."""
        section = "target"
        return self.file.positions(str(self.path), section) | {
            setting.path[-1]: self.origin(setting.path)
            for setting in self.settings
            if setting.path[0] == section
            and (_has(self.flags, setting.path) or _has(self.environment, setting.path))
        }

    def places_of_targets(self) -> dict[str, dict[str, str]]:
        """The same of each of several targets, by name."""
        return self.file.positions_of_each(str(self.path), "targets")


def read(model: type[BaseSettings], flags: Tree, environ: Mapping[str, str]) -> Sources:
    """Read every source; what cannot be read becomes a fault, so that all are found at once."""
    settings = tuple(declared(model))
    names = {setting.environment for setting in settings}
    environment = _environment(model, environ, names)
    faults = [*unknown_variables(environ, names)]
    path = _config_file(flags, environment)
    file = Document()
    unread = False
    try:
        file = read_file(path) if path else Document()
    except SettingsError as error:
        unread = True
        faults += error.faults
    alike = tuple(look_alikes(environ, names))
    return Sources(flags, environment, file, path, settings, tuple(faults), alike, unread)


def _merged(over: Tree, under: Tree) -> dict[str, Any]:
    both = {
        key: _merged(value, under[key])
        for key, value in over.items()
        if isinstance(value, Mapping) and isinstance(under.get(key), Mapping)
    }
    return {**under, **over, **both}


def _has(tree: Tree, place: Place) -> bool:
    found: Any = tree
    for part in place:
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    return True


def _config_file(flags: Tree, environment: Tree) -> Path | None:
    """The path without quotes around it, so that they are the only fault."""
    path = _merged(flags, environment).get("config", {}).get("file")
    return Path(unquoted(str(path))) if path else None


def _environment(
    model: type[BaseSettings], environ: Mapping[str, str], names: set[str]
) -> dict[str, Any]:
    """Nest the variables; an empty one counts as not set, as `${VARIABLE:-}` leaves it."""
    source = EnvSettingsSource(model, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)
    source.env_vars = {name.lower(): environ[name] for name in names if environ.get(name)}
    return source()
