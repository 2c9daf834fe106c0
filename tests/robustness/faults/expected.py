"""What is right after each kind of trouble, from what README.md and docs/ promise.

A row says what the trouble does to a request for a page. What follows in a situation
(where it happens, with which credentials, for how long) is derived from that in `outcome`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .situations import Identity, Lasting, Phase, Situation


@dataclass(frozen=True)
class Outcome:
    """How a poll ends that meets the trouble: well where there is no `reason`.

    passes     a moment later the same may succeed, so a poll tries it again
    relists    the list is not proven whole, so a poll reads it again
    renews     it means the session, so a poll opens another one
    refuses    it means the credentials, which are then not shown again until they change;
               where a session was shown, that is all that was refused
    """

    reason: str = ""
    code: str = ""
    passes: bool = False
    relists: bool = False
    renews: bool = False
    refuses: bool = False

    @property
    def is_fine(self) -> bool:
        return not self.reason


FINE: Final = Outcome()
UNREACHABLE: Final = Outcome("unreachable", passes=True)
MALFORMED: Final = Outcome("malformed", passes=True)
RATE_LIMITED: Final = Outcome("rate_limited", passes=True)
NOT_READY: Final = Outcome("rejected", passes=True)
REJECTED: Final = Outcome("rejected")
DENIED: Final = Outcome("denied")
UNSUPPORTED: Final = Outcome("unsupported")
TOO_LARGE: Final = Outcome("too_large")
INCOMPLETE: Final = Outcome("incomplete", relists=True)
TIMEOUT: Final = Outcome("timeout")
SESSION_ENDED: Final = Outcome("unauthorized", "ID.1001", renews=True)
REFUSED: Final = Outcome("unauthorized", refuses=True)


@dataclass(frozen=True)
class Row:
    """One way of a kind of trouble, what it does to a page, and why that is right.

    `at` is what it does in single phases; `elsewhere` to requests that are not for a page;
    `signed` to those that an access key signs, where that differs.
    """

    arguments: Mapping[str, Any]
    page: Outcome
    because: str
    elsewhere: Outcome | None = None
    signed: Outcome | None = None
    at: Mapping[Phase, Outcome] = field(default_factory=dict)

    def outcome(self, situation: Situation) -> Outcome:
        """How the next poll ends, and each one after it while the trouble lasts."""
        if not situation.is_reached or situation.phase is Phase.LOG_OUT:
            return FINE  # a session that cannot be ended expires: no poll fails for that
        met = self.met(situation)
        if situation.identity is Identity.ACCOUNT and situation.phase is not Phase.LOGIN:
            met = replace(met, refuses=False)
        if situation.phase is Phase.ZONE:
            return met if met.refuses else FINE  # dates are worth no poll
        return FINE if situation.lasting is Lasting.ONCE and _recovers(met, situation) else met

    def met(self, situation: Situation) -> Outcome:
        """What the request that meets it makes of it."""
        if situation.identity is Identity.ACCESS_KEY and self.signed is not None:
            return self.signed
        if not situation.phase.lists and self.elsewhere is not None:
            return self.elsewhere
        return self.at.get(situation.phase, self.page)


def _recovers(met: Outcome, situation: Situation) -> bool:
    """Whether a poll gets over it by itself: it never logs in twice for one failure."""
    if situation.phase is Phase.LOGIN:
        return False
    renewed = met.renews and situation.identity is Identity.ACCOUNT
    return met.passes or met.relists or renewed


def _coded(outcome: Outcome, code: str) -> Outcome:
    return replace(outcome, code=code)


def _error(code: str, outcome: Outcome, because: str, details: str | None = None) -> Row:
    return Row({"code": code, "details": details}, _coded(outcome, code), because)


ROWS: Final[Mapping[str, tuple[Row, ...]]] = {
    "slow": (
        Row({"seconds": 0.05}, FINE, "a slow answer is an answer"),
        Row({"seconds": 60}, TIMEOUT, "a poll has one deadline for all it asks"),
    ),
    "late": (
        Row({"seconds": 0.05}, FINE, "a slow answer is an answer"),
        Row({"seconds": 60}, TIMEOUT, "a poll has one deadline for all it asks"),
    ),
    "hang": (Row({}, TIMEOUT, "a poll has one deadline for all it asks"),),
    "reset": (Row({}, UNREACHABLE, "there was no answer"),),
    "reset_midway": (Row({}, UNREACHABLE, "there was no whole answer"),),
    "html": (
        Row({}, MALFORMED, "a page of a proxy is no answer of the platform"),
        Row({"status": 200}, MALFORMED, "a log-in page of a proxy is no success"),
        Row({"status": 404}, MALFORMED, "the proxy does not know the platform; AIOS may be there"),
    ),
    "text": (
        Row({"status": 500}, NOT_READY, "any other error; of a server, so it may pass"),
        Row({"status": 503, "body": "shutting down"}, NOT_READY, "as above"),
        Row({"status": 400, "body": "no"}, REJECTED, "any other error"),
        Row({"status": 403, "body": "no"}, DENIED, "403 is: known, but not permitted"),
        Row(
            {"status": 404, "body": "no api mapping to /v1/ai/model-services"},
            UNSUPPORTED,
            "the words of the platform for a path that is not registered",
        ),
        Row({"status": 302}, REJECTED, "credentials follow no redirect"),
        Row({"status": 407}, UNREACHABLE, "a proxy stands before the platform"),
        Row({"status": 200}, MALFORMED, "a success that does not decode"),
        Row({"status": 200, "body": "[]"}, MALFORMED, "a success that does not decode"),
    ),
    "rate_limited": (Row({}, RATE_LIMITED, "429"),),
    "error": (
        _error("ID.1000", REFUSED, "tried again, wrong credentials lock the account"),
        _error("ID.1001", SESSION_ENDED, "the credentials may be good"),
        _error("ID.1002", DENIED, "known, but not permitted"),
        _error("OPERATION_DENIED", DENIED, "a policy that denies"),
        _error("LICENSE.1000", DENIED, "the licence forbids"),
        _error("SYS.1006", DENIED, "up to 5.2.1 this is a missing permission", "it is denied"),
        _error("SYS.1006", REJECTED, "any other error", "it failed"),
        _error("SYS.1000", REJECTED, "any other error"),
        _error("SYS.1011", NOT_READY, "a management node cut off from its peers: it may pass"),
        _error("LOGIN_CONTROL.1002", REFUSED, "locked", "locked, remaining time: 600 seconds"),
    ),
    "refused_address": (
        Row({}, _coded(REFUSED, "LOGIN_CONTROL.1004"), "a rule of addresses or hours: waits"),
    ),
    "not_ready": (Row({}, _coded(NOT_READY, "SYS.1010"), "it is starting, so it may pass"),),
    "unsupported": (
        Row({}, UNSUPPORTED, "AIOS is not installed", elsewhere=FINE),  # the others are ZStack's
    ),
    "expired": (Row({}, SESSION_ENDED, "the session has ended", elsewhere=FINE, signed=FINE),),
    "changing": (
        Row(
            {"change": "first row"},
            INCOMPLETE,
            "rows moved between two pages, so that one may have slipped through",
            elsewhere=FINE,
            at={Phase.FIRST: FINE},  # nothing was read before
        ),
        Row({"change": "nothing"}, FINE, "an estate that stays is whole"),
    ),
    "truncated": (Row({}, MALFORMED, "a success that does not decode"),),
    "oversize": (Row({"size": 1 << 20}, TOO_LARGE, "more than max_response_bytes"),),
    "wrong_total": (
        Row(
            {"by": 1},
            FINE,
            "the platform counts anew on each page, and one more page clears it up",
            at={Phase.EVERY: INCOMPLETE},
        ),
        Row(
            {"by": -1},
            FINE,
            "as above, but for the page on which more rows have come than it counts",
            at={Phase.LAST: INCOMPLETE, Phase.EVERY: INCOMPLETE},
        ),
        Row({"by": -10}, INCOMPLETE, "more rows than the platform counts", elsewhere=FINE),
    ),
    "capped": (
        Row({"rows": 3}, FINE, "the next page is asked for from the last row that came"),
        Row(
            {"rows": 1},
            INCOMPLETE,
            "a page without a new row is the last, and rows are missing",
            elsewhere=FINE,
        ),
        Row({"rows": 0}, INCOMPLETE, "as above, for an empty page", elsewhere=FINE),
    ),
    "duplicated": (Row({}, FINE, "a row that comes again is counted once"),),
    "wrong_types": (Row({}, FINE, "a field that cannot be read is unknown, and costs no record"),),
    "dialect": (
        Row({"field": "version", "value": "1.1"}, FINE, "a number is read as a text"),
        Row({"field": "createDate", "value": "{}"}, FINE, "as above, though no record has a date"),
    ),
    "flood": (Row({}, MALFORMED, "far more rows than were asked for", elsewhere=FINE),),
    "without_uuid": (
        Row(
            {},
            INCOMPLETE,
            "the first row of a page shows that it joins the one before, if it can be recognised",
            elsewhere=FINE,
            at={Phase.FIRST: FINE},  # one bad record is skipped and counted, not the poll
        ),
        Row(
            {"rows": 1000},
            INCOMPLETE,
            "as above; and a list without any uuid is not the list that was asked for",
            elsewhere=FINE,
            at={Phase.EVERY: MALFORMED},
        ),
    ),
    "hostile": (Row({}, FINE, "label values are untrusted"),),
}
"""By the name of the simulator's fault: what is right, and why."""

