"""The kernel as it goes into a FIT: packed by what U-Boot can open, or as it is where it opens itself.

The rules this file holds:

- An `Image` (arm64, riscv) is packed: of Debian's kernel for arm64, 33.0 MB, gzip leaves 11.3, LZ4 13.6, zstd 9.4. A
  zImage is packed already, and takes itself apart faster than U-Boot would.
- The policy's word is for the whole build. U-Boot knows no xz: where it is said, the kernel is packed by gzip, which
  every U-Boot opens.
- The same kernel gives the same bytes: no name and no time is kept. LZ4's blocks do not depend on each other, since
  U-Boot opens no others (lib/lz4_wrapper.c); zstd's frame tells its size.
- The hash in the FIT is over the packed bytes, so that nothing is unpacked that is not verified.
"""

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from firmward.formats import kernel_image
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

SIZE_LIMIT = 256 << 20
"""Bytes of a kernel as it is given."""
NONE = "none"
GZIP_LEVEL, LZ4_LEVEL, ZSTD_LEVEL = 9, 12, 19


@dataclass(frozen=True, slots=True)
class Kernel:
    """`compression` by U-Boot's word, `memory` the bytes that it takes when it starts, at least."""

    compression: str
    memory: int


def pack(kernel: Path, word: str, out: Path) -> Kernel:
    """Write the kernel as the FIT gets it. `word` is the policy's. Raises InputError for what is no kernel."""
    size = kernel.stat().st_size
    if size > SIZE_LIMIT:
        raise InputError(f"[build] kernel: {kernel} has {size} bytes, more than {SIZE_LIMIT}")
    with kernel.open("rb") as source, out.open("wb") as packed:
        found = _known(source, kernel, size)
        compression = ("gzip" if word == "xz" else word) if found.form == "image" else NONE
        source.seek(0)
        PACKERS[compression](source, packed)
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


def _plain(source: BinaryIO, out: BinaryIO) -> None:
    shutil.copyfileobj(source, out, 1 << 20)


def _gzip(source: BinaryIO, out: BinaryIO) -> None:
    with gzip.GzipFile("", "wb", GZIP_LEVEL, out, mtime=0) as stream:
        shutil.copyfileobj(source, stream, 1 << 20)


def _lz4(source: BinaryIO, out: BinaryIO) -> None:
    import lz4.frame  # type: ignore[import-untyped]

    out.write(
        lz4.frame.compress(
            source.read(), compression_level=LZ4_LEVEL, block_linked=False, block_size=lz4.frame.BLOCKSIZE_MAX4MB
        )
    )


def _zstd(source: BinaryIO, out: BinaryIO) -> None:
    import zstandard

    out.write(zstandard.ZstdCompressor(level=ZSTD_LEVEL, threads=0, write_content_size=True).compress(source.read()))


PACKERS: dict[str, Callable[[BinaryIO, BinaryIO], None]] = {NONE: _plain, "gzip": _gzip, "lz4": _lz4, "zstd": _zstd}
