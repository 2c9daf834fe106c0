"""What of a list's records can be read."""

from typing import Any, Final

from exporter.state.drift import HINT, KINDS, fields, shown
from exporter.state.reduction import Found, first_faults
from exporter.zstack import Listing

from .finding import Finding, passed, warned

SHOWN_RECORDS: Final = 3


def records(step: str, listed: Listing[Any], found: Found) -> Finding:
    """Whether all can be read, and every field of them that the exporter knows."""
    drift = found.drift
    unreadable, unknown = (fields(drift, kind) for kind in KINDS)
    if found.undecodable:
        few = first_faults(listed, SHOWN_RECORDS)
        hint = "please report this with the record: it is left out of every count"
        return warned(step, f"{found.undecodable} cannot be read: {few}", hint)
    if unreadable:
        which = shown([f"{field} in {drift[field, 'unreadable']}" for field in unreadable])
        dialect = (
            f"the platform speaks another dialect: records whose field cannot be read: {which}"
        )
        return warned(step, dialect, f"{HINT}: the field counts as unknown")
    if unknown:
        return passed(step, f"all can be read; unknown fields: {shown(unknown)}")
    return passed(step, "all can be read")
