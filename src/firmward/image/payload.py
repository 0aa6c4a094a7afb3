"""What a boot image's header says of the bytes behind it: how they are compressed and what they are for.

Most compressions show themselves by a magic, and the bytes are opened in turn. LZMA alone has none: where the header
names it, it is expanded here, whatever its properties.
"""

import lzma as decoder
from collections.abc import Mapping

from firmward.image import stream
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import Child
from firmward.image.source import Bytes, Source
from firmward.image.wrapper import lzma
from firmward.model.report import Role

LZMA = "lzma"

# "payload": what the header says it is, by U-Boot's short names.
ROLES: Mapping[str, Role] = {
    "kernel": Role.KERNEL,
    "kernel_noload": Role.KERNEL,
    "ramdisk": Role.INITRAMFS,
    "flat_dt": Role.DEVICE_TREE,
}

LOADERS = frozenset({"u-boot", "arm-trusted-firmware", "opensbi"})
"""What a header names as operating system when the payload is what comes before one."""


def role_of(kind: str, system: str | None) -> Role | None:
    """The role of a payload by its type and operating system; None when these leave it open."""
    if system in LOADERS and kind not in ("ramdisk", "flat_dt", "script", "standalone"):
        return Role.BOOT_LOADER
    return ROLES.get(kind)


def placed(source: Source, name: str, offset: int, size: int, kind: str, role: Role | None = None) -> Child:
    """A payload where it stands in its parent; what is missing of it is told."""
    window = source.slice(offset, size)
    if not window.size:
        reason = "is empty" if not size else f"begins at byte {offset}, past the end ({source.size} bytes)"
        return Child(name, None, offset, kind, reason, role)
    cut = f"cut off: {window.size} of {size} bytes are there" if window.size < size else None
    return Child(name, window, offset, kind, cut, role)


def opened(child: Child, compression: str | None, budget: Budget) -> Child:
    """The child, expanded when its compression would not be known by its first bytes."""
    source = child.source
    if compression != LZMA or source is None or lzma.measure(source):
        return child
    try:
        result = stream.expand(source, NAMED_LZMA, budget)
    except (Damaged, BudgetExceeded) as error:
        return Child(child.name, source, child.offset, child.kind, f"said to be LZMA: {error}", child.role)
    problem = "; ".join(filter(None, (child.problem, result.problem))) or None
    return Child(child.name, Bytes(result.data), None, child.kind, problem, child.role)


NAMED_LZMA = stream.Codec(
    lambda: decoder.LZMADecompressor(decoder.FORMAT_ALONE, memlimit=lzma.MEMORY),
    (decoder.LZMAError, EOFError),
    lambda _: False,
)
