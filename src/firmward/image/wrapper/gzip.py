"""gzip (RFC 1952): one or more members, each with a header that may hold the file's name."""

from collections.abc import Iterator

from firmward.image import inflate, stream
from firmward.image.budget import Budget
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source

HEADER_LIMIT = 70 << 10
"""Bytes a member's header may take: an extra field (64 KiB), a name and a comment."""

PROBE = 8 << 10
"""Compressed bytes tried, since three bytes of magic alone are too common."""

EXTRA, NAME, COMMENT, CHECKSUM = 4, 8, 16, 2
RESERVED = 0xE0


def _begins(head: bytes) -> bool:
    """Method deflate, no reserved flag."""
    return head[:3] == b"\x1f\x8b\x08" and len(head) > 9 and not head[3] & RESERVED


CODEC = stream.Codec(lambda: stream.Inflate(inflate.GZIP), inflate.ERRORS, _begins)


def measure(source: Source) -> int | None:
    head = source.read(0, PROBE)  # no more: three bytes of magic are met often
    if not _begins(head):
        return None
    try:
        probe = inflate.inflater(inflate.GZIP)
        tried = probe.decompress(head, 1)
    except inflate.ERRORS:
        return None
    return source.size if tried or probe.eof or len(head) < PROBE or head[3] & EXTRA else None


def stored_name(head: bytes) -> str | None:
    """The file name in a member's header; None when there is none or it is not text."""
    if not head[3] & NAME:
        return None
    start = 10
    if head[3] & EXTRA:
        start += 2 + int.from_bytes(head[start : start + 2], "little")
    name = head[start : head.find(b"\0", start)].rpartition(b"/")[2].decode("latin-1")
    return name if name.isprintable() and name not in ("", ".", "..") else None


def open_gzip(source: Source, budget: Budget) -> Iterator[Child]:
    name = stored_name(source.read(0, HEADER_LIMIT)) or "content"
    yield from stream.child(name, stream.expand(source, CODEC, budget), source)


def end(source: Source, budget: Budget) -> int:
    return stream.length(source, CODEC, budget)


ABOUT = About(
    title="gzip",
    reads="Concatenated members, the stored name.",
    limits="A damaged member gives what came before.",
    witness="gzip",
)

FORMAT = Format("gzip", (Magic(b"\x1f\x8b\x08"),), measure, open_gzip, ABOUT, end=end)
