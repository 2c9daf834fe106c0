"""What works, but was hardly meant: logged at each start, and of targets that change."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import structlog

from exporter.polling.secret_files import QUOTES_HINT
from exporter.polling.targets import in_one_line
from exporter.settings import (
    Fault,
    Settings,
    TargetSettings,
    exposure,
    is_quoted,
    variables_not_read,
)
from exporter.settings.targets_files import TargetsFile

log = structlog.get_logger(__name__)


async def warn_of_start(settings: Settings, web_files: Iterable[Path] = ()) -> None:
    """Warn of what concerns the whole process; `web_files` are those of the web configuration."""
    _log([*variables_not_read(os.environ), *await asyncio.to_thread(_exposed, settings, web_files)])


async def warn_of_targets(
    targets: Mapping[str, TargetSettings], files: Iterable[TargetsFile] = ()
) -> None:
    """Warn of what concerns these targets, and of the files that they are from."""
    if targets:
        _log(await asyncio.to_thread(_of_targets, targets, files))


def _has_other_users() -> bool:
    """Whether others can read files here: process 1 is the one of a container, as a rule."""
    return os.getpid() != 1


def _exposed(settings: Settings, web_files: Iterable[Path]) -> list[Fault]:
    if not _has_other_users():
        return []
    file = settings.config.file
    found = [None if file is None else exposure.of_configuration(file)]
    return [*filter(None, (*found, *map(exposure.of_key, web_files)))]


def _of_targets(targets: Mapping[str, TargetSettings], files: Iterable[TargetsFile]) -> list[Fault]:
    of_files = (
        exposure.of_targets_file(Path(each.file), each.targets.values())
        for each in files
        if each.targets.keys() & targets.keys() and _has_other_users()
    )
    own = (fault for target in targets.values() for fault in _of_target(target))
    return [*own, *filter(None, of_files)]


def _of_target(target: TargetSettings) -> Iterator[Fault]:
    yield from target.doubts()
    secret = target.credentials.secret
    if secret is not None and is_quoted(secret.get_secret_value()):
        where = target.where(target.credentials.file_setting.removesuffix("_file"))
        yield Fault(where, "begins and ends with a quote", QUOTES_HINT)
    if _has_other_users():
        yield from exposure.of_target(target)


def _log(faults: Collection[Fault]) -> None:
    """Log a line for each kind of fault: a thousand targets may have the same one."""
    places = defaultdict[str, list[str]](list)
    fixes: dict[str, str] = {}
    for fault in faults:
        places[fault.what].append(fault.where)
        fixes.setdefault(fault.what, fault.fix)
    for what, where in places.items():
        log.warning("doubtful setting", warning=f"{in_one_line(where)}: {what}", hint=fixes[what])
