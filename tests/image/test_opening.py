"""What an image opens to: parts, roles, roots, and which of them are the same."""

import gzip
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from firmward.image.budget import Limits
from firmward.image.opening import Image, open_image
from firmward.model.errors import InputError
from firmward.model.report import Part, Role

Open = Callable[[bytes], Image]


def parts(image: Image) -> dict[str, Part]:
    return {part.id: part for part in image.parts}


@pytest.fixture
def archive(rootfs: Path, tool) -> bytes:
    return bytes(tool("tar", "--sort=name", "-c", "-C", rootfs, "."))


@pytest.fixture
def squashfs(rootfs: Path, tmp_path: Path, tool) -> bytes:
    tool("mksquashfs", rootfs, tmp_path / "root.sqfs", "-quiet", "-no-progress", "-all-time", "0", "-mkfs-time", "0")
    return (tmp_path / "root.sqfs").read_bytes()


def device_tree(tool) -> bytes:
    source = b'/dts-v1/; / { compatible = "acme,gateway"; model = "' + b"x" * 5000 + b'"; };'
    return bytes(tool("dtc", "-I", "dts", "-O", "dtb", stdin=source))


def kernel_config() -> bytes:
    lines = "".join(f"CONFIG_OPTION_{number}=y\n" for number in range(400))
    title = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.1.0 Kernel Configuration\n#\n"
    return f"{title}{lines}".encode()


