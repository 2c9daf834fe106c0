"""The body of an answer: within a byte cap, unpacked, as UTF-8."""

import zlib
from typing import Final

import aiohttp

from .errors import MalformedError, Operation, Symptom, TooLargeError
from .worker import Worker

ACCEPT_ENCODING: Final = "gzip, deflate"
"""Sent as it is, even if the HTTP library could decode more codings on this machine."""

_UNPACKED_BY_HTTP: Final = frozenset({"", "identity", "gzip", "deflate"})
_X_GZIP: Final = "x-gzip"  # the same as gzip (RFC 9110, 8.4.1.3)
_OTHER_CODINGS: Final = frozenset({"br", "zstd", "compress", "x-compress"})
_GZIP_ONLY: Final = zlib.MAX_WBITS | 16
_MOST_MEMBERS: Final = 100
"""Gzip members in one body (RFC 1952, 2.2): each costs a copy of the bytes after it."""

_BOM: Final = b"\xef\xbb\xbf"
_MARK: Final = _BOM.decode()

_CHARSETS: Final = {
    name: name for name in ("gbk", "gb18030", "big5", "utf-16", "utf-16le", "utf-16be")
} | {"gb2312": "gb18030", "cp936": "gb18030"}
"""What a proxy in ZStack's home may rewrite an answer to, by the name in Content-Type.

JSON is UTF-8 (RFC 8259, 8.1), and servers that name a Western charset send UTF-8 all the same.
"""


async def read(
    operation: Operation, response: aiohttp.ClientResponse, limit: int, worker: Worker
) -> bytes:
    """The body. Raises TooLargeError where it has more bytes, packed or unpacked."""
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding not in _UNPACKED_BY_HTTP and coding != _X_GZIP:
        raise unrequested_coding(operation, coding)
    body = await _whole(operation, response, limit)
    if coding == _X_GZIP and body:
        body = await worker.run(_unzipped, operation, body, limit)
    if body.startswith(_BOM):
        del body[: len(_BOM)]
    charset = _charset(response)
    if charset is not None:
        return await worker.run(_as_utf_8, body, charset)
    return bytes(body)


async def _whole(operation: Operation, response: aiohttp.ClientResponse, limit: int) -> bytearray:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            response.close()
            raise _too_large(operation, limit)
    return body


def unrequested_coding(operation: Operation, coding: str) -> MalformedError:
    """The error of a content coding that was not requested; only known names are quoted."""
    name = coding if coding in _OTHER_CODINGS else "another coding"
    message = f"the answer is compressed by {name}, which was not asked for"
    return MalformedError(message, operation, symptom=Symptom.CODING)


def _too_large(operation: Operation, limit: int) -> TooLargeError:
    return TooLargeError(f"the answer has more than {limit} bytes", operation)


def _unzipped(operation: Operation, packed: bytearray, limit: int) -> bytearray:
    """Decompress all members, up to the cap."""
    body = bytearray()
    rest = bytes(packed)
    for _ in range(_MOST_MEMBERS):
        if not rest:
            return body
        member = zlib.decompressobj(_GZIP_ONLY)
        try:
            body += member.decompress(rest, limit + 1 - len(body))
        except zlib.error:
            raise undecodable_coding(operation) from None
        if len(body) > limit:
            raise _too_large(operation, limit)
        if not member.eof:
            raise undecodable_coding(operation)
        rest = member.unused_data
    raise undecodable_coding(operation)


def undecodable_coding(operation: Operation) -> MalformedError:
    """The error of a body that does not decompress."""
    return MalformedError("the answer is not packed as it says", operation)


def _charset(response: aiohttp.ClientResponse) -> str | None:
    """The codec to read the body with, where it is not UTF-8."""
    if "charset" not in response.headers.get("Content-Type", "").lower():
        return None
    return _CHARSETS.get((response.charset or "").lower().replace("_", "-"))


def _as_utf_8(body: bytearray, charset: str) -> bytes:
    """Transcode to UTF-8; return the body unchanged where Content-Type names a wrong charset."""
    try:
        return body.decode(charset).removeprefix(_MARK).encode()
    except UnicodeError:
        return bytes(body)
