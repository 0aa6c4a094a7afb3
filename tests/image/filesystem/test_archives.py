"""tar, zip and cpio as real programs write them, compared entry by entry with the folder that went in."""

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from firmward.image.budget import Budget, Limits
from firmward.image.filesystem.tar import FORMAT as TAR
from firmward.image.opening import Image, open_image
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.folder import FolderTree
from firmward.model.report import Role
from firmward.model.tree import Entry, Kind, Tree


def assert_equal(tree: Tree, folder: Path, *, modes: bool = True) -> None:
    """The same names, kinds, modes, sizes, targets and contents."""
    expected = {entry.path: entry for entry in FolderTree(folder).entries()}
    found = {entry.path: entry for entry in tree.entries()}
    assert sorted(found) == sorted(expected)
    for path, entry in expected.items():
        assert facts(found[path], modes) == facts(entry, modes)
        if entry.kind is Kind.FILE:
            assert b"".join(tree.chunks(found[path])) == (folder / path).read_bytes()


def facts(entry: Entry, modes: bool) -> tuple[object, ...]:
    mode = entry.mode if modes and entry.kind is not Kind.SYMLINK else None
    size = entry.size if entry.kind is Kind.FILE else 0
    return entry.kind, mode, size, entry.target


def root_of(image: Image) -> Tree:
    (root,) = image.roots
    assert root.part.problem is None
    return root.tree


@pytest.mark.parametrize("form", ["ustar", "gnu", "posix", "oldgnu"])
def test_tar_is_what_went_in(rootfs: Path, tmp_path: Path, tool, form: str) -> None:
    if form == "ustar":  # names of up to 100 bytes below folders of up to 155
        (rootfs / "usr/lib" / ("long" * 40)).unlink()
        folder = rootfs / "usr/lib" / "/".join(["fold" * 10] * 3)
        folder.mkdir(parents=True)
        (folder / ("name" * 20)).write_text("a name in two pieces")
    tool("tar", f"--format={form}", "-cf", tmp_path / "root.tar", "-C", rootfs, ".")
    assert_equal(root_of(open_image(tmp_path / "root.tar")), rootfs)


def test_tar_with_absolute_names(rootfs: Path, tmp_path: Path, tool) -> None:
    tool("tar", "-P", "--transform=s,^./,/,", "-cf", tmp_path / "root.tar", "-C", rootfs, ".")
    assert_equal(root_of(open_image(tmp_path / "root.tar")), rootfs)


@pytest.mark.parametrize("version", ["gnu", "0.0", "0.1", "1.0"])
def test_sparse_files_in_tar(rootfs: Path, tmp_path: Path, tool, version: str) -> None:
    with (rootfs / "usr/lib/sparse").open("wb") as file:
        for place in (100_000, 500_000, 3_000_000):
            file.seek(place)
            file.write(b"data" * 5000)
        file.truncate(4_000_000)
    form = ("--format=gnu",) if version == "gnu" else ("--format=posix", f"--sparse-version={version}")
    tool("tar", *form, "-S", "-cf", tmp_path / "root.tar", "-C", rootfs, ".")
    assert (tmp_path / "root.tar").stat().st_size < 2_000_000
    assert_equal(root_of(open_image(tmp_path / "root.tar")), rootfs)


def test_devices_in_tar_and_cpio(rootfs: Path, tmp_path: Path, tool) -> None:
    if os.geteuid() != 0:
        pytest.skip("device nodes need root")
    os.mknod(rootfs / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(rootfs / "disk", 0o660 | stat.S_IFBLK, os.makedev(179, 2))
    os.mkfifo(rootfs / "fifo")
    tool("tar", "-cf", tmp_path / "root.tar", "-C", rootfs, ".")
    names = "\n".join(sorted(str(path.relative_to(rootfs)) for path in rootfs.rglob("*"))).encode(
        "utf-8", "surrogateescape"
    )
    packed = tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=names)
    (tmp_path / "root.cpio").write_bytes(packed)
    for name in ("root.tar", "root.cpio"):
        tree = root_of(open_image(tmp_path / name))
        null, disk, fifo = (tree.lstat(path) for path in ("null", "disk", "fifo"))
        found = [(entry.kind, entry.device) for entry in (null, disk, fifo) if entry is not None]
        assert found == [(Kind.CHARACTER, (1, 3)), (Kind.BLOCK, (179, 2)), (Kind.FIFO, None)]


