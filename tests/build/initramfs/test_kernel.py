"""The release and the configuration of the kernel that an initramfs is made for."""

import gzip
from pathlib import Path

import pytest
from kernel_samples import vmlinux, zimage

from firmward.build.initramfs import kernel
from firmward.build.initramfs.tools import Source
from firmward.model.errors import InputError
from firmward.model.memory import MemoryTree

RELEASE = "6.1.55-yocto-standard"
OPTIONS = "".join(f"CONFIG_O{number}=y\n" for number in range(200))
MADE = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.1.55 Kernel Configuration\n#\n{OPTIONS}"
TREE = Source(
    MemoryTree({f"boot/config-{RELEASE}": MADE + "CONFIG_RD_XZ=y\n", "boot/config-5.10": "CONFIG_A=y\n"}), "t"
)


def image(folder: Path, content: bytes) -> Path:
    (folder / "Image").write_bytes(content)
    return folder / "Image"


def test_a_compressed_kernel_says_its_release(tmp_path: Path) -> None:
    packed = zimage(gzip.compress(vmlinux(None), mtime=0))
    assert kernel.read(image(tmp_path, packed)) == kernel.Kernel(RELEASE)


def test_its_own_configuration_counts_before_a_file(tmp_path: Path) -> None:
    packed = zimage(gzip.compress(vmlinux((MADE + "CONFIG_RD_XZ=m\n").encode()), mtime=0))
    found = kernel.read(image(tmp_path, packed), (TREE,))
    assert (found.setting("RD_XZ"), found.setting("RD_GZIP")) == ("m", "n")


def test_the_file_of_its_release_counts_where_it_has_none(tmp_path: Path) -> None:
    path = image(tmp_path, zimage(gzip.compress(vmlinux(None), mtime=0)))
    assert kernel.read(path, (Source(MemoryTree({}), "empty"), TREE)).setting("RD_XZ") == "y"
    assert kernel.read(path).setting("RD_XZ") is None


def test_a_defconfig_says_nothing_of_what_it_leaves_out(tmp_path: Path) -> None:
    few = Source(MemoryTree({f"boot/config-{RELEASE}": "CONFIG_RD_XZ=y\n"}), "t")
    assert kernel.read(image(tmp_path, zimage(gzip.compress(vmlinux(None), mtime=0))), (few,)).settings is None


def test_what_is_no_kernel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no Linux kernel"):
        kernel.read(image(tmp_path, b"no kernel" * 1000))
