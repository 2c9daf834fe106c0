"""Faults that fail a poll, each with the reason and the code that it is counted under."""

from typing import Final

from exporter.simulator import Fault

_QUERY: Final = "QueryModelService"

FAULTS: Final = {
    "unreachable": (Fault.reset(operation=_QUERY), "unreachable", ""),
    "cut off": (Fault.reset_midway(), "unreachable", ""),
    "hanging": (Fault.hang(operation=_QUERY), "timeout", ""),
    "rate limited": (Fault.rate_limited(operation=_QUERY), "rate_limited", ""),
    "denied by policy": (
        Fault.error("SYS.1006", "operation[API:QueryModelService] is denied by default"),
        "denied",
        "SYS.1006",
    ),
    "denied by role": (Fault.error("ID.1002", operation=_QUERY), "denied", "ID.1002"),
    "licence expired": (Fault.error("LICENSE.1000", operation=_QUERY), "denied", "LICENSE.1000"),
    "no AIOS": (Fault.unsupported(), "unsupported", ""),
    "failed inside": (Fault.error("SYS.1000", operation=_QUERY), "rejected", "SYS.1000"),
    "starting": (Fault.not_ready(operation=_QUERY), "rejected", "SYS.1010"),
    "proxy page": (Fault.html(502, operation=_QUERY), "malformed", ""),
    "login page": (Fault.html(200, operation=_QUERY), "malformed", ""),
    "truncated": (Fault.truncated(), "malformed", ""),
    "oversize": (Fault.oversize(2 << 20), "too_large", ""),
    "wrong total": (Fault.wrong_total(), "incomplete", ""),
}
