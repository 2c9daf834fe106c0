"""Faults on demand: rules for which requests go wrong, and how.

    cloud.faults.append(Fault.error("ID.1001", operation="QueryModelService", times=1))

Several may strike one request; the first in the list stands outermost.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Self, TypedDict, Unpack

from . import answers, effects
from .answers import Answer, ApiError
from .effects import Effect, Row
from .oddities import hostile_row, wrong_types
from .services import SERVICES
from .wire import plain_json

QUERY = SERVICES.operation


class Rule(TypedDict, total=False):
    """Which requests a fault strikes; without any of these, all of them for ever.

    operation   only this one, such as `QueryModelService` or `LogInByAccount`
    path        only this one, without the context: `/v1/ai/model-services`
    start       only queries for the rows from this one on, by their `start`
    page        only the n-th request that matches, counted from 1
    times       so many requests, then no more
    lasting     so many seconds from the first one struck
    """

    operation: str
    path: str
    start: int
    page: int
    times: int
    lasting: float


@dataclass(slots=True, eq=False)
class Fault:
    """A rule and its effect; `matched` and `struck` count requests.

    Those that alter the answer of a query strike `QueryModelService` unless the rule names
    another operation; the others strike every request.
    """

    kind: str
    effect: Effect
    operation: str | None = None
    path: str | None = None
    start: int | None = None
    page: int | None = None
    times: int | None = None
    lasting: float | None = None
    matched: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)
    began: float | None = field(default=None, init=False)

    def strikes(self, operation: str, path: str, start: int, now: float) -> bool:
        """Whether this request goes wrong; counts it."""
        asked = (operation, path, start)
        meant = (self.operation, self.path, self.start)
        if any(part not in (None, of) for part, of in zip(meant, asked, strict=True)):
            return False
        self.matched += 1
        if self.page not in (None, self.matched) or self.is_spent(now):
            return False
        self.began = now if self.began is None else self.began
        self.struck += 1
        return True

    def is_spent(self, now: float) -> bool:
        """Whether its page, its times or its seconds are over."""
        allowed = 1 if self.page is not None else self.times
        if allowed is not None and self.struck >= allowed:
            return True
        if self.lasting is None or self.began is None:
            return False
        return now >= self.began + self.lasting

    @classmethod
    def slow(cls, seconds: float, **rule: Unpack[Rule]) -> Self:
        """The true answer, so much later."""
        return cls("slow", effects.delaying(seconds), **rule)

    @classmethod
    def late(cls, seconds: float, **rule: Unpack[Rule]) -> Self:
        """The true answer so much later, but the request is done at once: a login opens."""
        return cls("late", effects.answering_late(seconds), **rule)

    @classmethod
    def hang(cls, **rule: Unpack[Rule]) -> Self:
        """No answer at all, until the client gives up."""
        return cls("hang", effects.hanging, **rule)

    @classmethod
    def reset(cls, **rule: Unpack[Rule]) -> Self:
        """The connection is reset before any byte."""
        return cls("reset", effects.answering(Answer(HTTPStatus.OK, cut=0)), **rule)

    @classmethod
    def html(cls, status: int = 502, **rule: Unpack[Rule]) -> Self:
        """A page of a reverse proxy; with 200, its log-in or start page."""
        title = f"{status} {HTTPStatus(status).phrase}"
        return cls("html", effects.answering(answers.html(status, title, "nginx")), **rule)

    @classmethod
    def text(cls, status: int, body: str = "", **rule: Unpack[Rule]) -> Self:
        """Any status with a plain text, or with nothing."""
        return cls("text", effects.answering(answers.text(status, body)), **rule)

    @classmethod
    def rate_limited(cls, *, body: str = "Rate limit exceeded", **rule: Unpack[Rule]) -> Self:
        """429, in the words of the limiter of ZStack 5.3.20."""
        answer = answers.text(HTTPStatus.TOO_MANY_REQUESTS, body)
        return cls("rate_limited", effects.answering(answer), **rule)

    @classmethod
    def error(
        cls, code: str, details: str | None = None, description: str = "", **rule: Unpack[Rule]
    ) -> Self:
        """An API error: 503 with JSON in the form of the platform's release."""
        return cls("error", effects.raising(ApiError(code, details, description)), **rule)

    @classmethod
    def refused_address(cls, **rule: Unpack[Rule]) -> Self:
        """403 of login control's address rules: an ErrorCode without the `error` around it."""
        error = ApiError("LOGIN_CONTROL.1004", "the address is not allowed to log in")
        answer = Answer(HTTPStatus.FORBIDDEN, plain_json(answers.error_code(error, "5.2.1")))
        return cls("refused_address", effects.answering(answer), **rule)

    @classmethod
    def not_ready(
        cls, *, details: str = "management node is not ready", **rule: Unpack[Rule]
    ) -> Self:
        """The management node is still starting."""
        error = ApiError("SYS.1010", details)
        return cls("not_ready", effects.raising(error), **rule)

    @classmethod
    def unsupported(cls, **rule: Unpack[Rule]) -> Self:
        """AIOS is not installed there: its paths are not registered."""
        return cls("unsupported", effects.unregistered, **rule)

    @classmethod
    def expired(cls, **rule: Unpack[Rule]) -> Self:
        """Every session ends before the request is looked at."""
        return cls("expired", effects.before(lambda e: e.sessions.clear()), **rule)

    @classmethod
    def changing(cls, change: Callable[[Any], object], **rule: Unpack[Rule]) -> Self:
        """The records asked for change just before the answer; with `page=2`, between two pages.

        `change` is given the `Estate`, the `Groups` or the `Centers`, by the operation.
        """
        return cls("changing", effects.before(lambda e: change(e.records)), **_of_queries(rule))

    @classmethod
    def reset_midway(cls, share: float = 0.5, **rule: Unpack[Rule]) -> Self:
        """The connection is reset when this share of the body is out."""

        def alter(answer: Answer) -> Answer:
            return replace(answer, cut=max(1, int(len(answer.body) * share)))

        return cls("reset_midway", effects.after(alter), **_of_queries(rule))

    @classmethod
    def truncated(cls, share: float = 0.5, **rule: Unpack[Rule]) -> Self:
        """The body ends early, with a length to match: JSON that does not parse."""

        def alter(answer: Answer) -> Answer:
            return replace(answer, body=answer.body[: int(len(answer.body) * share)])

        return cls("truncated", effects.after(alter), **_of_queries(rule))

    @classmethod
    def oversize(cls, size: int = 64 << 20, **rule: Unpack[Rule]) -> Self:
        """A body of more than so many bytes: the same JSON, blanks before its last brace."""

        def alter(answer: Answer) -> Answer:
            return replace(answer, body=answer.body[:-1] + b" " * size + answer.body[-1:])

        return cls("oversize", effects.after(alter), **_of_queries(rule))

    @classmethod
    def wrong_total(cls, by: int = 1, **rule: Unpack[Rule]) -> Self:
        """`total`, where the reply has one, is off by so many."""

        def change(members: dict[str, Any]) -> None:
            if "total" in members:
                members["total"] += by

        return cls("wrong_total", effects.rewriting(change), **_of_queries(rule))

    @classmethod
    def capped(cls, rows: int = 100, **rule: Unpack[Rule]) -> Self:
        """No page has more rows than this, for any limit, without a sign of it."""
        return cls("capped", effects.on_rows(lambda page: page[:rows]), **_of_queries(rule))

    @classmethod
    def duplicated(cls, **rule: Unpack[Rule]) -> Self:
        """The first row of the page stands in it twice."""
        return cls("duplicated", effects.on_rows(lambda page: page[:1] + page), **_of_queries(rule))

    @classmethod
    def wrong_types(cls, **rule: Unpack[Rule]) -> Self:
        """The first record has values of kinds that no release would send."""

        def choose(operation: str) -> Effect:
            return effects.on_first_row(lambda row: row | wrong_types(operation))

        return cls("wrong_types", effects.by_operation(choose), **_of_queries(rule))

    @classmethod
    def dialect(cls, field: str, value: str = "{}", **rule: Unpack[Rule]) -> Self:
        """Every record has this field, with this value in JSON."""
        spoken = {field: json.loads(value)}
        effect = effects.on_rows(lambda rows: [row | spoken for row in rows])
        return cls("dialect", effect, **_of_queries(rule))

    @classmethod
    def flood(cls, rows: int = 100_000, **rule: Unpack[Rule]) -> Self:
        """The page has so many empty records, for any limit."""
        return cls("flood", effects.on_rows(lambda _: [{}] * rows), **_of_queries(rule))

    @classmethod
    def without_uuid(cls, rows: int = 1, **rule: Unpack[Rule]) -> Self:
        """The first record has no uuid, or the first so many."""

        def alter(row: Row) -> Row:
            return {name: value for name, value in row.items() if name != "uuid"}

        effect = effects.on_rows(lambda page: [*map(alter, page[:rows]), *page[rows:]])
        return cls("without_uuid", effect, **_of_queries(rule))

    @classmethod
    def hostile(cls, **rule: Unpack[Rule]) -> Self:
        """Names and other texts meant to break programs that print them."""

        def choose(operation: str) -> Effect:
            return effects.on_rows(
                lambda rows: [hostile_row(operation, row, n) for n, row in enumerate(rows)]
            )

        return cls("hostile", effects.by_operation(choose), **_of_queries(rule))


def _of_queries(rule: Rule) -> Rule:
    return rule if "operation" in rule or "path" in rule else {"operation": QUERY, **rule}
