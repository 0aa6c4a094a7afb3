"""What an initramfs is made of, what is refused, and what the audit says of it."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from beside import around
from elf_made import Made, elf
from kernel_samples import vmlinux, zimage

from firmward.build.board import board
from firmward.build.initramfs import archive, make, script
from firmward.build.initramfs.make import Inputs
from firmward.build.initramfs.script import Health
from firmward.build.initramfs.tools import Source
from firmward.facts.collection import Collection
from firmward.facts.initramfses import Anchor, FoundInitramfs, told
from firmward.facts.verity import Claim, Verity
from firmward.formats.verity import Shape
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.errors import InputError
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role

EPOCH = 1764547200
RELEASE = "6.1.55-yocto-standard"
MODULES = f"lib/modules/{RELEASE}"
DATA = bytes([1]) * 4096 + bytes([2]) * 4096
SHAPE = Shape(1, "sha256", 4096, 4096, 2, b"\0\xff")
TREE = b"".join(SHAPE.digests(DATA, 4096)).ljust(4096, b"\0")
HASH = SHAPE.digest(TREE).hex()
TABLE = f"0 16 verity 1 DEVICE DEVICE 4096 4096 2 2 sha256 {HASH} 00ff 1 panic_on_corruption"


def program(data: bytes = b"", interpreter: str = "") -> Node:
    return executable(elf(Made(data=data, machine=183, interpreter=interpreter)))


def module() -> bytes:
    return elf(Made(sections={".modinfo": b"depends=\0"}, machine=183, kind=1))


BUSYBOX = program(b"\0".join((b"", *(name.encode() for name in script.APPLETS), b"")))
TOOLS: dict[str, Content] = {
    "bin/busybox": BUSYBOX,
    "sbin/dmsetup": program(interpreter="/lib/ld-linux-aarch64.so.1"),
    "lib/ld-linux-aarch64.so.1": program(),
    f"{MODULES}/modules.builtin": "kernel/crypto/sha256_generic.ko\n",
    **{f"{MODULES}/{name}.ko": module() for name in ("virtio_pci", "virtio_mmio", "virtio_blk")},
    **{f"{MODULES}/{name}.ko": module() for name in ("dm-mod", "dm-verity", "squashfs")},
}
SYSTEM: dict[str, Content] = {
    "bin/busybox": BUSYBOX,
    "bin/sh": link("busybox"),
    "sbin/init": link("../bin/busybox"),
    "etc/shadow": Node("root:*\n", 0o640, 0, 42),
    "etc/inittab": "::sysinit:/etc/rc\n",
}


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    (tmp_path / "Image").write_bytes(zimage(gzip.compress(vmlinux(None), mtime=0)))
    return tmp_path / "Image"


@pytest.fixture
def inputs(kernel: Path) -> Inputs:
    tools, root = Source(MemoryTree(TOOLS), "[build] tools /t"), Source(MemoryTree(SYSTEM), "[build] rootfs /r")
    return Inputs(board("qemu-arm64"), kernel, tools, root, Health(("true",), 60), EPOCH)


def with_root(inputs: Inputs, files: dict[str, Content]) -> Inputs:
    return replace(inputs, root=Source(MemoryTree(files), "[build] rootfs /r"))


def without(files: dict[str, Content], name: str) -> dict[str, Content]:
    return {path: content for path, content in files.items() if path != name}


# what the audit says of it


def read(path: Path) -> tuple[OpenPart, FoundInitramfs]:
    (found,) = [one for one in open_image(path).roots if one.part.role is Role.INITRAMFS]
    part = OpenPart(found.part, None, found.tree)
    return part, told(part, found.tree)


def test_the_audit_sees_a_root_that_is_verified_by_a_hash_in_the_initramfs(inputs: Inputs, tmp_path: Path) -> None:
    part, found = read(make.make(inputs, TABLE, tmp_path / "made"))
    assert (found.verdict, found.is_whole_system, found.why) == ("verified", False, "/dev/mapper/root is verified")
    assert {one.anchor for one in found.verifies} == {Anchor.INITRAMFS}
    assert {one.device for one in found.mounts} == {"/dev/mapper/root"}
    assert (found.ways_out, found.skipped, found.unread) == ((), (), ())
    own = Part("image/root", "squashfs", "image", size=len(DATA), role=Role.ROOT)
    parts = around(part, root=OpenPart(own, Bytes(DATA + TREE), MemoryTree(SYSTEM)))
    verity = Collection(MemoryTree(SYSTEM), parts=parts).get(Verity)
    assert isinstance(verity, Verity)
    (claim,) = verity.claims
    assert claim == Claim(claim.at, HASH, ("panic_on_corruption",), "root")
    assert [(one.root_hash, one.differs, one.covers_all) for one in verity.trees] == [(HASH, None, True)]


def test_the_audit_sees_that_an_initramfs_is_the_whole_system(inputs: Inputs, tmp_path: Path) -> None:
    _, found = read(make.make_whole(inputs, tmp_path / "made"))
    assert (found.verdict, found.is_whole_system) == (None, True)
    assert (found.ways_out, found.unread) == ((), ())


# what is made


@pytest.mark.parametrize("is_whole", [False, True])
def test_the_same_inputs_make_the_same_bytes(inputs: Inputs, tmp_path: Path, is_whole: bool) -> None:
    made = [tmp_path / "one", tmp_path / "two"]
    for path in made:
        _ = make.make_whole(inputs, path) if is_whole else make.make(inputs, TABLE, path)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_an_initramfs_holds_what_is_needed_and_no_more(inputs: Inputs, tmp_path: Path) -> None:
    found = {one.path: one for one in archive.read(make.make(inputs, TABLE, tmp_path / "made"))}
    assert {(one.uid, one.gid, one.mtime) for one in found.values()} == {(0, 0, EPOCH)}
    assert found["health/bin/busybox"].same_as == "bin/busybox"
    assert (found["dev/console"].device, found["dev/kmsg"].device) == ((5, 1), (1, 11))
    assert found["health"].mode == 0o700
    files = {path for path, one in found.items() if one.kind == "file"}
    assert files == {
        "init", "bin/busybox", "bin/dmsetup", "lib/ld-linux-aarch64.so.1", "health/bin/busybox", "health/watch.sh",
        *(f"modules/{name}.ko" for name in ("virtio_pci", "virtio_mmio", "virtio_blk")),
        *(f"modules/{name}.ko" for name in ("dm_mod", "dm_verity", "squashfs")),
    }  # fmt: skip


def test_a_whole_system_keeps_its_files_and_owners(inputs: Inputs, tmp_path: Path) -> None:
    found = {one.path: one for one in archive.read(make.make_whole(inputs, tmp_path / "made"))}
    shadow = found["etc/shadow"]
    assert (shadow.mode, shadow.gid, shadow.mtime, shadow.content) == (0o640, 42, EPOCH, b"root:*\n")
    assert b"exec /sbin/init\n" in b"".join(found["init"].chunks())
    assert {path for path in found if path.endswith(".ko")} == {
        f".firmward/modules/{name}.ko" for name in ("virtio_pci", "virtio_mmio", "virtio_blk")
    }


def test_the_own_first_program_of_a_system_gets_another_name(inputs: Inputs, tmp_path: Path) -> None:
    own = {**without(SYSTEM, "sbin/init"), "init": executable("#!/bin/sh\nexec /bin/busybox init\n")}
    made = make.make_whole(with_root(inputs, own), tmp_path / "made")
    found = {one.path: one for one in archive.read(made)}
    assert found["sbin/init.system"].content == b"#!/bin/sh\nexec /bin/busybox init\n"
    assert b"exec /sbin/init.system\n" in b"".join(found["init"].chunks())
    assert read(made)[1].is_whole_system is True


def test_hard_links_of_a_folder_stay_hard_links(inputs: Inputs, tmp_path: Path) -> None:
    folder = tmp_path / "system"
    (folder / "sbin").mkdir(parents=True)
    (folder / "etc").mkdir()
    (folder / "sbin/init").write_bytes(b"\x7fELF")
    (folder / "sbin/init").chmod(0o755)
    (folder / "sbin/twin").hardlink_to(folder / "sbin/init")
    whole = replace(inputs, root=make.source(folder, "[build] rootfs"), health=Health((), 5))
    found = {one.path: one for one in archive.read(make.make_whole(whole, tmp_path / "made"))}
    assert found["sbin/twin"].same_as == "sbin/init"


def test_a_kernel_says_how_the_initramfs_may_be_packed() -> None:
    def chosen(settings: dict[str, str] | None, wanted: str = "xz") -> str:
        return make.compression(make.Kernel("6.1.0", settings), wanted)

    assert chosen(None) == "gzip"
    assert chosen({"RD_XZ": "y", "RD_GZIP": "y"}) == "xz"
    assert chosen({"RD_GZIP": "y"}) == "gzip"
    assert chosen({"RD_LZ4": "y"}) == "lz4"
    assert chosen({}) == "none"


# what is refused

CAPABLE = Node(b"\x7fELF", 0o755, xattrs=(("security.capability", b"\1"),))
LINKED = program(b"\0".join((b"", *(name.encode() for name in script.APPLETS), b"")), "/lib/ld-linux-aarch64.so.1")
SYSTEMS = {
    "no first program": (without(SYSTEM, "sbin/init"), "has no /sbin/init"),
    "a first program that is none": ({**SYSTEM, "sbin/init": "text"}, "has no /sbin/init"),
    "no shell": (without(SYSTEM, "bin/sh"), "has no /bin/sh, which runs the commands"),
    "our own folder": ({**SYSTEM, ".firmward/x": ""}, "has /.firmward, which the initramfs needs"),
    "capabilities": ({**SYSTEM, "bin/ping": CAPABLE}, "cannot keep the capabilities of bin/ping"),
}


@pytest.mark.parametrize(("files", "message"), SYSTEMS.values(), ids=SYSTEMS.keys())
def test_a_system_that_cannot_be_an_initramfs_is_refused(
    inputs: Inputs, tmp_path: Path, files: dict[str, Content], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make.make_whole(with_root(inputs, files), tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_whole_system_takes_a_busybox_with_libraries_only_from_itself(inputs: Inputs, tmp_path: Path) -> None:
    linked: dict[str, Content] = {**TOOLS, **SYSTEM, "bin/busybox": LINKED}
    tools = Source(MemoryTree(linked), "[build] tools /t")
    with pytest.raises(InputError, match="needs libraries that the system may have in another version"):
        make.make_whole(replace(inputs, tools=tools), tmp_path / "made")
    made = make.make_whole(replace(inputs, tools=tools, root=tools), tmp_path / "made")
    assert ".firmward/lib/ld-linux-aarch64.so.1" in {one.path for one in archive.read(made)}


def test_an_initramfs_that_has_no_room_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    near = replace(inputs.board.addresses, device_tree=inputs.board.addresses.initramfs + 1000)
    with pytest.raises(InputError, match="the board qemu-arm64 has room for 1000"):
        make.make(replace(inputs, board=replace(inputs.board, addresses=near)), TABLE, tmp_path / "made")
    assert not (tmp_path / "made").exists()
    last = replace(near, initramfs=1 << 40)
    make.make(replace(inputs, board=replace(inputs.board, addresses=last)), TABLE, tmp_path / "made")


def test_a_system_that_is_larger_than_memory_is_refused(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "WHOLE_LIMIT", 1000)
    with pytest.raises(InputError, match="of the device's memory, more than"):
        make.make_whole(inputs, tmp_path / "made")


def test_a_file_that_holds_no_system_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").write_bytes(bytes(5000))
    with pytest.raises(InputError, match=r"\[build\] rootfs .*root: holds no root file system"):
        make.source(tmp_path / "root", "[build] rootfs")
