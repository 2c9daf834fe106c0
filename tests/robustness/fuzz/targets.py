"""What is thrown inputs at, by name; each raises for an input that breaks what must hold."""

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from exporter.metrics.page import Format
from exporter.metrics.rows.services import AGGREGATED
from exporter.settings import SettingsError, load
from exporter.web.config import reading as webconfig
from exporter.web.negotiation import accepts_gzip, page_format
from exporter.web.status import PageQuery
from exporter.zstack import QUERY_MODEL_SERVICE, ModelService, timestamp
from exporter.zstack.auth import LOG_IN
from exporter.zstack.errors import ZStackError
from exporter.zstack.records import Page
from exporter.zstack.redaction import Redactor
from exporter.zstack.refusals import refusal
from exporter.zstack.schema import model_services, session, time_zone
from tests.support.builders import listed

Target = Callable[[bytes], None]

STATUSES: Final = (200, 400, 401, 403, 404, 429, 500, 503, 599)
LONGEST_TEXT: Final = 400
"""Of an error: what a person reads of it, and what stands around that."""

LONGEST_WAIT: Final = 86_400.0

_GOOD: Final = b'{"uuid":"good","requestCpu":4}'

LINE: Final = re.compile(
    rb"zstack_[a-z_]+\{(?:[a-z_]+=\"(?:[^\"\\\n]|\\[\"\\n])*\",?)+\} [0-9+-][0-9.e+-]*"
)
"""A sample as text 0.0.4 and OpenMetrics both have it, and a finite one."""


def page(body: bytes) -> None:
    """A page of model services gives valid lines; as a row it costs its neighbours nothing."""
    if (found := _decoded(body)) is not None:
        check_lines(_lines(found))
    if _is_json(body):
        found = model_services(b'{"inventories":[%b,%b,%b],"total":3}' % (_GOOD, body, _GOOD))
        first, _, last = found.rows
        for row in (first, last):
            if not isinstance(row, ModelService) or row.request_cpu != 4:
                raise AssertionError(f"a good row became {row}")
        check_lines(_lines(found))


def answer(body: bytes) -> None:
    """A failure is an error of ours that can be shown; other small answers decode or don't."""
    for status in STATUSES:
        for operation in (QUERY_MODEL_SERVICE, LOG_IN):
            error = refusal(operation, status, body)
            error.redact(Redactor().clean)
            showable(error)
    for decode in (session, time_zone):
        try:
            decode(body)
        except (msgspec.DecodeError, RecursionError):
            continue
    moment = timestamp(body.decode("utf-8", "replace"), UTC)
    if moment is not None and not -1e12 < moment < 1e12:
        raise AssertionError(f"a date in no calendar: {moment}")


def negotiation(header: bytes) -> None:
    """For any header there is a format, an encoding and a language to answer in."""
    text = header.decode("latin-1")
    if page_format(text) not in Format or accepts_gzip(text) not in {True, False}:
        raise AssertionError(text)
    query = PageQuery.from_request(text, dict.fromkeys(("search", "sort", "lang", "target"), text))
    query.link().encode()


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


def check_lines(lines: Iterable[bytes]) -> None:
    """Every line is a sample, and no series is there twice. Raises AssertionError."""
    series: set[bytes] = set()
    for line in lines:
        if not LINE.fullmatch(line):
            raise AssertionError(f"invalid: {line!r}")
        labels = line.rpartition(b" ")[0]
        if labels in series:
            raise AssertionError(f"twice: {labels!r}")
        series.add(labels)


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


def _decoded(body: bytes) -> Page[ModelService] | None:
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


def _lines(found: Page[ModelService]) -> list[bytes]:
    """As they come to the page; the last of two rows with one uuid, as a list has it once."""
    records = {row.uuid: row for row in found.rows if isinstance(row, ModelService)}
    whole = listed([tuple(records.values())], len(records))
    for row in AGGREGATED:
        for _, value in row.samples(whole):
            if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN
                raise AssertionError(f"{row.family.name} is {value}")
    blocks = (block for blocks in whole.lines.values() for block in blocks)
    return b"".join(block.text() for block in blocks).splitlines()
