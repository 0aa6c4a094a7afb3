"""The kernel as it goes into a FIT: packed by gzip, or as it is where it opens itself.

The rules this file holds:

- An `Image` (arm64, riscv) is packed. Of Debian's kernel for arm64, 33.0 MB, gzip leaves 11.3, LZ4 13.6, zstd 9.4.
  Under QEMU's TCG U-Boot comes from the command to the start of the kernel in 0.9 s with gzip, 1.0 with LZ4 and 2.3
  unpacked, since what is smaller is hashed and copied faster. Every U-Boot opens gzip; for the others it has to be told
  when it is built, and Debian's own stops at zstd.
- A zImage is packed already, and takes itself apart.
- The same kernel gives the same bytes: no name and no time is kept.
- The hash in the FIT is over the packed bytes, so that nothing is unpacked that is not verified.
"""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from firmward.formats import kernel_image
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

SIZE_LIMIT = 256 << 20
"""Bytes of a kernel as it is given."""
NONE, GZIP = "none", "gzip"
LEVEL = 7
"""Of Debian's kernel 9 makes 11,257 kB in 3.2 seconds and 7 makes 11,259 in 1.2."""
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Kernel:
    """`compression` by U-Boot's word, `memory` the bytes that it takes when it starts, at least."""

    compression: str
    memory: int


def pack(kernel: Path, out: Path) -> Kernel:
    """Write the kernel as the FIT gets it. Raises InputError for what U-Boot does not start."""
    size = kernel.stat().st_size
    if size > SIZE_LIMIT:
        raise InputError(f"[build] kernel: {kernel} has {size} bytes, more than {SIZE_LIMIT}")
    with kernel.open("rb") as source, out.open("wb") as packed:
        found = _known(source, kernel, size)
        compression = GZIP if found.form == "image" else NONE
        source.seek(0)
        if compression == GZIP:
            with gzip.GzipFile("", "wb", LEVEL, packed, mtime=0) as stream:
                shutil.copyfileobj(source, stream, PIECE)
        else:
            shutil.copyfileobj(source, packed, PIECE)
    return Kernel(compression, max(size, found.size or 0))


def _known(source: BinaryIO, kernel: Path, size: int) -> kernel_image.KernelImage:
    def read(offset: int, length: int) -> bytes:
        source.seek(offset)
        return source.read(length)

    try:
        found = kernel_image.parse(read, size)
    except Malformed as error:
        raise InputError(f"[build] kernel: {kernel}: {error}") from error
    if found.form not in ("image", "zimage"):
        raise InputError(f"[build] kernel: {kernel} is of form {found.form}; U-Boot starts an Image or a zImage")
    return found
