"""A system as a file system image, for containers to hold."""

from pathlib import Path

import pytest


@pytest.fixture
def system(rootfs: Path, tmp_path: Path, tool) -> bytes:
    tool("mksquashfs", rootfs, tmp_path / "root", "-quiet", "-no-progress")
    return (tmp_path / "root").read_bytes()
