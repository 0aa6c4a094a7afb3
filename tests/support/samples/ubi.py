from collections.abc import Iterator
from pathlib import Path

from samples import made
from samples.ubifs import samples as file_systems

TABLE = """[root]
mode=ubi
image={image}
vol_id=0
vol_size={size}
vol_type=dynamic
vol_name=rootfs
[kernel]
mode=ubi
image={kernel}
vol_id=3
vol_type=static
vol_name=kernel
"""


def samples(folder: Path) -> Iterator[bytes]:
    image, kernel, table = folder / "fs", folder / "kernel", folder / "table"
    image.write_bytes(next(file_systems(folder)))
    kernel.write_bytes(bytes(range(256)) * 100)
    table.write_text(TABLE.format(image=image, kernel=kernel, size=200 * 15360))
    yield made(folder, ("ubinize", "-o", "OUT", "-p", "16KiB", "-m", "512", table))
    yield made(folder, ("ubinize", "-o", "OUT", "-p", "16KiB", "-m", "512", "-O", "512", "-Q", "7", table))
