"""The login, as the answers of the first poll show it."""

from collections.abc import Sequence

from exporter.settings import TargetSettings
from exporter.state.labels import sanitize_label
from exporter.zstack import LOG_IN, Exchange, ZStackError, errors

from .clock import CLOCK_SECONDS
from .finding import Finding, failed, failed_step, passed


def logged_in(target: TargetSettings, exchanges: Sequence[Exchange]) -> bool:
    """Whether an account's login has succeeded; other credentials need none."""
    if target.credentials.kind != "account":
        return True
    return any(each.operation is LOG_IN and each.succeeded for each in exchanges)


def login_ok(target: TargetSettings, exchanges: Sequence[Exchange]) -> Finding:
    """The credentials are accepted."""
    given = target.credentials
    match given.kind:
        case "access_key":
            return passed("login", f"access key {sanitize_label(given.identity or '')} is accepted")
        case "account":
            took = next(each.seconds for each in exchanges if each.operation is LOG_IN)
            return passed(
                "login", f"as {sanitize_label(given.identity or '')}, in {took * 1000:.0f} ms"
            )
        case "session":
            return passed("login", "the session is accepted; its owner must keep it alive")


def login_failed(target: TargetSettings, error: ZStackError) -> Finding:
    """The credentials are not accepted, or could not be tried."""
    match target.credentials.kind, error:
        case _, errors.LockedError(code="LOGIN_CONTROL.1002", seconds=seconds):
            hint = f"wait {seconds:.0f} s, or unlock the account; see who logs in with a wrong"
            return failed("login", str(error), f"{hint} password", error.code)
        case _, errors.UnauthorizedError(code="ID.2001"):
            hint = "use an access key, or an account without a second factor"
            # Its message is JSON for a browser.
            return failed("login", f"{error.code}: a second factor is asked for", hint, error.code)
        case "session", errors.SessionError():
            hint = "open another session, or use an access key, which does not end"
            return failed("login", str(error), hint, error.code)
        case "access_key", errors.UnauthorizedError():
            hint = "correct access_key_id and its secret; see on the platform that it is enabled"
            return failed("login", str(error), hint, error.code)
        case _:
            return failed_step("login", error)


def clock_skew(error: ZStackError, ahead: float | None) -> Finding:
    """By default ZStack compares the wall clock of an access key's date, and ignores its zone."""
    if ahead is None:
        return failed_step("login", error)
    if abs(ahead) >= CLOCK_SECONDS:
        hint = "set both clocks by NTP; if it stays, set time_zone to that of the platform"
    else:
        hint = (
            "set time_zone to that of the platform, such as Asia/Shanghai: the clocks agree, so it"
            " is the zone"
        )
    return failed("login", str(error), hint, error.code)
