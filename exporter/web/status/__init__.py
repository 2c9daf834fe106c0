"""The status of every target for people: a page, and the same as JSON.

It answers "why is my panel empty?": is each target polled, how old is its data, what failed and
what to do about it. Everything is made from the snapshots that the metrics are made from.

What makes them is loaded at the first request for one, in the thread that answers it: most
exporters are never asked.
"""

from collections.abc import Sequence

from exporter.settings.targets_files import TargetsFile
from exporter.state.snapshot import Snapshot

from .query import DocumentQuery, PageQuery
from .style import CONTENT_SECURITY_POLICY

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "DocumentQuery",
    "PageQuery",
    "status_document",
    "status_page",
]


def status_page(
    snapshots: Sequence[Snapshot],
    files: Sequence[TargetsFile] = (),
    *,
    telemetry_path: str,
    query: PageQuery,
) -> str:
    """As `page.status_page`: call it in a thread."""
    from .page import status_page as render  # noqa: PLC0415

    return render(snapshots, files, telemetry_path=telemetry_path, query=query)


def status_document(
    snapshots: Sequence[Snapshot],
    query: DocumentQuery | None = None,
    files: Sequence[TargetsFile] = (),
) -> dict[str, object]:
    """As `document.status_document`: call it in a thread."""
    from .document import status_document as describe  # noqa: PLC0415

    return describe(snapshots, query, files)
