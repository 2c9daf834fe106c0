"""The flags, the environment and the file as nested mappings, not yet checked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

from .faults import Fault, Place, SettingsError
from .file import Document, read_file
from .names import DELIMITER, PREFIX, Setting, declared, did_you_mean
from .notation import unquoted

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


def read(model: type[BaseSettings], flags: Tree, environ: Mapping[str, str]) -> Sources:
    """Read every source; what cannot be read becomes a fault, so that all are found at once."""
    settings = tuple(declared(model))
    names = {setting.environment for setting in settings}
    environment = _environment(model, environ, names)
    faults = [*_unknown_variables(environ, names)]
    path = _config_file(flags, environment)
    file = Document()
    unread = False
    try:
        file = read_file(path) if path else Document()
    except SettingsError as error:
        unread = True
        faults += error.faults
    return Sources(flags, environment, file, path, settings, tuple(faults), unread)


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


# Kubernetes sets these in each pod of a namespace with a Service zstack-exporter(-something).
_SERVICE = re.compile(
    rf"{PREFIX}(\w+?_)??(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?|PORT)"
)


def _unknown_variables(environ: Mapping[str, str], names: set[str]) -> Iterator[Fault]:
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in names and not _of_kubernetes(name, environ):
            yield Fault(name, "is not a setting", _hint(name, names))


def _of_kubernetes(name: str, environ: Mapping[str, str]) -> bool:
    match = _SERVICE.fullmatch(name)
    return match is not None and (match[2] != "PORT" or "://" in environ[name])


def _hint(name: str, names: Iterable[str]) -> str:
    if name.startswith(f"{PREFIX}TARGETS"):
        return (
            "several targets can only be set in the file; see --config.file, "
            f"or name targets files in {PREFIX}TARGETS_FILES"
        )
    tails = [known.removeprefix(PREFIX) for known in sorted(names)]
    hint = did_you_mean(name.removeprefix(PREFIX), tails, prefix=PREFIX)
    return hint or "remove it; --help lists every name"
