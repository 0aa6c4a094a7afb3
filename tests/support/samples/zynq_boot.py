from collections.abc import Iterator
from pathlib import Path

from rom import xilinx


def samples(folder: Path) -> Iterator[bytes]:
    yield xilinx.zynq(folder)
    yield xilinx.zynqmp(folder)
    yield xilinx.partitions(folder)
