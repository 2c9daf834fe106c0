"""Files that hold a secret, and that every user of the machine can read."""

import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from .faults import Fault, SettingsError
from .file import read_file
from .looks import shown
from .names import declared
from .target import TargetSettings

_PRIVATE_KEY: Final = b"PRIVATE KEY-----"
_SECRETS: Final = frozenset(each.path[-1] for each in declared(TargetSettings) if each.secret)


def is_world_readable(file: Path) -> bool:
    """Whether it is a file that every user can read; blocks. False where that is not known."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & stat.S_IROTH)


def forbid_others(file: Path | str) -> str:
    """How to keep other users from reading it."""
    return f"chmod o= {file}"


def of_target(target: TargetSettings) -> Iterator[Fault]:
    """The files that the target's settings name; blocks."""
    secret = target.credentials
    if secret.secret_file is not None and is_world_readable(secret.secret_file):
        where, fix = target.where(secret.file_setting), forbid_others(secret.secret_file)
        yield Fault(where, "names a secret that every user can read", fix)
    setting = "client_cert_file" if target.client_key_file is None else "client_key_file"
    key = getattr(target, setting)
    if key is not None and is_world_readable(key):
        where, fix = target.where(setting), forbid_others(key)
        yield Fault(where, "names a key that every user can read", fix)


def of_configuration(file: Path) -> Fault | None:
    """The configuration file; blocks. None where it cannot be read any more."""
    try:
        tree = read_file(file).tree
    except SettingsError:
        return None
    return of_file(file, [tree.get("target") or {}, *(tree.get("targets") or {}).values()])


def of_targets_file(file: Path, targets: Iterable[TargetSettings]) -> Fault | None:
    """A file with these targets in it; blocks."""
    return of_file(file, (target.model_dump(include=set(_SECRETS)) for target in targets))


def of_file(file: Path, targets: Iterable[Mapping[str, object]]) -> Fault | None:
    """A file with these settings of targets in it; blocks."""
    held = any(target.get(name) for target in targets for name in _SECRETS)
    if not held or not is_world_readable(file):
        return None
    fix = f"{forbid_others(shown(str(file)))}, or move the secret to a file of its own"
    return Fault(shown(str(file)), "holds a secret, and every user can read it", fix)


def of_key(file: Path) -> Fault | None:
    """A file of the web configuration, which may hold a key; blocks."""
    try:
        holds_key = is_world_readable(file) and _PRIVATE_KEY in file.read_bytes()
    except OSError:  # it has gone
        return None
    if not holds_key:
        return None
    return Fault(str(file), "every user can read its key", forbid_others(file))
