"""A U-Boot that is packed for the loader before it: the opener gives the bytes that tell its commands."""

import gzip
import lzma
import subprocess
from pathlib import Path

import pytest
from uboot_made import COMMANDS, SHAPES, made

from firmward.formats import uboot_binary
from firmward.formats.uboot_commands import Commands
from firmward.image.opening import open_image

BINARY = made(SHAPES["arm"])


def told(path: Path) -> list[frozenset[str]]:
    """The commands of every part that is a U-Boot with some."""
    found = []
    for source in open_image(path).sources.values():
        data = source.read(0, 1 << 22)
        parsed = uboot_binary.parse(data) if uboot_binary.may_be(data) else None
        if parsed is not None and isinstance(parsed.commands, Commands):
            found.append(parsed.commands.main.names)
    return found


@pytest.mark.parametrize("compression", ["none", "gzip", "lzma"])
def test_commands_within_a_legacy_image(compression: str, tmp_path: Path) -> None:
    packed = {"none": BINARY, "gzip": gzip.compress(BINARY), "lzma": lzma.compress(BINARY, lzma.FORMAT_ALONE)}
    (tmp_path / "data").write_bytes(packed[compression])
    command = ["mkimage", "-A", "arm", "-O", "u-boot", "-T", "firmware", "-C", compression, "-n", "loader"]
    subprocess.run([*command, "-d", "data", "image"], cwd=tmp_path, check=True, capture_output=True)
    assert frozenset(COMMANDS) in told(tmp_path / "image")


def test_commands_within_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(gzip.compress(BINARY))
    assert told(tmp_path / "image") == [frozenset(COMMANDS)]
