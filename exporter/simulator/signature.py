"""Access keys: the signature of a request and the check of its clock."""

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta, timezone, tzinfo
from http import HTTPStatus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .accounts import Account
from .answers import Refusal
from .call import Call
from .cloud import Cloud

SKEW = timedelta(minutes=15)
_DATE = re.compile(r"(?P<day>[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d) (?P<zone>\S+)")
_OFFSET = re.compile(r"(?:GMT|UTC)?(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d)")
_ABBREVIATIONS = {"GMT": "UTC", "UTC": "UTC", "Z": "UTC", "CST": "America/Chicago"}
"""CST is Chicago to Java, even if a server in Shanghai means China by it."""


def signature(secret: str, method: str, date: str, path: str) -> str:
    """HMAC-SHA1 over three lines, Base64; `path` is decoded, without context and query."""
    message = f"{method}\n{date}\n{path}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, hashlib.sha1)).decode()


def signed_account(cloud: Cloud, call: Call, credentials: str) -> Account:
    """The account whose key signed this call; `credentials` is `id:signature`."""
    key_id, colon, given = credentials.partition(":")
    if not (key_id and colon and given) or ":" in given:
        raise Refusal(HTTPStatus.BAD_REQUEST, "accessKey format is 'ZStack AccessKeyId:Signature'")
    date = call.headers.get("date")
    if date is None:
        # sic: the platform spells it so
        raise Refusal(HTTPStatus.BAD_REQUEST, "'Date' must be incuded in request header")
    _check_clock(cloud, date)
    key = cloud.access_keys.get(key_id)
    if key is None or not key.enabled:
        message = f"access key id: {key_id} does not existed or disabled"
        raise Refusal(HTTPStatus.FORBIDDEN, message)
    if not hmac.compare_digest(
        signature(key.secret, call.method, date, call.path).encode(), given.encode()
    ):
        raise Refusal(HTTPStatus.FORBIDDEN, "wrong accessKey signature")
    return cloud.accounts[key.account]


def _check_clock(cloud: Cloud, date: str) -> None:
    stated = _parsed(date)
    server = datetime.fromtimestamp(cloud.now(), ZoneInfo(cloud.time_zone))
    if not cloud.check_time_zone:
        stated, server = stated.replace(tzinfo=None), server.replace(tzinfo=None)
    if abs(stated - server) > SKEW:
        raise Refusal(HTTPStatus.FORBIDDEN, "requestTimeTooSkewed")


def _parsed(date: str) -> datetime:
    """The date by Java's `EEE, dd MMM yyyy HH:mm:ss z`: two-digit day, true weekday, a zone."""
    match = _DATE.fullmatch(date)
    zone = _zone(match["zone"]) if match else None
    if match and zone:
        try:
            moment = datetime.strptime(match["day"], "%a, %d %b %Y %H:%M:%S").replace(tzinfo=zone)
        except ValueError:
            moment = None
        if moment and moment.strftime("%a") == match["day"][:3]:
            return moment
    raise Refusal(
        HTTPStatus.BAD_REQUEST,
        "'Date' format error, correct format is 'EEE, dd MMM yyyy HH:mm:ss z'",
    )


def _zone(name: str) -> tzinfo | None:
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
        return timezone(-offset if match["sign"] == "-" else offset)
    if name not in _ABBREVIATIONS and "/" not in name:
        return None
    try:
        return ZoneInfo(_ABBREVIATIONS.get(name, name))
    except (ZoneInfoNotFoundError, ValueError):
        return None
