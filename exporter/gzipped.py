"""Text kept compressed in blocks that join into one gzip member (RFC 1952).

Each block is raw deflate that ends on a byte boundary and refers to nothing before it (a full
flush), so blocks can be kept, put in any order and joined without being compressed again; the
checksum of the whole follows from theirs.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from isal import igzip_lib, isal_zlib

_LEVEL: Final = 1
_RAW: Final = -15
"""The window bits that mean deflate without a header."""

_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_PIECE: Final = 96 * 1024

_FINAL_BLOCK: Final = b"\x03\x00"
"""An empty last block, which a stream of flushed blocks still lacks."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Block:
    """A piece of text, compressed; `crc` and `size` are of the text."""

    deflated: bytes
    crc: int
    size: int

    @classmethod
    def of(cls, text: bytes) -> Self:
        compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
        deflated = compressor.compress(text) + compressor.flush(isal_zlib.Z_FULL_FLUSH)
        return cls(deflated, isal_zlib.crc32(text), len(text))

    def text(self) -> bytes:
        return b"".join(self.texts())

    def texts(self) -> Iterator[bytes]:
        """The text in pieces: memory for all of it at once takes as long to come by as its text."""
        inflating = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)
        piece = inflating.decompress(self.deflated, _PIECE)
        while piece:
            yield piece
            piece = inflating.decompress(b"", _PIECE)


def gzip_member(blocks: Iterable[Block]) -> Iterator[bytes]:
    """One standard gzip member, piece by piece."""
    yield _HEADER
    crc = size = 0
    for block in blocks:
        yield block.deflated
        crc = isal_zlib.crc32_combine(crc, block.crc, block.size)
        size += block.size
    yield _FINAL_BLOCK + struct.pack("<II", crc, size & 0xFFFFFFFF)
