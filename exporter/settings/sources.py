"""What the flags, the environment and the file say, as nested mappings that nothing has checked."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

from .faults import Fault, Place, SettingsError
from .file import read_file
from .names import DELIMITER, PREFIX, Setting, declared

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """All that was said, by whom, and what is wrong with the saying itself."""

    flags: Tree
    environment: Tree
    file: Tree
    path: Path | None
    settings: tuple[Setting, ...]
    faults: tuple[Fault, ...]
    unread: bool

    @property
    def merged(self) -> dict[str, Any]:
        """One tree: flags over environment over file."""
        return _over(self.flags, _over(self.environment, self.file))

    def origin(self, place: Place) -> str:
        """Name what the strongest source that says it is, as an operator would look for it."""
        setting = next((s for s in self.settings if s.path == place[: len(s.path)]), None)
        if setting and setting.flag and _holds(self.flags, setting.path):
            return f"flag {setting.flag}"
        if setting and _holds(self.environment, setting.path):
            return setting.environment
        return f"in {self.path}" if place and _holds(self.file, place[:1]) else ""


def read(model: type[BaseSettings], flags: Tree, environ: Mapping[str, str]) -> Sources:
    """Read every source; what cannot be read becomes a fault, so that all are found at once."""
    settings = tuple(declared(model))
    names = {setting.environment for setting in settings}
    environment = _environment(model, environ, names)
    faults = [*_strangers(environ, names)]
    path = _config_file(flags, environment)
    file: Tree = {}
    unread = False
    try:
        file = read_file(path) if path else {}
    except SettingsError as error:
        unread = True
        faults += error.faults
    return Sources(flags, environment, file, path, settings, tuple(faults), unread)


def _over(strong: Tree, weak: Tree) -> dict[str, Any]:
    both = {
        key: _over(value, weak[key])
        for key, value in strong.items()
        if isinstance(value, Mapping) and isinstance(weak.get(key), Mapping)
    }
    return {**weak, **strong, **both}


def _holds(tree: Tree, place: Place) -> bool:
    held: Any = tree
    for part in place:
        if not isinstance(held, Mapping) or part not in held:
            return False
        held = held[part]
    return True


def _config_file(flags: Tree, environment: Tree) -> Path | None:
    said = _over(flags, environment).get("config", {}).get("file")
    return Path(said) if said else None


def _environment(
    model: type[BaseSettings], environ: Mapping[str, str], names: set[str]
) -> dict[str, Any]:
    """Nest the variables; an empty one counts as not set, as `${VARIABLE:-}` leaves it."""
    source = EnvSettingsSource(model, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)
    source.env_vars = {name.lower(): environ[name] for name in names if environ.get(name)}
    return source()


# Kubernetes sets such names in each pod beside a Service called zstack-exporter(-something).
_SERVICE = re.compile(
    rf"{PREFIX}(\w+?_)??(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_[A-Z]+(_(PROTO|PORT|ADDR))?|PORT)"
)


def _strangers(environ: Mapping[str, str], names: set[str]) -> Iterator[Fault]:
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in names and not _of_kubernetes(name, environ):
            yield Fault(name, "is not a setting", _instead(name, names))


def _of_kubernetes(name: str, environ: Mapping[str, str]) -> bool:
    match = _SERVICE.fullmatch(name)
    return match is not None and (match[2] != "PORT" or "://" in environ[name])


def _instead(name: str, names: Iterable[str]) -> str:
    if name.startswith(f"{PREFIX}TARGETS"):
        return "several targets can be set in the file only; see --config.file"
    tails = [known.removeprefix(PREFIX) for known in sorted(names)]
    near = get_close_matches(name.removeprefix(PREFIX), tails, n=1)
    return f"did you mean {PREFIX}{near[0]}?" if near else "remove it; --help lists every name"
