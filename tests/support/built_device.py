"""A folder as a build leaves it, made of the clean camera: unsigned, and with Debian's boot loader."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from firmward.build.board import board
from firmward.build.built import BOOT, DATA, FILE, ROOT, STATE, Built, File, Partition, to_json

PROJECT = Path(__file__).parents[2]
CAMERA = PROJECT / "examples" / "camera"
LOADER = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
MIB = 1 << 20
SIZES = {STATE: 1, f"{BOOT}_a": 40, f"{BOOT}_b": 40, f"{ROOT}_a": 16, f"{ROOT}_b": 16, DATA: 16}
"""MiB of the disk's partitions, in their order."""
SMALL = dict.fromkeys(SIZES, 1)

SOURCE = """/dts-v1/;
/ { description = "built"; #address-cells = <1>;
images {
 kernel { data = /incbin/("IMAGES/Image"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
          load = <KERNEL>; entry = <KERNEL>; hash-1 { algo = "crc32"; }; };
 fdt-a { data = /incbin/("IMAGES/camera.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
         load = <TREE>; };
 initramfs { data = /incbin/("INITRAMFS"); type = "ramdisk"; arch = "arm64"; os = "linux";
             compression = "none"; load = <RAMDISK>; };
};
configurations { default = "conf-a"; conf-a { kernel = "kernel"; fdt = "fdt-a"; ramdisk = "initramfs"; }; };
};
"""


def _source(initramfs: Path) -> str:
    places = board("qemu-arm64").addresses
    # nothing may be loaded over the FIT, which is larger than a build's: its kernel is not compressed
    words = {"KERNEL": places.kernel, "TREE": 0x47000000, "RAMDISK": 0x48000000}
    text = SOURCE.replace("IMAGES", str(images())).replace("INITRAMFS", str(initramfs))
    for word, place in words.items():
        text = text.replace(f"<{word}>", f"<{place:#x}>")
    return text


@cache
def images() -> Path:
    output = PROJECT / "build" / "camera-clean"
    subprocess.run([sys.executable, str(CAMERA / "build.py"), "-o", str(output), "--clean"], check=True)
    return output / "images"


def partitions(sizes: Mapping[str, int]) -> tuple[Partition, ...]:
    found, start = [], MIB
    for name, size in sizes.items():
        found.append(Partition(name, start, size * MIB))
        start += size * MIB
    return tuple(found)


def described(folder: Path, sizes: Mapping[str, int], health: Sequence[str] = ()) -> None:
    """Write what a build says of itself, of the files that are there."""
    files = tuple(
        File(str(path.relative_to(folder)), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != FILE
    )
    commands = tuple(health)
    built = Built(
        product="camera",
        version="1.4.0",
        board="qemu-arm64",
        layout="verity",
        console="output-only",
        rollback_index=0,
        root_hash="",
        epoch=0,
        health=commands,
        health_seconds=60,
        boot_key="",
        partitions=partitions(sizes),
        files=files,
    )
    (folder / FILE).write_text(to_json(built))


def small_build(folder: Path) -> Path:
    """One that nothing can start, with a disk that is all hole: enough for a program that plays QEMU."""
    for name, content in {"boot/u-boot.bin": b"loader", "boot/control.dtb": b"tree", "slot/boot.fit": b"fit"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with (folder / "disk.img").open("wb") as disk:
        disk.truncate(2 * MIB + sum(SMALL.values()) * MIB)
    described(folder, SMALL)
    return folder


def camera_build(
    folder: Path, health: Sequence[str] = (), *, initramfs: Path | None = None, root: Path | None = None
) -> Path:
    """One that starts; its initramfs and its root are the camera's where no others are given."""
    initramfs = initramfs or images() / "initramfs.cpio.gz"
    for name in ("slot", "boot"):
        (folder / name).mkdir(parents=True)
    source = folder / "slot" / "boot.its"
    source.write_text(_source(initramfs))
    subprocess.run(["mkimage", "-f", source, folder / "slot" / "boot.fit"], check=True, capture_output=True)
    source.unlink()
    (folder / "boot" / "u-boot.bin").write_bytes(LOADER.read_bytes())
    (folder / "boot" / "control.dtb").write_bytes((images() / "camera.dtb").read_bytes())
    _disk(folder / "disk.img", folder / "slot" / "boot.fit", root or images() / "rootfs.squashfs")
    described(folder, SIZES, health)
    return folder


def _disk(disk: Path, fit: Path, root: Path) -> None:
    with disk.open("wb") as file:
        file.truncate(2 * MIB + sum(SIZES.values()) * MIB)
    rows = [f"start={one.start // 512},size={one.size // 512},name={one.name}" for one in partitions(SIZES)]
    subprocess.run(["/sbin/sfdisk", "-q", disk], input="\n".join(["label: gpt", *rows]).encode(), check=True)
    content = {f"{BOOT}_a": fit, f"{ROOT}_a": root, DATA: images() / "data.ext4"}
    with disk.open("r+b") as file:
        for one in partitions(SIZES):
            if one.name in content:
                file.seek(one.start)
                file.write(content[one.name].read_bytes())
