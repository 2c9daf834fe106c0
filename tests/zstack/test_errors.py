"""The tree of errors: each class is what some real answer comes to."""

from collections.abc import Iterator

import pytest

from exporter.simulator import Cloud, Fault
from exporter.zstack import DeadlineError, ZStackError, errors
from tests.support.client_fixture import QUERY, client_at, client_for, replying

TROUBLES: dict[str, tuple[Fault, ...]] = {
    "UnreachableError": (Fault.reset(), Fault.reset_midway()),
    "RateLimitedError": (Fault.rate_limited(),),
    "UnauthorizedError": (Fault.error("ID.1000"),),
    "SessionError": (Fault.error("ID.1001"),),
    "LockedError": (Fault.error("LOGIN_CONTROL.1002"), Fault.refused_address()),
    "ClockSkewError": (Fault.text(403, "requestTimeTooSkewed"),),
    "DeniedError": (Fault.error("ID.1002"), Fault.error("LICENSE.1000")),
    "UnsupportedError": (Fault.unsupported(),),
    "RejectedError": (Fault.error("SYS.1000"), Fault.text(400, "missing header")),
    "NotReadyError": (Fault.not_ready(), Fault.text(500)),
    "MalformedError": (Fault.html(200), Fault.html(502), Fault.truncated(), Fault.flood()),
    "TooLargeError": (Fault.oversize(2 << 20),),
    "UnreadableError": (Fault.without_uuid(rows=1000),),
    "IncompleteError": (Fault.wrong_total(), Fault.capped(1)),
}
ABSTRACT = {"ExchangeError", "PollError"}
OF_THE_CALLER = {"CredentialsError", "DeadlineError"}
"""No answer means that a secret cannot be read, or that the time for a poll is over."""
OF_MANY_POLLS = {"ContendedError"}


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        pytest.param(name, trouble, id=f"{name} by {trouble.kind}")
        for name, troubles in TROUBLES.items()
        for trouble in troubles
    ],
)
async def test_fault_is_an_error_of_its_own_class(name: str, trouble: Fault) -> None:
    cloud = Cloud(services=20, faults=[trouble])
    async with client_for(cloud, page_size=10, max_response_bytes=1 << 20) as fixture:
        error = await fixture.failure()

    assert type(error).__name__ == name
    assert str(error).isprintable()
    assert error.operation.name == QUERY


def test_every_class_has_its_fault() -> None:
    assert {kind.__name__ for kind in _kinds(ZStackError)} == {
        *TROUBLES, *ABSTRACT, *OF_THE_CALLER, *OF_MANY_POLLS,
    }  # fmt: skip


def test_reasons_are_those_that_dashboards_know() -> None:
    concrete = [kind for kind in _kinds(ZStackError) if kind.__name__ not in ABSTRACT]
    assert {kind.reason for kind in concrete} == {
        "unreachable", "timeout", "rate_limited", "unauthorized", "clock_skew", "denied",
        "unsupported", "rejected", "malformed", "too_large", "incomplete",
    }  # fmt: skip


def test_only_what_passes_by_itself_is_transient() -> None:
    assert {kind.__name__ for kind in _kinds(ZStackError) if kind.transient} == {
        "UnreachableError", "RateLimitedError", "NotReadyError", "MalformedError", "DeadlineError",
    }  # fmt: skip


def test_tree_is_drawn_as_it_is() -> None:
    drawn = errors.__doc__ or ""
    assert all(kind.__name__ in drawn for kind in _kinds(ZStackError))


def test_deadline_is_a_timeout() -> None:
    assert DeadlineError.reason == "timeout"


async def test_what_is_not_zstack_at_all_is_malformed() -> None:
    async with replying(b"SSH-2.0-OpenSSH_9.6\r\n") as server, client_at(server.url) as fixture:
        error = await fixture.failure()

    assert isinstance(error, errors.MalformedError)
    assert str(error).isprintable()


async def test_no_fault_is_no_error() -> None:
    async with client_for(Cloud(services=20)) as fixture:
        assert (await fixture.services()).total == 20


def _kinds(kind: type[ZStackError]) -> Iterator[type[ZStackError]]:
    """The classes below this one; other tests have some of their own."""
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            yield each
            yield from _kinds(each)
