"""The files of `targets_files`: what is there, what they say, and which targets that makes.

Each file holds what may stand below `targets:` in the configuration file. Reading blocks; it raises
nothing for what is wrong with a file, which is a part of the result.
"""

import hashlib
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from .declaration import Settings
from .faults import Explainer, Fault, SettingsError
from .file import NAME_A_READABLE_FILE, Document, read_document, read_failure
from .looks import Look, shown, stamp_of
from .names import Setting, declared
from .notation import TargetName
from .section import Section
from .target import TargetSettings

Targets = Mapping[str, TargetSettings]

_ONE_OF_TWO: Final = "rename one of the two, or remove it"


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as it was read: its targets and the line of each, or else its faults.

    The digest is of the content; empty for a file that could not be read.
    """

    file: str
    digest: bytes
    targets: Targets = field(default_factory=dict)
    lines: Mapping[str, int | None] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


Readings = Mapping[str, Reading]
"""By file, in the order in which they count."""


@dataclass(frozen=True, slots=True)
class TargetsFile:
    """What a file contributes: its targets, or while it has faults, those it had without any.

    `last_good` are all targets of its last good content, also those that another file has now.
    """

    file: str
    targets: Targets
    last_good: Targets
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """The path as it is shown."""
        return shown(self.file)


def read(seen: Look, before: Readings, since: Look | None = None) -> Readings:
    """Read the files of a look, and parse those whose content is another than before.

    With `since`, only files that have changed after that look are opened.
    """
    stamps = {} if since is None else since.stamps
    readings: dict[str, Reading] = {}
    for file, stamp in seen.stamps.items():
        known = before.get(file)
        if known is None or stamps.get(file) != stamp:
            known = _reading(file, known)
        if known is not None:
            readings[file] = known
    for pattern, reason in seen.unlistable.items():
        fault = Fault(shown(pattern), f"the folder {reason}", "let the exporter's user list it")
        readings[pattern] = Reading(pattern, b"", faults=(fault,))
    return readings


def settled(seen: Look, readings: Readings) -> Look:
    """The look as it counts after the reading: what could not be read is to be tried again."""
    stamps = {f: stamp for f, stamp in seen.stamps.items() if f in readings and readings[f].digest}
    return replace(seen, stamps=stamps)


def contributions(
    own: Collection[str],
    readings: Readings,
    before: Mapping[str, TargetsFile],
    *,
    unusable: Mapping[str, Fault] | None = None,
    given_up: Collection[str] = (),
) -> tuple[TargetsFile, ...]:
    """What each file contributes, `own` being the names of the configuration's own targets.

    A name belongs to the configuration, or else to the first file that has it; it is a fault of any
    other. `unusable` are further faults, by target; `given_up` are targets of which not even the
    last good settings can be used.
    """
    owners = dict.fromkeys(own, "the configuration's own targets")
    files: list[TargetsFile] = []
    for reading in readings.values():
        known = before.get(reading.file)
        last_good = {} if known is None else known.last_good
        faults = (
            reading.faults
            or tuple(_faults_of_targets(reading, unusable or {}))
            or tuple(_repeated(reading, owners))
        )
        if not faults:
            last_good = reading.targets
        targets = {
            name: target
            for name, target in last_good.items()
            if name not in owners and name not in given_up
        }
        owners |= dict.fromkeys(targets, shown(reading.file))
        files.append(TargetsFile(reading.file, targets, last_good, faults))
    return tuple(files)


def all_targets(own: Targets, files: Iterable[TargetsFile]) -> dict[str, TargetSettings]:
    """The targets of the configuration, and those of the files."""
    targets = dict(own)
    for each in files:
        targets |= each.targets
    return targets


def _reading(file: str, before: Reading | None) -> Reading | None:
    """Read a file; None if it has gone meanwhile."""
    try:
        content = _content(file)
    except OSError as error:
        if stamp_of(file) is None:
            return None
        fault = Fault(shown(file), read_failure(error), NAME_A_READABLE_FILE)
        return Reading(file, b"", faults=(fault,))
    digest = hashlib.sha256(content).digest()
    if before is not None and before.digest == digest:
        return before
    try:
        targets, lines = _parsed(file, content)
    except SettingsError as error:
        return Reading(file, digest, faults=error.faults)
    return Reading(file, digest, targets, lines)


def _content(file: str) -> bytes:
    path = Path(file)
    if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would block
        raise OSError(0, "not a file")
    return path.read_bytes()


class _Targets(Section):
    targets: dict[TargetName, TargetSettings]


def _parsed(file: str, content: bytes) -> tuple[Targets, Mapping[str, int | None]]:
    """The targets and the line of each. Raises SettingsError."""
    name = shown(file)
    what, fix = "must be a mapping of names to targets", "begin it with the name of a target"
    document = read_document(content, Path(file).parent, Fault(name, what, fix))
    try:
        targets = _Targets.model_validate({"targets": document.tree}).targets
    except ValidationError as error:
        _refuse_nesting(document, name)
        explainer = Explainer(
            _settings(), (), lambda place: document.position(name, place[1:]), within="targets."
        )
        raise SettingsError(explainer.faults(error, ignoring=frozenset())) from None
    for each, places in document.positions_of_each(name).items():
        if each in targets:
            targets[each].locate(f"{each}.", places)
    return targets, {each: document.line((each,)) for each in targets}


def _refuse_nesting(document: Document, name: str) -> None:
    """Explain the most likely mistake, a part of a configuration file, as one fault."""
    nested = document.tree.get("targets")
    if isinstance(nested, dict) and "url" not in nested:
        where = f"targets ({document.position(name, ('targets',))})"
        fix = "remove this line, and indent those below it less"
        raise SettingsError([Fault(where, "does not stand in a targets file", fix)])


@cache
def _settings() -> tuple[Setting, ...]:
    return tuple(declared(Settings))


def _faults_of_targets(reading: Reading, unusable: Mapping[str, Fault]) -> Iterator[Fault]:
    for name in reading.targets:
        if fault := unusable.get(name):
            yield fault


def _repeated(reading: Reading, owners: Mapping[str, str]) -> Iterator[Fault]:
    for name in reading.targets:
        if name in owners:
            yield Fault(_where(reading, name), f"is also in {owners[name]}", _ONE_OF_TWO)


def _where(reading: Reading, name: str) -> str:
    line = reading.lines[name]
    return f"{name} (in {shown(reading.file)}" + (f", line {line})" if line else ")")
