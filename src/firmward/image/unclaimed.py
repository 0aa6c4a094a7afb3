"""Raw bytes between the parts that were found in them, and what these say."""

from collections.abc import Iterable, Iterator

from firmward.image import blob, carve, catalogue
from firmward.image.format import Child
from firmward.image.source import SNIFFED, Source


def is_dump(found: Iterable[carve.Found], source: Source) -> bool:
    """Whether raw bytes are a row of parts, and not a kernel or boot loader with parts inside.

    A kernel carries compressed streams, an initramfs and device trees, but neither disks nor other file systems.
    """
    embedded = {"cpio", "device-tree", *(kind.name for kind in catalogue.wrappers())}
    return any(one.kind.name not in embedded for one in found) or 2 * sum(one.size for one in found) > source.size


def between(found: tuple[carve.Found, ...], source: Source) -> Iterator[Child]:
    """What lies between the parts that were found and says what it is: a boot loader, a kernel without a header."""
    for start, window in _gaps([(one.offset, one.offset + one.size) for one in found], source) if found else ():
        content = blob.by_content(window)
        if content is not None:
            yield Child(f"{content.name}-{start:#x}", window, start)


def unexplained(found: tuple[carve.Found, ...], named: tuple[Child, ...], source: Source) -> Iterator[Child]:
    """What lies between all of these and is not blank."""
    known = [(one.offset, one.offset + one.size) for one in found]
    known += [(one.offset or 0, (one.offset or 0) + one.source.size) for one in named if one.source]
    for start, window in _gaps(sorted(known), source):
        if window.first_written(0) is not None:
            yield Child(f"rest-{start:#x}", window, start)


def _gaps(known: list[tuple[int, int]], source: Source) -> Iterator[tuple[int, Source]]:
    """Offset and bytes of what lies between these stretches, if it is large enough to hold anything."""
    position = 0
    for start, end in [*known, (source.size, source.size)]:
        if start - position > SNIFFED:
            yield position, source.slice(position, start - position)
        position = max(position, end)