def arm64_image(size: int) -> bytes:
    header = bytearray(64)
    struct.pack_into("<QQ", header, 8, 0, size)
    header[56:60] = b"ARM\x64"
    return bytes(header) + b"\x11\x22\x33\x44" * ((size - 64) // 4)


def test_a_folder_that_is_a_system_is_the_root(rootfs: Path) -> None:
    image = open_image(rootfs)
    assert [(root.part.id, root.part.role, root.part.kind) for root in image.roots] == [("image", Role.ROOT, "folder")]


def test_nesting_is_followed_to_the_root(rootfs: Path, tmp_path: Path, squashfs: bytes, tool) -> None:
    box = tmp_path / "box"
    (box / "update").mkdir(parents=True)
    (box / "update/root.squashfs").write_bytes(squashfs)
    tool("tar", "-cf", tmp_path / "bundle.tar", "-C", box, ".")
    tool("zip", "-q", tmp_path / "bundle.zip", "bundle.tar", cwd=tmp_path)
    tool("xz", tmp_path / "bundle.zip")
    image = open_image(tmp_path / "bundle.zip.xz")
    assert [root.part.id for root in image.roots] == ["image/content/bundle.tar/update/root.squashfs"]
    assert [part.kind for part in image.parts] == ["xz", "zip", "tar", "squashfs"]
    assert all(part.problem is None for part in image.parts)


def test_parts_in_a_tar_are_read_where_they_stand(tmp_path: Path, squashfs: bytes, tool) -> None:
    (tmp_path / "root.squashfs").write_bytes(squashfs)
    tool("tar", "-cf", tmp_path / "bundle.tar", "-C", tmp_path, "root.squashfs")
    part = parts(open_image(tmp_path / "bundle.tar"))["image/root.squashfs"]
    assert part.offset == 512


def test_a_raw_dump_is_searched(only: Open, squashfs: bytes, archive: bytes, tool) -> None:
    loader = b"\x01\x00\x00\xea" * 2000 + b"U-Boot 2019.07 (Jul 01 2019)\0" + b"\x01\x00\x00\xea" * 2000
    dump = loader.ljust(0x40000, b"\xff") + device_tree(tool).ljust(0x10000, b"\xff") + squashfs
    dump = dump.ljust(0x100000, b"\xff") + tool("gzip", "-nc", stdin=archive)
    image = only(dump)
    found = parts(image)
    assert found["image"].kind == "raw"
    assert found["image/u-boot-0x0"].role is Role.BOOT_LOADER
    assert found["image/device-tree-0x40000"].role is Role.DEVICE_TREE
    assert found["image/squashfs-0x50000"].role is Role.ROOT
    assert found["image/squashfs-0x50000"].offset == 0x50000
    assert found["image/gzip-0x100000/content"].kind == "tar"


def test_a_vendor_header_does_not_hide_the_system(only: Open, squashfs: bytes) -> None:
    image = only(b"ACME\0\1\2\3" + os.urandom(300) + squashfs + b"signature" * 40)
    assert [root.part.kind for root in image.roots] == ["squashfs"]


def test_a_chance_match_does_not_swallow_what_follows(only: Open, squashfs: bytes) -> None:
    """The head of a gzip stream, then noise, then a system."""
    noise = random.Random(5).randbytes(30_000)
    image = only(b"\1" * 100 + gzip.compress(noise)[:9000] + noise + squashfs)
    assert [root.part.kind for root in image.roots] == ["squashfs"]


def test_what_nothing_identifies_is_unknown(only: Open) -> None:
    image = only(bytes(range(1, 250)) * 100)
    assert [(part.kind, part.problem) for part in image.parts] == [("unknown", None)]
    assert image.roots == ()


def test_equal_systems_in_different_formats_are_audited_once(rootfs: Path, tmp_path: Path, tool) -> None:
    output = tmp_path / "images"
    output.mkdir()
    owner = ("--owner=0", "--group=0", "--numeric-owner")
    tool("tar", *owner, "-cf", output / "rootfs.tar", "-C", rootfs, ".")
    tool("mksquashfs", rootfs, output / "rootfs.squashfs", "-quiet", "-no-progress", "-all-root")
    tool("gzip", "-k", output / "rootfs.tar")
    image = open_image(output)
    assert len(image.roots) == 1
    kept = image.roots[0].part.id
    same = [part.same_as for part in image.parts if part.role is Role.ROOT and part.id != kept]
    assert same == [kept, kept]


def test_systems_that_differ_in_one_byte_are_both_audited(rootfs: Path, tmp_path: Path, tool) -> None:
    output = tmp_path / "images"
    output.mkdir()
    tool("tar", "-cf", output / "one.tar", "-C", rootfs, ".")
    (rootfs / "etc/passwd").write_text("toor:x:0:0:root:/root:/bin/sh\n")
    tool("tar", "-cf", output / "two.tar", "-C", rootfs, ".")
    assert len(open_image(output).roots) == 2


def test_a_builds_output_folder_is_paired_by_content(rootfs: Path, tmp_path: Path, squashfs: bytes, tool) -> None:
    output = tmp_path / "deploy"
    output.mkdir()
    (output / "core-image-20240101.rootfs.squashfs").write_bytes(squashfs)
    (output / "core-image.squashfs").symlink_to("core-image-20240101.rootfs.squashfs")
    (output / "Image").write_bytes(arm64_image(100_000))
    (output / "kernel-config").write_bytes(kernel_config())
    (output / "board.dtb").write_bytes(device_tree(tool))
    (output / "manifest.txt").write_text("base-files 1.0\n" * 1000)
    found = parts(open_image(output))
    assert {id_: (part.kind, part.role) for id_, part in found.items()} == {
        "image": ("folder", Role.OTHER),
        "image/Image": ("arm64-image", Role.KERNEL),
        "image/board.dtb": ("device-tree", Role.DEVICE_TREE),
        "image/core-image.squashfs": ("squashfs", Role.ROOT),
        "image/kernel-config": ("kernel-config", Role.KERNEL_CONFIG),
    }


def test_an_initramfs_inside_a_root_is_a_root_of_its_own(rootfs: Path, tmp_path: Path, tool) -> None:
    early = tmp_path / "early"
    (early / "bin").mkdir(parents=True)
    (early / "init").write_text("#!/bin/sh\n" + "# mount the root\n" * 500)
    (early / "init").chmod(0o755)
    packed = tool("cpio", "-o", "-H", "newc", cwd=early, stdin=tool("find", ".", cwd=early))
    (rootfs / "boot/initrd.img").write_bytes(tool("gzip", "-nc", stdin=packed + os.urandom(0)).ljust(6000, b"\0"))
    image = open_image(rootfs)
    assert [(root.part.id, root.part.role) for root in image.roots] == [
        ("image", Role.ROOT),
        ("image/boot/initrd.img/content", Role.INITRAMFS),
    ]


def test_a_kernel_with_a_configuration_and_an_initramfs_inside(only: Open, tmp_path: Path, tool) -> None:
    early = tmp_path / "early"
    early.mkdir()
    (early / "init").write_text("#!/bin/sh\n" + "# mount the root\n" * 100)
    (early / "init").chmod(0o755)
    initramfs = tool("cpio", "-o", "-H", "newc", cwd=early, stdin=tool("find", ".", cwd=early))
    body = bytearray(arm64_image(200_000))
    config = b"IKCFG_ST" + tool("gzip", "-nc", stdin=kernel_config()) + b"IKCFG_ED"
    body[0x8000 : 0x8000 + len(config)] = config
    body[0x20000 : 0x20000 + len(initramfs)] = initramfs
    image = only(bytes(body))
    kinds = {part.kind: part.role for part in image.parts}
    assert kinds["arm64-image"] is Role.KERNEL
    assert kinds["kernel-config"] is Role.KERNEL_CONFIG
    assert kinds["cpio"] is Role.INITRAMFS


def test_uimage_and_fit(tmp_path: Path, squashfs: bytes, tool) -> None:
    (tmp_path / "payload").write_bytes(tool("lzma", "-c", stdin=arm64_image(100_000)))
    tool("mkimage", "-A", "arm64", "-O", "linux", "-T", "kernel", "-C", "lzma", "-d", "payload", "uImage", cwd=tmp_path)
    found = [part.kind for part in open_image(tmp_path / "uImage").parts]
    assert found == ["uimage", "lzma", "arm64-image"]
    (tmp_path / "root.squashfs").write_bytes(squashfs)
    (tmp_path / "image.its").write_text(
        '/dts-v1/; / { description = "x"; images { fs-1 { data = /incbin/("root.squashfs"); type = "filesystem";'
        ' compression = "none"; }; }; configurations { default = "c"; c { }; }; };'
    )
    tool("mkimage", "-f", "image.its", "image.itb", cwd=tmp_path)
    image = open_image(tmp_path / "image.itb")
    assert image.parts[0].kind == "fit"
    assert [root.part.kind for root in image.roots] == ["squashfs"]


def test_the_same_bytes_give_the_same_parts(tmp_path: Path, squashfs: bytes, archive: bytes) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"\xff" * 999 + squashfs + archive)
    assert open_image(path).parts == open_image(path).parts


def test_the_digest_is_the_files(tmp_path: Path, archive: bytes) -> None:
    import hashlib

    path = tmp_path / "root.tar"
    path.write_bytes(archive)
    image = open_image(path)
    assert image.digest == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    assert image.name == "root.tar"


def test_inputs_that_cannot_be_used(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").touch()
    for name, words in (("missing", "No such file"), ("fifo", "not a file"), ("empty", "is empty")):
        with pytest.raises(InputError, match=words):
            open_image(tmp_path / name)
    with pytest.raises(InputError):
        open_image(Path("/dev/null"))


def test_progress_names_the_parts(tmp_path: Path, squashfs: bytes) -> None:
    path = tmp_path / "root.squashfs"
    path.write_bytes(squashfs)
    told: list[str] = []
    open_image(path, Limits(), told.append)
    assert any("squashfs" in line for line in told)


@pytest.mark.parametrize(
    ("words", "kind"), [(b"Linux version \0%s", "elf"), (b"Linux version \0 Linux version 6.1.2 (", "vmlinux")]
)
def test_a_program_that_speaks_of_kernels_is_none(words: bytes, kind: str, only: Open) -> None:
    head = Path("/bin/true").read_bytes()
    assert only(head + words).parts[0].kind == kind
