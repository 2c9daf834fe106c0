"""What of a list's records can be read."""

from typing import Any, Final

from exporter.state.drift import HINT, KINDS, Drift, fields, shown
from exporter.zstack import Listing

from .finding import Finding, passed, warned

SHOWN_RECORDS: Final = 3


def records(step: str, listed: Listing[Any], drift: Drift) -> Finding:
    """Whether all can be read, and every field of them that the exporter knows."""
    unreadable, unknown = (fields(drift, kind) for kind in KINDS)
    if listed.undecodable:
        few = "; ".join(row.fault for row in listed.undecodable[:SHOWN_RECORDS])
        hint = "please report this with the record: it is left out of every count"
        return warned(step, f"{len(listed.undecodable)} cannot be read: {few}", hint)
    if unreadable:
        which = shown([f"{field} in {drift[field, 'unreadable']}" for field in unreadable])
        found = f"the platform speaks another dialect: records whose field cannot be read: {which}"
        return warned(step, found, f"{HINT}: the field counts as unknown")
    if unknown:
        return passed(step, f"all can be read; unknown fields: {shown(unknown)}")
    return passed(step, "all can be read")
