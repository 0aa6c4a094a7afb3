"""GPT disks by sfdisk(8), which does not wait a second for the kernel to see them as sgdisk(8) does."""

from collections.abc import Iterable
from pathlib import Path

from pe_image import run

EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
SECTOR = 512


def gpt(image: Path, partitions: Iterable[tuple[str, int, int]], kind: str = LINUX) -> None:
    """Write the table into an image: name, first sector and size in bytes of each partition."""
    rows = (f'start={start},size={size // SECTOR},type={kind},name="{name}"\n' for name, start, size in partitions)
    run("sfdisk", "-q", image, feed="".join(("label: gpt\n", *rows)).encode())
