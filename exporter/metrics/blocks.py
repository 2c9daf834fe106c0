"""Text kept compressed in blocks that join into one gzip member (RFC 1952).

Each block is raw deflate that ends on a byte boundary and refers to nothing before it (a full
flush), so blocks can be kept, put in any order and joined without being compressed again; the
checksum of the whole follows from theirs. Small ones are compressed only where they are joined:
one by one they hardly get smaller, and to compress sixteen lines takes less time than to combine
their checksums.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Final, Self

from isal import igzip_lib, isal_zlib

_LEVEL: Final = 1
_RAW: Final = -15
"""The window bits that mean deflate without a header."""

_STORED_UP_TO: Final = 512
"""Bytes of a text that is kept in its block as it is, until it is joined with its neighbours."""

_STORED: Final = struct.Struct("<BHH")
"""What stands before such a text: the kind of block, its length and the length's complement."""

_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_PIECE: Final = 96 * 1024

_SMALL: Final = 2048
"""Bytes below which a piece is copied into one with its neighbours."""

_FINAL_BLOCK: Final = b"\x03\x00"
"""An empty last block, which a stream of flushed blocks still lacks."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A piece of text, compressed or stored; `crc` and `size` are of the text.

    `key` is the digest of what the text was made from; empty if the block is not reused. `samples`
    counts the lines of records, and is 0 for any other text.
    """

    deflated: bytes
    crc: int
    size: int
    key: bytes = b""
    samples: int = 0

    @classmethod
    def compressed(cls, *texts: bytes | memoryview, key: bytes = b"", samples: int = 0) -> Self:
        """A block of these texts, one after the other; stored if they are small."""
        if sum(map(len, texts)) <= _STORED_UP_TO:
            return cls._stored(b"".join(texts), key, samples)
        compressor = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW)
        deflated = [*map(compressor.compress, texts), compressor.flush(isal_zlib.Z_FULL_FLUSH)]
        crc = size = 0
        for text in texts:
            crc = isal_zlib.crc32(text, crc)
            size += len(text)
        return cls(b"".join(deflated), crc, size, key, samples)

    @classmethod
    def _stored(cls, text: bytes, key: bytes, samples: int) -> Self:
        head = _STORED.pack(0, len(text), len(text) ^ 0xFFFF)
        return cls(head + text, isal_zlib.crc32(text), len(text), key, samples)

    def text(self) -> bytes:
        if self.size <= _STORED_UP_TO:
            return self.deflated[_STORED.size :]
        return b"".join(_inflated((self.deflated,), self.size))


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Blocks one after the other, joined: `crc` and `size` are of all their text.

    Small texts side by side are compressed together. Small pieces are copied into some that are
    worth a system call; a large one is not copied.
    """

    pieces: tuple[bytes, ...]
    crc: int
    size: int

    @classmethod
    def of(cls, blocks: Sequence[Block]) -> Self:
        blocks = [*_compressed_together(blocks)]
        return cls._joined(blocks, [block.deflated for block in blocks])

    @classmethod
    def joined(cls, runs: "Sequence[Run]") -> Self:
        return cls._joined(runs, [*chain.from_iterable(run.pieces for run in runs)])

    @classmethod
    def _joined(cls, parts: "Iterable[Block | Run]", pieces: Sequence[bytes]) -> Self:
        combine = isal_zlib.crc32_combine
        crc = size = 0
        for part in parts:
            crc = combine(crc, part.crc, part.size)
            size += part.size
        return cls(tuple(_copied_together(pieces)), crc, size)

    def texts(self) -> Iterator[bytes]:
        """The text in pieces: to allocate memory for all at once takes as long as to inflate it."""
        return _inflated(self.pieces)


def gzip_member(run: Run) -> Iterator[bytes]:
    """One standard gzip member, piece by piece."""
    yield _HEADER
    yield from run.pieces
    yield _FINAL_BLOCK + struct.pack("<II", run.crc, run.size & 0xFFFFFFFF)


def _inflated(pieces: Iterable[bytes], most: int = _PIECE) -> Iterator[bytes]:
    """The text in pieces of `most` bytes at most."""
    inflating = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)
    for piece in pieces:
        text = inflating.decompress(piece, most)
        while text:
            yield text
            text = inflating.decompress(b"", most)


def _compressed_together(blocks: Iterable[Block]) -> Iterator[Block]:
    for is_small, group in groupby(blocks, lambda block: block.size <= _STORED_UP_TO):
        some = [*group]
        if is_small and len(some) > 1:
            texts = [block.deflated[_STORED.size :] for block in some]
            yield Block.compressed(b"".join(texts))
        else:
            yield from some


def _copied_together(pieces: Sequence[bytes]) -> Iterator[bytes]:
    for is_small, some in groupby(pieces, lambda piece: len(piece) < _SMALL):
        if is_small:
            yield b"".join(some)
        else:
            yield from some