WIRE_FAULTS: Final[Mapping[str, tuple[Row, ...]]] = {
    "delay": (Row({}, FINE, "a slow answer is an answer"),),
    "trickle": (Row({}, FINE, "an answer is what its bytes are, however they come"),),
    "silence": (Row({}, TIMEOUT, "a poll has one deadline for all it asks"),),
    "stall_in_head": (Row({}, TIMEOUT, "as above"),),
    "stall_in_body": (Row({}, TIMEOUT, "as above"),),
    "hang_up": (Row({}, UNREACHABLE, "there was no answer"),),
    "cut_in_head": (Row({}, UNREACHABLE, "there was no whole answer"),),
    "cut_in_body": (Row({}, UNREACHABLE, "there was no whole answer"),),
    "reset_in_body": (Row({}, UNREACHABLE, "there was no whole answer"),),
    "noise": (Row({}, MALFORMED, "it answered, and not in HTTP"),),
    "noise_in_body": (Row({}, MALFORMED, "a success that does not decode"),),
    "bad_chunks": (Row({}, MALFORMED, "a success that does not decode: nothing was cut off"),),
    "bad_gzip": (Row({}, MALFORMED, "a success that does not decode"),),
    "bomb": (Row({}, TOO_LARGE, "the cap is for what an answer unpacks to"),),
    "endless_head": (Row({}, MALFORMED, "it is not HTTP"),),
    "endless_headers": (Row({}, MALFORMED, "as above"),),
    "endless_body": (Row({}, TOO_LARGE, "more than max_response_bytes"),),
    "endless_promises": (Row({}, TIMEOUT, "no answer has come in the poll's time"),),
    "two_answers": (Row({}, FINE, "an answer that was not asked for is ignored"),),
}
"""By what happens on the way to the platform."""

HANDSHAKES: Final[Mapping[str, Row]] = {
    "trickle": Row({}, FINE, "a handshake is what its bytes are, however they come"),
    "silence": Row({}, UNREACHABLE, "there was no connection that could be used"),
    "stall": Row({}, UNREACHABLE, "as above"),
    "hang_up": Row({}, UNREACHABLE, "as above"),
    "cut": Row({}, UNREACHABLE, "as above"),
    "reset": Row({}, UNREACHABLE, "as above"),
    "refusal": Row({}, UNREACHABLE, "as above: the two agree on no TLS"),
    "plain": Row({}, UNREACHABLE, "as above: the port does not speak TLS"),
    "noise": Row({}, UNREACHABLE, "as above"),
}
"""By what happens to a platform's first words in TLS."""
