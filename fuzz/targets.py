"""What is thrown inputs at, by name; each raises for an input that breaks what must hold."""

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from exporter import webconfig
from exporter.exposition import Format
from exporter.inventory import Batch, Sums, batch, inventory
from exporter.lines import ServiceLines
from exporter.metrics import AGGREGATED, PER_SERVICE
from exporter.negotiation import accepts_gzip, page_format
from exporter.services import Conventions
from exporter.settings import SettingsError, load
from exporter.status.asked import Asked
from exporter.zstack import QUERY_MODEL_SERVICE, Listing, ModelService, timestamp
from exporter.zstack.auth import LOG_IN
from exporter.zstack.errors import ZStackError
from exporter.zstack.refusals import refusal
from exporter.zstack.schema import Page, model_services, session, time_zone

Target = Callable[[bytes], None]

STATUSES: Final = (200, 400, 401, 403, 404, 429, 500, 503, 599)
LONGEST_TEXT: Final = 400
"""Of an error: what a person reads of it, and what stands around that."""

LONGEST_WAIT: Final = 86_400.0

_WRITE: Final = ServiceLines(PER_SERVICE, "lab")
_GOOD: Final = b'{"uuid":"good","requestCpu":4}'

LINE: Final = re.compile(
    rb"zstack_[a-z_]+\{(?:[a-z_]+=\"(?:[^\"\\\n]|\\[\"\\n])*\",?)+\} [0-9+-][0-9.e+-]*"
)
"""A sample as text 0.0.4 and OpenMetrics both have it, and a finite one."""


def page(body: bytes) -> None:
    """A page of model services gives lawful lines; as a row it costs its neighbours nothing."""
    if (found := _decoded(body)) is not None:
        lawful(_lines(found))
    if _is_json(body):
        found = model_services(b'{"inventories":[%b,%b,%b],"total":3}' % (_GOOD, body, _GOOD))
        first, _, last = found.rows
        for row in (first, last):
            if not isinstance(row, ModelService) or row.request_cpu != 4:  # noqa: PLR2004
                raise AssertionError(f"a good row became {row}")
        lawful(_lines(found))


def answer(body: bytes) -> None:
    """A failure is an error of ours that can be shown; other small answers decode or don't."""
    for status in STATUSES:
        for operation in (QUERY_MODEL_SERVICE, LOG_IN):
            showable(refusal(operation, status, body))
    for decode in (session, time_zone):
        try:
            decode(body)
        except (msgspec.DecodeError, RecursionError):
            continue
    moment = timestamp(body.decode("utf-8", "replace"), UTC)
    if moment is not None and not -1e12 < moment < 1e12:  # noqa: PLR2004
        raise AssertionError(f"a date in no calendar: {moment}")


def negotiation(header: bytes) -> None:
    """Whatever a header says, there is a format, an encoding and a language to answer in."""
    text = header.decode("latin-1")
    if page_format(text) not in Format or accepts_gzip(text) not in {True, False}:
        raise AssertionError(text)
    asked = Asked.of(text, {"search": text, "sort": text, "lang": text, "target": text})
    asked.link().encode()


def settings(content: bytes) -> None:
    """A file of settings, or a web configuration, is taken or refused in words."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        flags = {"config": {"file": file.name}}
        for read in (partial(load, flags, {}), partial(webconfig.read, Path(file.name))):
            complaint(read).encode()


TARGETS: Final[Mapping[str, Target]] = {
    target.__name__: target for target in (page, answer, negotiation, settings)
}


def lawful(lines: Iterable[bytes]) -> None:
    """Every line is a sample, and no series is there twice. Raises AssertionError."""
    series: set[bytes] = set()
    for line in lines:
        if not LINE.fullmatch(line):
            raise AssertionError(f"unlawful: {line!r}")
        labels = line.rpartition(b" ")[0]
        if labels in series:
            raise AssertionError(f"twice: {labels!r}")
        series.add(labels)


def batch_of(records: Sequence[ModelService], conventions: Conventions) -> Batch:
    return batch(records, conventions, _WRITE)


def showable(error: ZStackError) -> None:
    """It can be logged, be a label, and be waited for. Raises AssertionError."""
    for text in (str(error), error.code, error.reason):
        if not text.isprintable() or len(text) > LONGEST_TEXT:
            raise AssertionError(f"not to be shown: {text!r}")
    if not 0 <= getattr(error, "seconds", 0.0) <= LONGEST_WAIT:
        raise AssertionError(f"waits for ever: {error}")


def complaint(read: Callable[[], object]) -> str:
    """What is wrong with the settings that are read, nothing if they are taken."""
    try:
        read()
    except SettingsError as error:
        return str(error)
    return ""


def _decoded(body: bytes) -> Page | None:
    try:
        return model_services(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body.decode())  # as bytes it may be UTF-16
    except (ValueError, RecursionError):
        return False
    return True


def _lines(found: Page) -> list[bytes]:
    """As they come to the page; the last of two rows with one uuid, as a list has it once."""
    records = {row.uuid: row for row in found.rows if isinstance(row, ModelService)}
    made = batch_of(tuple(records.values()), Conventions(zone=UTC))
    whole = inventory(Listing((made,), len(records)), Sums())
    for row in AGGREGATED:
        for _, value in row.samples(whole):
            if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN
                raise AssertionError(f"{row.family.name} is {value}")
    blocks = (block for blocks in whole.lines.values() for block in blocks)
    return b"".join(block.text() for block in blocks).splitlines()
