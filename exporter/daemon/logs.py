"""The log: one line an event on standard error, as logfmt or JSON."""

import codecs
import logging
import sys
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, Processor

LogFormat = Literal["logfmt", "json"]

_FIRST: Final = ("ts", "level", "msg", "target")


def configure(level: str, log_format: LogFormat) -> None:
    """Write our events and those of every library in one format, from `level` on."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("msg"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _in_order,
                _all_printable,
                _renderer(log_format),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Its warnings only quote cookies that a platform sends.
    logging.getLogger("aiohttp.internal").setLevel(logging.ERROR)


def printable(text: str) -> str:
    """Escape what is not printable: Unicode's categories C and Z, except line ends and spaces.

    Such are control characters, line separators and marks that turn the direction of writing, with
    which untrusted text could forge a line.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def _all_printable(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {k: printable(value) if isinstance(value, str) else value for k, value in event.items()}


def _renderer(log_format: LogFormat) -> Processor:
    if log_format == "json":
        # A stream of another encoding would escape as Python does, which is not valid JSON.
        encoding = codecs.lookup(sys.stderr.encoding or "utf-8").name
        return structlog.processors.JSONRenderer(ensure_ascii=encoding != "utf-8")
    return structlog.processors.LogfmtRenderer(bool_as_flag=False)


def _in_order(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put the fields that every line has first, in both formats."""
    return {**{key: event[key] for key in _FIRST if key in event}, **event}
