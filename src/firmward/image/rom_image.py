"""From an image that a boot ROM reads to a format: what the header says, parts by their extents, sums and signatures.

A maker's module in `formats` reads; a file in `container/` says how it is recognised and asks `rom_format` for the
rest. What does not hold is the part's problem; whether anything is signed at all is for the checks.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Held, Read, RomImage
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.payload import placed
from firmward.image.source import Bytes, Source
from firmward.model.report import Role

Found = TypeVar("Found", bound=RomImage)

KIND = "boot-code"
"""What a payload is called that nothing identifies."""


def rom_format(
    name: str,
    magics: tuple[Magic, ...],
    parse: Callable[[Read, int], Found],
    verify: Callable[[Read, Found], tuple[Held, ...]],
    about: About,
    content: Callable[[Read, Found, Extent], bytes | None] | None = None,
    carve: bool = True,
) -> Format:
    """`parse` gets the size too; both raise Malformed. `content` gives a payload that does not stand as it is run, None
    for one that does."""

    def measure(source: Source) -> int | None:
        try:
            return min(parse(source.read, source.size).size, source.size)
        except Malformed:
            return None

    def open_image(source: Source, budget: Budget) -> Iterator[Child]:
        def read(offset: int, length: int) -> bytes:
            budget.check_time()
            return source.read(offset, length)

        try:
            found = parse(read, source.size)
        except Malformed as error:
            raise Damaged(str(error)) from error
        for extent in found.payloads:
            if extent.offset >= 0:
                yield _child(source, extent, content(read, found, extent) if content is not None else None)
        try:
            broken = [held.what for held in verify(read, found) if not held.holds]
        except Malformed as error:
            raise Damaged(str(error)) from error
        if broken:
            raise Damaged(f"does not hold: {', '.join(broken)}")

    return Format(name, magics, measure, open_image, about, carve)


def _child(source: Source, extent: Extent, content: bytes | None) -> Child:
    if content is None:
        return placed(source, extent.name, extent.offset, extent.size, KIND, Role.BOOT_LOADER)
    cut = f"cut off: {len(content)} of {extent.size} bytes are there" if len(content) < extent.size else None
    return Child(extent.name, Bytes(content) if content else None, None, KIND, cut, Role.BOOT_LOADER)
