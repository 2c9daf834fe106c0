"""What the platform sends back: replies, errors in JSON, refusals in plain text.

Answer      what goes over the wire
Refusal     raised before the API layer: a status of its own and bare text
ApiError    raised by an API: always 503, with JSON
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import uuid4

from .inventory import Json, Profile
from .wire import html_safe_json, plain_json

_DESCRIPTIONS = {
    "SYS.1000": "An internal error happened in system",
    "SYS.1001": "A message or a operation timeout",
    "SYS.1006": "An operation failed",
    "SYS.1007": "One or more API argument is invalid",
    "SYS.1008": "Unknown message, no service can deal with the message",
    "SYS.1009": "No route for message",
    "SYS.1010": "Management server is not ready to serve",
    "SYS.1011": "The message can not be delivered by Rabbitmq",
    "SYS.1012": "The management node is unavailable",
    "SYS.1014": "The operation is not implemented or not supported yet",
    "SYS.1015": "Cannot make a HTTP request",
    "SYS.1016": "Cannot do an IO operation(e.g. network IO error, file IO error)",
    "ID.1000": "Unable to authenticate a user",
    "ID.1001": ("The session is invalid, either wrong session id or the session has been expired"),
    "ID.1002": "The user doesn't have permission to perform the operation",
    "ID.1005": "The user has to change initial password",
    "ID.1006": "Max number of active sessions exceeded",
    "ID.2001": "The user has to login by addition authentication",
    "LOGIN_CONTROL.1000": "The password has to be changed",
    "LOGIN_CONTROL.1002": "The identity is locked",
    "LOGIN_CONTROL.1003": "The captcha is wrong",
    "LOGIN_CONTROL.1004": "The request is refused",
    "LOGIN_CONTROL.1005": "The captcha is missing",
    "LICENSE.1000": "The license has expired",
}

_GLOBAL_CODES = {"ID.1001": "ORG_ZSTACK_IDENTITY_10020"}
"""What is known from the newest servers; the rest is made up (see `_global_code`)."""

_MODULES = {"ID": "IDENTITY", "SYS": "CORE"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body; `cut` is the number of bytes after which the connection is reset."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


class Refusal(Exception):  # noqa: N818 - no error: a way to answer
    """Refused before any API saw the request: 4xx or 500 with plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class ApiError(Exception):
    """An API that did not succeed."""

    def __init__(self, code: str, details: str | None = None, description: str = "") -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
        self.description = description or _DESCRIPTIONS.get(code, code)


def reply(members: dict[str, Json]) -> Answer:
    """A success: its members and nothing around them."""
    return Answer(HTTPStatus.OK, html_safe_json(members))


def text(status: int, message: str) -> Answer:
    """The bare message, neither JSON nor HTML."""
    return Answer(status, message.encode())


def html(status: int, title: str, server: str) -> Answer:
    """A page of something that is not the platform: a proxy, a servlet container."""
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>{server}</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    headers = {"Content-Type": "text/html", "Server": server}
    return Answer(status, body.encode(), headers)


def failure(error: ApiError, profile: Profile) -> Answer:
    """Always 503: ZStack 5.2.1 RestServer knows no other status for one."""
    members: dict[str, Json] = {"error": error_code(error, profile)}
    if profile == "5.5":
        members |= {
            "id": uuid4().hex,
            "success": "false",  # a string, unlike anywhere else
            "diagnostic": _diagnostic(error),
        }
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, plain_json(members))


def error_code(error: ApiError, profile: Profile) -> dict[str, Json]:
    """The ErrorCode object."""
    members: dict[str, Json] = {"code": error.code, "description": error.description}
    if error.details is not None:
        members["details"] = error.details
    if profile == "5.5":
        members["globalErrorCode"] = _global_code(error.code)
        members["message"] = error.details or error.description
    return members


def _global_code(code: str) -> str:
    """The known one, or one of 11000 and above.

    The numbers below are ZStack's own: 10006, 10007 and 10020 of IDENTITY mean a session that is
    missing or over, which no other code may suggest.
    """
    prefix, _, number = code.rpartition(".")
    module = _MODULES.get(prefix, prefix or "CORE")
    digits = int(number) if number.isdecimal() else 0
    return _GLOBAL_CODES.get(code, f"ORG_ZSTACK_{module}_{11_000 + digits % 1000}")


def _diagnostic(error: ApiError) -> dict[str, Json]:
    category, _, number = error.code.rpartition(".")
    return {
        "component": "Cloud",
        "category": category,
        "code": number.zfill(5),
        "message": error.details or error.description,
        "reviewed": False,
        "raw_message": {
            "symptom": error.description,
            "cause": error.details or "",
            "solution": "",
            "note": "",
        },
    }
