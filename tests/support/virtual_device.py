"""A device in QEMU that a kernel and an initramfs start, with a disk as a build lays it out."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, which

import pytest
from partitioned import gpt
from pe_image import run
from real.roots import NoPackagesError

from real import device_parts

MIB = 1 << 20
STATE, ROOT_A, ROOT_B = MIB, 2 * MIB, 10 * MIB
DISK = 20 * MIB
REQUEST = 8192
SALT = "00ff"
QEMU = "qemu-system-aarch64"
PROGRAMS = (QEMU, "veritysetup", "mksquashfs", "sfdisk")
COMMAND_LINE = "ro panic=5 console=ttyAMA0"
SECONDS = 60

INITTAB = "::sysinit:/bin/mount -t proc proc /proc\n"
APPLETS = ("init", "mount", "sh", "cat", "sleep", "true", "false", "test", "touch", "[", "reboot", "poweroff")


def require() -> None:
    """Skip the test where this machine cannot start such a device."""
    missing = [name for name in PROGRAMS if which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    try:
        device_parts.tools()
    except NoPackagesError as error:
        pytest.skip(f"Debian's archive cannot be reached: {error}")


def system(folder: Path, inittab: str = INITTAB) -> Path:
    """A small system, as a folder."""
    for name in ("bin", "sbin", "dev", "proc", "sys", "etc", "tmp", "usr"):
        (folder / name).mkdir(parents=True)
    copyfile(device_parts.busybox(), folder / "bin/busybox")
    (folder / "bin/busybox").chmod(0o755)
    for name in APPLETS:
        (folder / "bin" / name).symlink_to("busybox")
    (folder / "sbin/init").symlink_to("../bin/busybox")
    (folder / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (folder / "etc/inittab").write_text(inittab)
    return folder


@dataclass(frozen=True)
class Root:
    """A squashfs with its hash tree behind it, and the table that opens it."""

    path: Path
    size: int
    table: str


def root(folder: Path, name: str, inittab: str = INITTAB) -> Root:
    path = folder / f"{name}.squashfs"
    run("mksquashfs", system(folder / name, inittab), path, "-quiet", "-no-progress", "-all-root", "-comp", "xz")
    size = path.stat().st_size
    blocks = size // 4096
    made = run("veritysetup", "format", path, path, "--no-superblock", f"--hash-offset={size}", f"--salt={SALT}",
               f"--data-blocks={blocks}")  # fmt: skip
    root_hash = re.search(rb"Root hash:\s*([0-9a-f]{64})", made)
    assert root_hash is not None
    words = f"0 {blocks * 8} verity 1 DEVICE DEVICE 4096 4096 {blocks} {blocks} sha256 {root_hash[1].decode()} {SALT}"
    return Root(path, size, f"{words} 1 panic_on_corruption")


def disk(path: Path, slot_a: Root, slot_b: Root | None = None, names: tuple[str, str] = ("root_a", "root_b")) -> Path:
    with path.open("wb") as file:
        file.truncate(DISK)
    rows = [("state", STATE, MIB), (names[0], ROOT_A, 8 * MIB), (names[1], ROOT_B, 8 * MIB)]
    gpt(path, [(name, start // 512, size) for name, start, size in rows])
    with path.open("r+b") as file:
        for start, one in ((ROOT_A, slot_a), (ROOT_B, slot_b or slot_a)):
            file.seek(start)
            file.write(one.path.read_bytes())
    return path


def request(disk: Path) -> bytes:
    """What stands in the sector that Linux writes."""
    with disk.open("rb") as file:
        file.seek(STATE + REQUEST)
        return file.read(512)


@dataclass(frozen=True)
class Run:
    """`ended` is whether the device started anew, which ends QEMU here."""

    said: str
    ended: bool
    seconds: float


def boot(initramfs: Path, disk: Path, command_line: str, until: Callable[[str], bool] = lambda _: False) -> Run:
    """Start the device, and stop it when it has said what is waited for, or starts anew."""
    command = [QEMU, "-M", "virt", "-cpu", "cortex-a57", "-m", "256", "-nographic", "-nodefaults", "-no-reboot"]
    command += ["-serial", "stdio", "-kernel", str(device_parts.image()), "-initrd", str(initramfs)]
    command += ["-append", command_line, "-drive", f"if=none,id=disk,format=raw,file={disk}"]
    command += ["-device", "virtio-blk-device,drive=disk"]
    start = time.monotonic()
    said = b""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as device:
        assert device.stdout is not None
        os.set_blocking(device.stdout.fileno(), False)
        try:
            while device.poll() is None and time.monotonic() - start < SECONDS and not until(_text(said)):
                said += device.stdout.read() or b""
                time.sleep(0.05)
            ended = device.poll() is not None
            said += device.stdout.read() or b""
        finally:
            device.send_signal(signal.SIGKILL)
    return Run(_text(said), ended, time.monotonic() - start)


def _text(said: bytes) -> str:
    return said.decode("utf-8", "replace").replace("\r", "")
