"""Sessions: how they are opened, kept alive and closed, and why a login fails."""

import json
from typing import Any

from .accounts import Account, Session
from .answers import ApiError
from .cloud import Cloud
from .inventory import Json


def log_in(cloud: Cloud, parameters: dict[str, Any]) -> Session:
    """A session for the account; `password` is the SHA-512 of the password in lowercase hex."""
    name, digest = parameters.get("accountName"), parameters.get("password")
    if not isinstance(name, str) or not isinstance(digest, str):
        missing = "password" if isinstance(name, str) else "accountName"
        raise ApiError(
            "SYS.1007", f"field[{missing}] of message[APILogInByAccountMsg] is mandatory"
        )
    _refuse_if_locked(cloud, name)
    try:
        account = _authenticated(cloud, name, digest, parameters)
    except ApiError:
        _count_failure(cloud, name)
        raise
    cloud.failed_logins.pop(name, None)
    return _opened(cloud, account)


def use(cloud: Cloud, uuid: str) -> Session:
    """The session, its life prolonged by the whole timeout."""
    session = cloud.sessions.get(uuid)
    if session is None or session.expires <= cloud.now():
        cloud.sessions.pop(uuid, None)
        raise ApiError("ID.1001", "Session expired")
    session.expires = cloud.now() + cloud.session_timeout
    return session


def is_valid(cloud: Cloud, uuid: str) -> bool:
    """Whether the session lives; asking does not prolong it."""
    session = cloud.sessions.get(uuid)
    return session is not None and session.expires > cloud.now()


def session_inventory(cloud: Cloud, session: Session) -> dict[str, Json]:
    """The session as replies show it."""
    return {
        "uuid": session.uuid,
        "accountUuid": session.account.uuid,
        "userUuid": session.account.uuid,
        "expiredDate": cloud.date(session.expires),
        "createDate": cloud.date(session.created),
        "noSessionEvaluation": False,
    }


def _refuse_if_locked(cloud: Cloud, name: str) -> None:
    remaining = cloud.locked_until.get(name, 0.0) - cloud.now()
    if remaining > 0:
        raise ApiError(
            "LOGIN_CONTROL.1002",
            f"the identity[{name}] is locked, remaining time: {max(1, round(remaining))} seconds",
        )
    if cloud.locked_until.pop(name, None) is not None:
        cloud.failed_logins.pop(name, None)


def _authenticated(cloud: Cloud, name: str, digest: str, parameters: dict[str, Any]) -> Account:
    _check_captcha(cloud, name, parameters)
    account = cloud.accounts.get(name)
    if account is None or not account.accepts(digest):
        raise ApiError("ID.1000", "wrong account name or password")
    if cloud.two_factor:
        # the details of this one are JSON in a string
        details = {"authentications": ["TwoFactor"], "resourceUuid": account.uuid}
        raise ApiError("ID.2001", json.dumps(details))
    return account


def _check_captcha(cloud: Cloud, name: str, parameters: dict[str, Any]) -> None:
    if cloud.captcha is None or cloud.failed_logins[name] < cloud.captcha_after:
        return
    given = (parameters.get("captchaUuid"), parameters.get("verifyCode"))
    if None in given:
        raise ApiError("LOGIN_CONTROL.1005", "captcha is required")
    if given != cloud.captcha:
        raise ApiError("LOGIN_CONTROL.1003", "captcha does not match")


def _count_failure(cloud: Cloud, name: str) -> None:
    cloud.failed_logins[name] += 1
    if cloud.lock_after is not None and cloud.failed_logins[name] >= cloud.lock_after:
        cloud.locked_until[name] = cloud.now() + cloud.lock_seconds


def _opened(cloud: Cloud, account: Account) -> Session:
    now = cloud.now()
    for uuid in [each.uuid for each in cloud.sessions.values() if each.expires <= now]:
        del cloud.sessions[uuid]
    mine = [each.uuid for each in cloud.sessions.values() if each.account.uuid == account.uuid]
    if cloud.unique_session:
        for uuid in mine:
            del cloud.sessions[uuid]
    elif len(mine) >= cloud.max_sessions:
        raise ApiError(
            "ID.1006",
            f"Login sessions hit limit of max allowed concurrent login sessions, max allowed: "
            f"{cloud.max_sessions}",
        )
    session = Session(account, created=now, expires=now + cloud.session_timeout)
    cloud.sessions[session.uuid] = session
    return session
