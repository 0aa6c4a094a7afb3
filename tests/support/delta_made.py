"""Deltas, and a device that reads them: what its running slot holds, and a place that has the blob."""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from firmward.formats.block_delta import HEAD_SIZE, MAGIC, Run
from firmward.model.errors import DeviceError
from firmward.signing.blocks import delta
from firmward.trust.place import Steps, WholeFilesError
from firmward.update.manifest import FULL, Blob, Payload, Source
from firmward.update.sources import blocks
from firmward.update.sources.source import Material


@dataclass
class Line:
    """A place with one file, whose line breaks after `breaks` bytes of an answer. Notes from where it was asked."""

    content: bytes
    breaks: int = 1 << 40
    knows_ranges: bool = True
    piece: int = 64 << 10
    asked: list[int] = field(default_factory=list)

    def read(self, path: Steps, limit: int) -> bytes | None:
        raise NotImplementedError

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        self.asked.append(offset)
        if offset and not self.knows_ranges:
            raise WholeFilesError("the server answers 200")
        end = min(len(self.content), offset + limit)
        for at in range(offset, end, self.piece):
            if at - offset >= self.breaks:
                raise DeviceError("the line broke")
            yield self.content[at : min(at + self.piece, end)]


@dataclass
class Held:
    """What the running slot holds. Notes how much was asked for at once at most."""

    content: bytes
    longest: int = 0

    def __call__(self, offset: int, length: int) -> bytes:
        self.longest = max(self.longest, length)
        return self.content[offset : offset + length]


def material(base: bytes, made: bytes, size: int, line: Line | None = None, blob_size: int | None = None) -> Material:
    """Of a delta that makes `size` bytes: digests are the installer's to compare."""
    blob = Blob(len(made) if blob_size is None else blob_size, hashlib.sha256(made).hexdigest())
    source = Source("blocks", blob, hashlib.sha256(base).hexdigest())
    payload = Payload("root", size, "0" * 64, (source, Source(FULL, Blob(size, "0" * 64))))
    return Material(payload, source, line or Line(made), Held(base))


def applied(base: bytes, made: bytes, size: int, offset: int = 0) -> bytes:
    return b"".join(blocks.opened(material(base, made, size)).pieces(offset))


def delta_of(base: bytes, target: bytes) -> bytes:
    made = delta(base, target, 1 << 40)
    assert made is not None
    return made


def plain(runs: Iterable[Run], chunks: Iterable[bytes]) -> bytes:
    """As nobody makes one: whatever is asked for, with an index that is not made smaller."""
    rows = [
        struct.pack("<IQI", run.length, (1 << 64) - 1 if run.offset is None else run.offset, run.crc) for run in runs
    ]
    parts = list(chunks)
    index = zlib.compress(b"".join((*rows, *(struct.pack("<I", len(one)) for one in parts))), 0)
    return struct.pack("<8sIII", MAGIC, len(rows), len(parts), len(index)) + index + b"".join(parts)


def stored_plain(made: bytes) -> bytes:
    """A delta with its index not made smaller, so that a changed byte of it changes what it says."""
    _, runs, chunks, stored = struct.unpack_from("<8sIII", made)
    index = zlib.compress(zlib.decompress(made[HEAD_SIZE : HEAD_SIZE + stored]), 0)
    return struct.pack("<8sIII", MAGIC, runs, chunks, len(index)) + index + made[HEAD_SIZE + stored :]
