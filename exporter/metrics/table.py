"""Every family by what it is about: the table that the documentation shows."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .family import Family
from .list_families import DRIFT, ListFamilies
from .rows.centers import CENTER_FAMILIES
from .rows.instances import INSTANCE_FAMILIES
from .rows.pending import PENDING_SINCE
from .rows.polling import POLLING
from .rows.services import AGGREGATED, PER_SERVICE, SERVICE_FAMILIES
from .target_telemetry import TELEMETRY
from .telemetry import OF_EXPORTER

LISTS: Final[tuple[ListFamilies[Any, Any], ...]] = (
    SERVICE_FAMILIES,
    INSTANCE_FAMILIES,
    CENTER_FAMILIES,
)
"""Every list that can be polled, the model services first."""

SECTIONS: Final[Mapping[str, tuple[Family, ...]]] = {
    "Inventory": (*(row.family for row in AGGREGATED), DRIFT),
    "Per model service": (*(row.family for row in PER_SERVICE), PENDING_SINCE.family),
    "What runs": INSTANCE_FAMILIES.families,
    "Model centers": CENTER_FAMILIES.families,
    "API and polling": (
        *(row.family for row in POLLING),
        *(row.family for row in TELEMETRY),
    ),
    "Exporter": OF_EXPORTER,
}
"""Every family by what it is about."""


def table() -> Iterator[str]:
    """Every family in plain lines, for a terminal."""
    for section, families in SECTIONS.items():
        yield f"{section}\n"
        for family in families:
            yield f"  {family.name} ({family.type})"
            yield from _indented(f"labels: {', '.join(family.labels) or 'none'}")
            yield from _indented(family.help)
        yield ""


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, 98, initial_indent=" " * 6, subsequent_indent=" " * 6)
