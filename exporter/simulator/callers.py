"""Who calls, by the header of the request, and whether they may."""

from collections.abc import Callable
from http import HTTPStatus

from . import login
from .accounts import Account
from .answers import ApiError, Refusal
from .call import Call
from .cloud import Cloud
from .signature import signed_account


def caller(cloud: Cloud, call: Call) -> Callable[[], Account]:
    """Read the header now, look the session up later: grammar is checked in between."""
    authorization = call.headers.get("authorization")
    if authorization is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "missing header 'Authorization'")
    if authorization.startswith("OAuth"):
        uuid = authorization.removeprefix("OAuth").strip()
        return lambda: permitted(login.use(cloud, uuid).account, call.operation)
    if authorization.startswith("ZStack"):
        account = signed_account(cloud, call, authorization.removeprefix("ZStack").strip())
        return lambda: permitted(account, call.operation)
    raise Refusal(HTTPStatus.BAD_REQUEST, "Authorization type must be 'OAuth'")


def permitted(account: Account, operation: str) -> Account:
    """The account, if its policies do not deny it the operation; up to 5.5 no code is for that."""
    if operation in account.denied:
        api = f"org.zstack.ai.message.API{operation}Msg"
        raise ApiError("SYS.1006", f"operation[API:{api}] is denied by default")
    return account
