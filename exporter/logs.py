"""The log: one line an event on standard error, as logfmt or JSON."""

import logging
import sys
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, Processor

LogFormat = Literal["logfmt", "json"]

_FIRST: Final = ("ts", "level", "msg", "target")


def configure(level: str, log_format: LogFormat) -> None:
    """Send our events and those of every library through one form, from `level` on."""
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
                _renderer(log_format),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _renderer(log_format: LogFormat) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.processors.LogfmtRenderer(bool_as_flag=False)


def _in_order(_logger: object, _method: str, event: EventDict) -> EventDict:
    """What every line has comes first, whichever the format."""
    return {**{key: event[key] for key in _FIRST if key in event}, **event}
