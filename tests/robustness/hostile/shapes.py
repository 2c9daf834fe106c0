"""Requests that are no plain requests, and what is to become of each.

A shape is followed by SMUGGLED, the request that must not be answered.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Self

SMUGGLED: Final = b"GET /-/ready HTTP/1.1\r\nHost: here\r\n\r\n"

_GET: Final = b"GET /-/healthy HTTP/1.1\r\nHost: here\r\n"
_CHUNKED: Final = _GET + b"Transfer-Encoding: chunked\r\n\r\n"
_END: Final = b"0\r\n\r\n"
_SIZE: Final = len(SMUGGLED)


class Due(Enum):
    """What is to become of a shape and of the request behind it."""

    REFUSED = "one answer, of an error, and the end of the connection"
    LAST = "one answer, of any kind, and the end of the connection"
    IN_BODY = "one answer, for the request behind it is in its body; then others may be asked"
    WAITING = "one answer, and nothing else: its body has not ended"
    TWO = "two answers, for it is a plain request"


@dataclass(frozen=True)
class Shape:
    """`status` is that of the first answer."""

    name: str
    sent: bytes
    due: Due
    status: int

    def with_due(self, due: Due, status: int) -> Self:
        return replace(self, due=due, status=status)


def _refused(name: str, sent: bytes, status: int = 400) -> Shape:
    return Shape(name, sent, Due.REFUSED, status)


def _with(header: bytes, *, end: bytes = _END) -> bytes:
    return _GET + header + b"\r\n\r\n" + end


LENGTHS: Final = (
    _refused(
        "both lengths, chunked last", _with(b"Content-Length: 5\r\nTransfer-Encoding: chunked")
    ),
    _refused(
        "both lengths, chunked first",
        _with(b"Transfer-Encoding: chunked\r\nContent-Length: %d" % (len(_END) + _SIZE)),
    ),
    _refused("two lengths", _with(b"Content-Length: 0\r\nContent-Length: %d" % _SIZE, end=b"")),
    _refused("two equal lengths", _with(b"Content-Length: 0\r\nContent-Length: 0", end=b"")),
    *(
        _refused(f"length {value!r}", _with(b"Content-Length: " + value, end=b""))
        for value in (b"0, 0", b"+0", b"-1", b"0x0", b"1_0", b"", b"1 0", "\u0663".encode(), b"0;")
    ),
    _refused("length beyond 64 bits", _with(b"Content-Length: 9" + b"9" * 25, end=b"")),
    _refused("length, space, colon", _with(b"Content-Length : %d" % _SIZE, end=b"")),
    _refused("length, folded", _with(b"Content-Length:\r\n %d" % _SIZE, end=b"")),
    _refused("length, NUL", _with(b"Content-Length: 0\0", end=b"")),
)

CODINGS: Final = (
    *(
        _refused(f"coding {value!r}", _with(b"Transfer-Encoding: " + value))
        for value in (
            b"xchunked",
            b"chunked, identity",
            b"identity",
            b"gzip, chunked",
            b"chunked, chunked",
            b"",
            b'"chunked"',
            b"\x0bchunked",
            b"chunked\x0b",
            b"chunked;q=1",
            b"chunk ed",
            b"chunked\xa0",
        )
    ),
    _refused("coding twice", _with(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity")),
    _refused("coding, space, colon", _with(b"Transfer-Encoding : chunked")),
    _refused("coding, tab, colon", _with(b"Transfer-Encoding\t: chunked")),
    _refused("coding, folded", _with(b"Transfer-Encoding:\r\n chunked")),
    _refused("coding behind a bare LF", _with(b"X: y\nTransfer-Encoding: chunked")),
    _refused("coding behind a bare CR", _with(b"X: y\rTransfer-Encoding: chunked")),
    _refused("coding in an underscore", _with(b"Transfer_Encoding: chunked")),
    _refused(
        "coding in HTTP/1.0",
        b"GET /-/healthy HTTP/1.0\r\nHost: here\r\nConnection: keep-alive\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + _END,
    ),
)

CHUNKS: Final = (
    *(
        _refused(f"chunk of {size!r}", _CHUNKED + size + b"\r\n\r\n")
        for size in (b"0x0", b"-1", b"+0", b"0_0", b"zz", b"", b"0 ", b" 0", b"\0", b"f" * 17)
    ),
    _refused("chunk with a bare LF", _CHUNKED + b"0\n\n"),
    _refused("chunks with bare LFs", _CHUNKED + b"1\nx\n0\n\n"),
    _refused("chunk with an LF in its extension", _CHUNKED + b"0;a\nb\r\n\r\n"),
    _refused("chunk that is longer than its size", _CHUNKED + b"1\r\nxx0\r\n\r\n"),
    _refused("chunk with a length behind", _CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n"),
)

LINES: Final = (
    _refused("bare LF", b"GET /-/healthy HTTP/1.1\nHost: here\n\n"),
    _refused("one bare LF", b"GET /-/healthy HTTP/1.1\r\nHost: here\nX: y\r\n\r\n"),
    _refused("bare CR", b"GET /-/healthy HTTP/1.1\r\nHost: here\rX: y\r\n\r\n"),
    _refused("space before the colon", _GET + b"X : y\r\n\r\n"),
    _refused("folded", _GET + b"X: y\r\n z\r\n\r\n"),
    _refused("folded first", b"GET /-/healthy HTTP/1.1\r\n Host: here\r\n\r\n"),
    _refused("NUL in a value", _GET + b"X: a\0b\r\n\r\n"),
    _refused("NUL in a name", _GET + b"X\0Y: ab\r\n\r\n"),
    _refused("NUL in the path", b"GET /-/healthy\0 HTTP/1.1\r\nHost: here\r\n\r\n"),
    _refused("no colon", _GET + b"Xyz\r\n\r\n"),
    _refused("no name", _GET + b": y\r\n\r\n"),
    _refused("tabs", b"GET\t/-/healthy\tHTTP/1.1\r\nHost: here\r\n\r\n"),
    _refused("a word too many", b"GET /-/healthy there HTTP/1.1\r\nHost: here\r\n\r\n"),
)

HOSTS: Final = (
    _refused("no host", b"GET /-/healthy HTTP/1.1\r\n\r\n"),
    _refused("two hosts", _GET + b"Host: there\r\n\r\n"),
    *(
        _refused(f"host {host!r}", b"GET /-/healthy HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        for host in (
            b"a b",
            b"a/b",
            b"u@a",
            b"a:b",
            b"a?b",
            b"<a>",
            b"[::1",
            b"a%zz",
            b"a,b c",
            b"\xff",
        )
    ),
    *(
        Shape(
            f"host {host!r}",
            b"GET /-/healthy HTTP/1.1\r\nHost: " + host + b"\r\n\r\n",
            Due.TWO,
            200,
        )
        for host in (b"", b"a", b"a.b.:10521", b"[::1]:10521", b"10.0.0.1", b"a_b%20")
    ),
)

TARGETS: Final = (
    Shape("absolute", b"GET http://evil/-/healthy HTTP/1.1\r\nHost: here\r\n\r\n", Due.TWO, 200),
    Shape("absolute, elsewhere", b"GET http://evil/a HTTP/1.1\r\nHost: here\r\n\r\n", Due.TWO, 404),
    _refused("a port that is none", b"GET http://evil:99999999/ HTTP/1.1\r\nHost: here\r\n\r\n"),
    _refused("an authority", b"GET evil:80 HTTP/1.1\r\nHost: here\r\n\r\n"),
    _refused("an asterisk", b"GET * HTTP/1.1\r\nHost: here\r\n\r\n"),
    Shape("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n", Due.TWO, 404),
    Shape("CONNECT", b"CONNECT evil:80 HTTP/1.1\r\nHost: here\r\n\r\n", Due.TWO, 404),
)

VERSIONS: Final = (
    _refused("HTTP/0.9", b"GET /-/healthy\r\n"),
    _refused("HTTP/0.9, named", b"GET /-/healthy HTTP/0.9\r\nHost: here\r\n\r\n"),
    _refused("HTTP/1.2", b"GET /-/healthy HTTP/1.2\r\nHost: here\r\n\r\n"),
    _refused("HTTP/1.10", b"GET /-/healthy HTTP/1.10\r\nHost: here\r\n\r\n"),
    _refused("HTTP/11", b"GET /-/healthy HTTP/11\r\nHost: here\r\n\r\n"),
    _refused("HTTP/2.0", b"GET /-/healthy HTTP/2.0\r\nHost: here\r\n\r\n"),
    _refused("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    _refused("another protocol", b"GET /-/healthy ICY/1.1\r\nHost: here\r\n\r\n"),
    Shape("HTTP/1.0 and another", b"GET /-/healthy HTTP/1.0\r\n\r\n", Due.LAST, 200),
    _refused("TLS", bytes.fromhex("1603010200010001fc0303") + b"\r\n\r\n"),
)

BODIES: Final = (
    Shape("in a body", _GET + b"Content-Length: %d\r\n\r\n" % _SIZE, Due.IN_BODY, 200),
    Shape(
        "in a body of a POST",
        b"POST /-/healthy HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % _SIZE,
        Due.IN_BODY,
        405,
    ),
    Shape("in a body that goes on", _GET + b"Content-Length: 100000\r\n\r\n", Due.WAITING, 200),
    Shape("in a chunk that goes on", _CHUNKED + b"fffff\r\n", Due.WAITING, 200),
    Shape("in a trailer", _CHUNKED + b"0\r\nX: ", Due.WAITING, 200),
    _refused("in a header, with its own host behind it", _GET + b"X: "),
    Shape(
        "packed, which it is not",
        _GET + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        Due.TWO,
        200,
    ),
)

PLAIN: Final = (
    Shape("plain", _GET + b"\r\n", Due.TWO, 200),
    Shape("an empty line first", b"\r\n" + _GET + b"\r\n", Due.TWO, 200),
    Shape("an empty body", _GET + b"Content-Length: 0\r\n\r\n", Due.TWO, 200),
    Shape("an empty body in a chunk", _CHUNKED + _END, Due.TWO, 200),
    Shape("shouted", _GET + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + _END, Due.TWO, 200),
)

SHAPES: Final = (
    *LENGTHS,
    *CODINGS,
    *CHUNKS,
    *LINES,
    *HOSTS,
    *TARGETS,
    *VERSIONS,
    *BODIES,
    *PLAIN,
)

IN_PYTHON: Final = {
    "length beyond 64 bits": (Due.WAITING, 200),
    f"chunk of {b'f' * 17!r}": (Due.WAITING, 200),
    "chunk with a length behind": (Due.TWO, 200),
    "CONNECT": (Due.WAITING, 404),
}
"""What becomes of these by aiohttp's parser in Python, which it falls back on."""
