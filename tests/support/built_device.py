"""A folder as a build leaves it, made of the clean camera: unsigned, with Debian's boot loader in place of a build's."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from firmward.build.built import BOOT, DATA, FILE, ROOT, STATE, Built, File, Partition, to_json

PROJECT = Path(__file__).parents[2]
CAMERA = PROJECT / "examples" / "camera"
LOADER = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
MIB = 1 << 20
SIZES = {STATE: 1, f"{BOOT}_a": 40, f"{BOOT}_b": 40, f"{ROOT}_a": 16, f"{ROOT}_b": 16, DATA: 16}
"""MiB of the disk's partitions, in their order."""

SOURCE = """/dts-v1/;
/ { description = "built"; #address-cells = <1>;
images {
 kernel { data = /incbin/("IMAGES/Image"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
          load = <0x40400000>; entry = <0x40400000>; hash-1 { algo = "crc32"; }; };
 fdt-a { data = /incbin/("IMAGES/camera.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
         load = <0x47000000>; };
 initramfs { data = /incbin/("IMAGES/initramfs.cpio.gz"); type = "ramdisk"; arch = "arm64"; os = "linux";
             compression = "none"; load = <0x44000000>; };
};
configurations { default = "conf-a"; conf-a { kernel = "kernel"; fdt = "fdt-a"; ramdisk = "initramfs"; }; };
};
"""


@cache
def images() -> Path:
    output = PROJECT / "build" / "camera-clean"
    subprocess.run([sys.executable, str(CAMERA / "build.py"), "-o", str(output), "--clean"], check=True)
    return output / "images"


def partitions() -> tuple[Partition, ...]:
    found, start = [], MIB
    for name, size in SIZES.items():
        found.append(Partition(name, start, size * MIB))
        start += size * MIB
    return tuple(found)


def described(folder: Path, *, console: str = "output-only", health: Sequence[str] = ()) -> None:
    """Write what a build says of itself, of the files that are there."""
    files = tuple(
        File(str(path.relative_to(folder)), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != FILE
    )
    built = Built(
        "camera", "1.4.0", "qemu-arm64", "verity", console, 0, "", 0, tuple(health), 60, "", partitions(), files
    )
    (folder / FILE).write_text(to_json(built))


def small_build(folder: Path, *, console: str = "output-only") -> Path:
    """One that nothing can start, with a disk that is all hole: enough for a program that plays QEMU."""
    for name, content in {"boot/u-boot.bin": b"loader", "boot/control.dtb": b"tree", "slot/boot.fit": b"fit"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with (folder / "disk.img").open("wb") as disk:
        disk.truncate(2 * MIB + sum(SIZES.values()) * MIB)
    described(folder, console=console)
    return folder


def camera_build(folder: Path, health: Sequence[str] = ()) -> Path:
    for name in ("slot", "boot"):
        (folder / name).mkdir(parents=True)
    source = folder / "slot" / "boot.its"
    source.write_text(SOURCE.replace("IMAGES", str(images())))
    subprocess.run(["mkimage", "-f", source, folder / "slot" / "boot.fit"], check=True, capture_output=True)
    source.unlink()
    (folder / "boot" / "u-boot.bin").write_bytes(LOADER.read_bytes())
    (folder / "boot" / "control.dtb").write_bytes((images() / "camera.dtb").read_bytes())
    _disk(folder / "disk.img", folder / "slot" / "boot.fit")
    described(folder, health=health)
    return folder


def _disk(disk: Path, fit: Path) -> None:
    with disk.open("wb") as file:
        file.truncate(2 * MIB + sum(SIZES.values()) * MIB)
    rows = [f"start={one.start // 512},size={one.size // 512},name={one.name}" for one in partitions()]
    subprocess.run(["/sbin/sfdisk", "-q", disk], input="\n".join(["label: gpt", *rows]).encode(), check=True)
    content = {f"{BOOT}_a": fit, f"{ROOT}_a": images() / "rootfs.squashfs", DATA: images() / "data.ext4"}
    with disk.open("r+b") as file:
        for one in partitions():
            if one.name in content:
                file.seek(one.start)
                file.write(content[one.name].read_bytes())
