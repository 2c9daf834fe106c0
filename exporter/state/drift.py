"""Drift: what the platform sends of its records that the exporter cannot read, or does not know."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

from exporter.zstack import Drifted, Record

from .labels import UNKNOWN, sanitize_line

Kind = Literal["unreadable", "unknown"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

Field = tuple[str, Kind]
"""The name of a field, fit for a label, and what is the matter with it."""

Drift = Mapping[Field, int]
"""In how many records; unknown fields only count in the records that are searched for them."""

DATES: Final = ("createDate", "lastOpDate")
OTHER: Final = "other"
MOST_FIELDS: Final = 50
"""How many fields are counted one by one; their names are untrusted."""

SHOWN_FIELDS: Final = 20
"""How many fields a line names: all that are read, or as many of those that are unknown."""

HINT: Final = "upgrade the exporter, or report it with the platform's release and what check says"


def drift_of(records: Sequence[Record], unreadable: Mapping[str, int]) -> Drift:
    """The drift of a page's records; `unreadable` counts fields by what was made of them."""
    counts: Counter[Field] = Counter()
    if any(issubclass(kind, Drifted) for kind in {*map(type, records)}):  # mostly there is none
        for record in records:
            if isinstance(record, Drifted):
                counts.update((name, "unreadable") for name in record.unreadable)
                counts.update(
                    (sanitize_line(name) or UNKNOWN, "unknown") for name in record.unknown
                )
    for name, number in unreadable.items():
        counts[name, "unreadable"] += number
    return _bounded(counts)


def combined_drift(pages: Iterable[Drift]) -> Drift:
    """The drift of all pages, of which nearly all have none."""
    counts: Counter[Field] = Counter()
    for page in filter(None, pages):
        counts.update(page)
    return _bounded(counts)


def fields(drift: Drift, kind: Kind) -> tuple[str, ...]:
    """The names of the fields with this kind of drift."""
    return tuple(name for name, its in drift if its == kind)


def shown(names: Sequence[str]) -> str:
    """The names on one line, of many only the first."""
    more = len(names) - SHOWN_FIELDS
    return ", ".join(names[:SHOWN_FIELDS]) + (f" and {more} more" if more > 0 else "")


def no_date_read(drift: Drift, dates: int) -> bool:
    """Whether dates came, of which none could be read; `dates` counts those that could."""
    return dates == 0 and any(field in DATES for field in fields(drift, "unreadable"))


def _bounded(counts: Counter[Field]) -> Drift:
    """Those that cannot be read come first, as the exporter needs them; then by name."""
    named = (field for field in +counts if field[0] != OTHER)
    ordered = sorted(named, key=lambda field: (KINDS.index(field[1]), field[0]))[:MOST_FIELDS]
    bounded = Counter({field: counts[field] for field in ordered})
    for name, kind in counts.keys() - bounded.keys():
        bounded[OTHER, kind] += counts[name, kind]
    return dict(+bounded)


class DriftLog:
    """Logs drift when it begins, when other fields have it and when it ends, never by number."""

    def __init__(
        self, records: str, warning: Callable[..., None], info: Callable[..., None]
    ) -> None:
        """`records` names them in the log, in the plural."""
        self._records = records
        self._warning = warning
        self._info = info
        self._fields: dict[Kind, tuple[str, ...]] = dict.fromkeys(KINDS, ())
        self._no_date_read = False

    def update(self, drift: Drift, dates: int) -> None:
        """Compare the drift of this list with that of the list before."""
        if (unreadable := self._changed(drift, "unreadable")) is not None:
            self._log_unreadable(unreadable)
        if unknown := self._changed(drift, "unknown"):
            names = shown(unknown)
            hint = "see whether a newer exporter reads them"
            event = "the platform sends fields that no known release has"
            self._info(event, of=self._records, fields=names, hint=hint)
        before, self._no_date_read = self._no_date_read, no_date_read(drift, dates)
        if self._no_date_read and not before:
            self._warning("no date of the platform can be read", hint=HINT)

    def _changed(self, drift: Drift, kind: Kind) -> tuple[str, ...] | None:
        """The fields that have this drift, None if they are those of the list before."""
        before, now = self._fields[kind], fields(drift, kind)
        self._fields[kind] = now
        return now if now != before else None

    def _log_unreadable(self, names: tuple[str, ...]) -> None:
        if not names:
            self._info("every field can be read again", of=self._records)
            return
        event = f"fields of {self._records} cannot be read: they count as unknown"
        self._warning(event, fields=shown(names), hint=HINT)
