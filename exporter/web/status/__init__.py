"""The status of every target for people: a page, and the same as JSON.

It answers "why is my panel empty?": is each target polled, how old is its data, what failed and
what to do about it. Everything is made from the snapshots that the metrics are made from.

What makes them is loaded at the first request for one, in the thread that answers it: most
exporters are never asked.
"""

from .assets import CONTENT_SECURITY_POLICY, SCRIPT, SCRIPT_PATH
from .query import DocumentQuery, PageQuery
from .sources import Sources

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "SCRIPT",
    "SCRIPT_PATH",
    "DocumentQuery",
    "PageQuery",
    "Sources",
    "status_document",
    "status_page",
]


def status_page(sources: Sources, query: PageQuery, *, telemetry_path: str = "/metrics") -> str:
    """As `page.status_page`: call it in a thread."""
    from .page import status_page as render  # noqa: PLC0415

    return render(sources, query, telemetry_path=telemetry_path)


def status_document(sources: Sources, query: DocumentQuery | None = None) -> dict[str, object]:
    """As `document.status_document`: call it in a thread."""
    from .document import status_document as describe  # noqa: PLC0415

    return describe(sources, query)
