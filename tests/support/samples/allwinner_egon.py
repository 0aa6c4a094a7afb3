from collections.abc import Iterator
from pathlib import Path

from rom import mkimage


def samples(folder: Path) -> Iterator[bytes]:
    yield mkimage(folder, "-T", "sunxi_egon", "-A", "arm", "-n", "sun50i-a64-pine64")
