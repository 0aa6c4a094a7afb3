"""What a build is made from: what is refused, by which key, and all of it at once."""

import struct
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from program import run_program

from firmward.build import estimate, inputs
from firmward.build.inputs import Inputs
from firmward.model.errors import InputError
from firmward.model.policy import parse_policy

TODAY = date(2026, 1, 1)
KEY = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMoNNQSjmOM+BM57ZElMVAux0r+zUkzeq3i45JVUD+p3oAoGCCqGSM49
AwEHoUQDQgAENcjWLZpwy52cQ72A16aLZn/SSfLD/GWtfbpJuqqngF2KBBUsSBi8
kID4BNf2AfoF8nNah90ypVKZ2IgWi0GLxg==
-----END EC PRIVATE KEY-----
"""

DEVICE = {"product": "camera", "version": "1.4.0", "board": "qemu-arm64", "architecture": "arm64"}
NONE: Mapping[str, str] = {}
BUILD = {"rootfs": "root", "kernel": "Image", "device_tree": "board.dtb"}


def elf(machine: int, *, is_big_endian: bool = False) -> bytes:
    order = ">" if is_big_endian else "<"
    return b"\x7fELF\x02" + (b"\2" if is_big_endian else b"\1") + bytes(10) + struct.pack(f"{order}HH", 2, machine)


ARM64, X86 = elf(183).ljust(200, b"\0"), elf(62).ljust(200, b"\0")


def kernel(magic: bytes = b"ARM\x64", at: int = 0x38) -> bytes:
    """A header alone: an Image has its magic at 0x38, that of RISC-V an older one before it."""
    image = bytearray(4096)
    image[16:24] = (1 << 20).to_bytes(8, "little")
    image[at : at + len(magic)] = magic
    return bytes(image)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "root/sbin").mkdir(parents=True)
    (tmp_path / "root/sbin/init").write_bytes(ARM64)
    (tmp_path / "Image").write_bytes(kernel())
    made = run_program(["dtc", "-O", "dtb", "-o", str(tmp_path / "board.dtb")], feed=b"/dts-v1/; / { };")
    assert made.returncode == 0
    return tmp_path


def policy(device: Mapping[str, str], build: Mapping[str, str], rest: str = "") -> str:
    def table(name: str, words: Mapping[str, str]) -> str:
        return f"[{name}]\n" + "".join(f"{key} = '{word}'\n" for key, word in words.items())

    return table("device", device) + table("build", build) + rest


def read(base: Path, device: Mapping[str, str] = NONE, build: Mapping[str, str] = NONE, rest: str = "") -> Inputs:
    text = policy({**DEVICE, **device}, {**BUILD, **build}, rest)
    return inputs.read(parse_policy(text), base, TODAY)


def problems(
    base: Path, device: Mapping[str, str] = NONE, build: Mapping[str, str] = NONE, rest: str = ""
) -> list[str]:
    with pytest.raises(InputError) as told:
        read(base, device, build, rest)
    return str(told.value).splitlines()


def test_what_is_right_is_opened(base: Path) -> None:
    found = read(base, build={"slot_size": "128M", "compression": "zstd"})
    assert (found.product, found.version, found.board.name) == ("camera", "1.4.0", "qemu-arm64")
    assert (found.kernel, found.device_tree) == (base / "Image", base / "board.dtb")
    assert found.root.tree.is_file("sbin/init")
    assert found.tools is found.root
    assert (found.data, found.boot_loader, found.boot_loader_tree) == (None, None, None)
    assert (found.boot_size, found.slot_size, found.data_size) == (None, 128 << 20, None)
    assert (found.layout, found.compression) == ("verity", "zstd")


def drop(name: str) -> Callable[[Path], None]:
    return lambda base: (base / name).unlink()


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def step(base: Path) -> None:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content)

    return step


def nothing(_: Path) -> None:
    pass


ROWS: tuple[tuple[Callable[[Path], None], dict[str, str], dict[str, str], str], ...] = (
    (nothing, {"product": ""}, {}, "[device] product: is required"),
    (nothing, {"version": ""}, {}, "[device] version: is required for a build"),
    (nothing, {"board": ""}, {}, "[device] board: is required for a build"),
    (nothing, {"board": "toaster"}, {}, "[device] board: 'toaster' cannot be built for; known are "),
    (nothing, {"architecture": "arm"}, {}, "[device] architecture: arm, and board qemu-arm64 is arm64"),
    (nothing, {}, {"rootfs": ""}, "[build] rootfs: is required for a build"),
    (nothing, {}, {"rootfs": "none"}, "[build] rootfs: BASE/none: No such file or directory"),
    (nothing, {}, {"rootfs": "Image"}, "[build] rootfs: BASE/Image: is no folder and no image of a file system"),
    (drop("root/sbin/init"), {}, {}, "[build] rootfs: BASE/root has no /sbin/init"),
    (write("root/sbin/init", X86), {}, {}, "[build] rootfs: BASE/root: /sbin/init is for x86-64, and board qemu-arm64"),
    (write("root/sbin/init", b"#!/bin/sh\n"), {}, {}, ""),
    (write("tools/bin/busybox", X86), {}, {"tools": "tools"}, "[build] tools: BASE/tools: /bin/busybox is for x86-64"),
    (write("tools/bin/busybox", ARM64), {}, {"tools": "tools"}, ""),
    (nothing, {}, {"tools": "none"}, "[build] tools: BASE/none: No such file or directory"),
    (nothing, {}, {"data": "none"}, "[build] data: BASE/none: No such file or directory"),
    (nothing, {}, {"kernel": ""}, "[build] kernel: is required for a build"),
    (nothing, {}, {"kernel": "none"}, "[build] kernel: BASE/none: No such file or directory"),
    (nothing, {}, {"kernel": "root"}, "[build] kernel: BASE/root: "),
    (write("Image", b""), {}, {}, "[build] kernel: BASE/Image: is empty"),
    (write("Image", bytes(4096)), {}, {}, "[build] kernel: BASE/Image: is no kernel that is known; give the Image"),
    (write("Image", b"\x1f\x8b\x08" + bytes(99)), {}, {}, "[build] kernel: BASE/Image: is a kernel in the form gzip"),
    (write("Image", kernel(b"RISCV\0\0\0RSC\x05", 0x30)), {}, {}, "[build] kernel: BASE/Image is for riscv, and board"),
    (nothing, {}, {"device_tree": ""}, "[build] device_tree: is required for a build"),
    (write("board.dtb", b"/dts-v1/;"), {}, {}, "[build] device_tree: BASE/board.dtb: is no device tree: "),
    (nothing, {}, {"boot_loader": "none"}, "[build] boot_loader: BASE/none: No such file or directory"),
    (nothing, {}, {"boot_loader_tree": "Image"}, "[build] boot_loader_tree: BASE/Image: is no device tree: "),
    (nothing, {}, {"boot_size": "much"}, "[build] boot_size: 'much' is no size"),
    (nothing, {}, {"slot_size": "1000"}, "[build] slot_size: '1000' is not a whole number of MiB"),
    (nothing, {}, {"data_size": "0"}, "[build] data_size: '0' is no size"),
)  # fmt: skip


@pytest.mark.parametrize(("step", "device", "build", "words"), ROWS, ids=[row[3][:60] or "right" for row in ROWS])
def test_each_mistake_is_told_once_by_its_key(
    base: Path, step: Callable[[Path], None], device: dict[str, str], build: dict[str, str], words: str
) -> None:
    step(base)
    if not words:
        read(base, device, build)
        return
    (found,) = problems(base, device, build)
    assert found.startswith(words.replace("BASE", str(base)))


def test_all_mistakes_are_told_at_once(base: Path) -> None:
    (base / "root/sbin/init").unlink()
    (base / "root/key.pem").write_text(KEY)
    (base / "Image").write_bytes(bytes(4096))
    found = problems(base, {"version": ""}, {"device_tree": "none.dtb", "slot_size": "12Q", "data": "none"})
    keys = [line.split(":")[0] for line in found]
    assert keys == [
        "[device] version", "[build] data", "[build] kernel", "[build] device_tree", "[build] slot_size",
        "[build] rootfs", "[build] rootfs",
    ]  # fmt: skip


def test_a_policy_that_says_nothing_of_a_build_is_told_what_to_say(base: Path) -> None:
    with pytest.raises(InputError) as told:
        inputs.read(parse_policy("schema = 1"), base, TODAY)
    keys = [line.split(":")[0] for line in str(told.value).splitlines()]
    assert keys == [
        "[device] product", "[device] version", "[device] board", "[build] rootfs", "[build] kernel",
        "[build] device_tree",
    ]  # fmt: skip


def test_with_the_layout_initramfs_the_root_needs_no_sbin_init(base: Path) -> None:
    (base / "root/sbin/init").rename(base / "root/init")
    assert read(base, build={"layout": "initramfs"}).layout == "initramfs"
    assert "no /sbin/init" in problems(base)[0]


def test_init_may_be_a_link_as_it_stands_on_the_device(base: Path) -> None:
    (base / "root/sbin/init").rename(base / "root/systemd")
    (base / "root/sbin/init").symlink_to("/systemd")
    assert read(base).root.tree.is_file("sbin/init")
    (base / "root/systemd").write_bytes(X86)
    assert "/sbin/init is for x86-64" in problems(base)[0]


@pytest.mark.parametrize("where", ["root", "data"])
def test_a_private_key_is_refused(base: Path, where: str) -> None:
    (base / "data").mkdir()
    (base / where / "device.key").write_text(KEY)
    (found,) = problems(base, build={"data": "data"})
    key = "rootfs" if where == "root" else "data"
    assert found.startswith(f"[build] {key}: device.key holds a private key")
    assert "MHcCAQEE" not in found


def accepted(key: str, expires: str = "2026-01-01", check: str = "private-key-embedded") -> str:
    own = f"key = '{key}'\n" if key else ""
    return f"[[accepted]]\ncheck = '{check}'\n{own}reason = 'x'\nowner = 'y'\nexpires = {expires}\n"


@pytest.mark.parametrize("key", ["etc/device.key", "etc/*", "*", "", "etc/device.key#2"])
def test_a_private_key_that_the_policy_accepts_passes(base: Path, key: str) -> None:
    (base / "root/etc").mkdir()
    (base / "root/etc/device.key").write_text(KEY)
    assert read(base, rest=accepted(key))


@pytest.mark.parametrize(
    "rest",
    [
        accepted("etc/device.ke"), accepted("device.key"), accepted("etc/device?key"), accepted("*", "2025-12-31"),
        accepted("*", check="ssh-host-key-baked-in"),
    ],
)  # fmt: skip
def test_what_the_policy_accepts_of_other_things_does_not_count(base: Path, rest: str) -> None:
    (base / "root/etc").mkdir()
    (base / "root/etc/device.key").write_text(KEY)
    assert len(problems(base, rest=rest)) == 1


def test_keys_among_tests_and_examples_are_the_audits_business(base: Path) -> None:
    (base / "root/usr/share/doc/examples").mkdir(parents=True)
    (base / "root/usr/share/doc/examples/key.pem").write_text(KEY)
    assert read(base)


def test_the_estimate_counts_every_copy(base: Path) -> None:
    (base / "root/large").write_bytes(bytes(4 << 20))
    (base / "data").mkdir()
    (base / "data/large").write_bytes(bytes(3 << 20))
    small, with_data = estimate.needed(read(base)), estimate.needed(read(base, build={"data": "data"}))
    assert small >= (4 << 20) + 3 * 4096
    assert with_data - small == 2 * (3 << 20)


def test_the_first_build_of_a_makers_board_needs_the_control_tree_alone(base: Path) -> None:
    found = problems(base, {"board": "imx6ull", "architecture": "arm"})
    assert [line.partition(",")[0] for line in found if "boot_loader" in line] == [
        "[build] boot_loader_tree: is required"
    ]
    found = problems(base, {"board": "imx6ull", "architecture": "arm"}, {"boot_loader_tree": "board.dtb"})
    assert [line for line in found if "boot_loader" in line] == []