@pytest.mark.parametrize("form", ["newc", "crc", "odc", "bin"])
def test_cpio_is_what_went_in(rootfs: Path, tmp_path: Path, tool, form: str) -> None:
    names = tool("find", ".", cwd=rootfs)
    (tmp_path / "root.cpio").write_bytes(tool("cpio", "-o", "-H", form, cwd=rootfs, stdin=names))
    image = open_image(tmp_path / "root.cpio")
    assert_equal(root_of(image), rootfs)
    assert image.parts[0].role is Role.INITRAMFS


@pytest.mark.parametrize(
    "pack",
    [("gzip", "-c"), ("xz", "-c"), ("zstd", "-c"), ("lz4", "-c"), ("lz4", "-l", "-c"), ("bzip2", "-c"), ("lzma", "-c")],
    ids=" ".join,
)
def test_microcode_before_a_compressed_system_is_one_initramfs(rootfs: Path, tmp_path: Path, tool, pack) -> None:
    early = tmp_path / "early"
    (early / "kernel/x86/microcode").mkdir(parents=True)
    (early / "kernel/x86/microcode/AuthenticAMD.bin").write_bytes(b"micro" * 999)
    first = tool("cpio", "-o", "-H", "newc", cwd=early, stdin=tool("find", ".", cwd=early))
    second = tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=tool("find", ".", cwd=rootfs))
    (tmp_path / "initrd").write_bytes(first + bytes(1024) + tool(*pack, stdin=second))
    tree = root_of(open_image(tmp_path / "initrd"))
    assert tree.read("etc/passwd") == (rootfs / "etc/passwd").read_bytes()
    assert tree.read("bin/hard") == (rootfs / "bin/busybox").read_bytes()
    assert tree.read("kernel/x86/microcode/AuthenticAMD.bin") == b"micro" * 999


@pytest.mark.parametrize("method", ["store", "deflate", "bzip2"])
def test_zip_is_what_went_in(rootfs: Path, tmp_path: Path, tool, method: str) -> None:
    tool("zip", "-q", "-r", "-y", "-Z", method, tmp_path / "root.zip", ".", cwd=rootfs)
    assert_equal(root_of(open_image(tmp_path / "root.zip")), rootfs)


def test_an_encrypted_member_is_unreadable_with_a_reason(rootfs: Path, tmp_path: Path, tool) -> None:
    tool("zip", "-q", "-r", "-y", "-P", "secret", tmp_path / "root.zip", ".", cwd=rootfs)
    (root,) = open_image(tmp_path / "root.zip").roots
    with pytest.raises(Unavailable, match="encrypted"):
        root.tree.read("etc/passwd")


def test_names_that_lead_out_are_refused(tmp_path: Path, tool) -> None:
    (tmp_path / "box/etc").mkdir(parents=True)
    (tmp_path / "box/usr").mkdir()
    (tmp_path / "box/etc/passwd").write_text("inside\n")
    (tmp_path / "evil").write_text("outside\n")
    tool("tar", "-P", "-cf", tmp_path / "evil.tar", "-C", tmp_path / "box", "etc", "usr", "../evil")
    (root,) = open_image(tmp_path / "evil.tar").roots
    assert [entry.path for entry in root.tree.entries()] == ["etc", "etc/passwd", "usr"]
    assert "1 names" in (root.part.problem or "")


def tar_of(headers: dict[str, str], count: int) -> Tree:
    """Empty files behind a pax header for all of them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as archive:
        for number in range(count):
            archive.addfile(tarfile.TarInfo(f"file{number}"))
    tree = TAR.open(Bytes(buffer.getvalue()), Budget(Limits(expanded_bytes=8 << 20)))
    assert isinstance(tree, Tree)
    return tree


def test_attributes_for_all_members_are_given_to_each() -> None:
    entries = list(tar_of({"SCHILY.xattr.user.note": "x"}, 3).entries())
    assert [entry.xattrs for entry in entries] == [(("user.note", b"x"),)] * 3


def test_attributes_for_all_members_cannot_multiply() -> None:
    """Each member would be given all of them: the product of two lengths that a compressed archive has for nothing."""
    tree = tar_of({f"SCHILY.xattr.user.{number}": "" for number in range(2000)}, 2000)
    assert not list(tree.entries())
    assert "bytes of attributes for every member" in tree.problems[0]


def test_attributes_of_members_are_charged() -> None:
    tree = tar_of({f"SCHILY.xattr.user.{number}": "" for number in range(300)}, 1000)
    assert 0 < len(list(tree.entries())) < 1000
    assert "--budget-mib" in tree.problems[0]


def test_holes_are_said_of_one_member_only() -> None:
    tree = tar_of({"GNU.sparse.size": "1000", "GNU.sparse.map": "0,1," * 1000}, 3)
    assert [entry.size for entry in tree.entries()] == [0, 0, 0]
