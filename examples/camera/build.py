"""Build the sample camera: a bootable arm64 disk image with the field's common mistakes in it, or none with --clean.

The camera is made of layers. This folder is the first: contents.toml names the Debian packages, files, applets and
modules, rootfs/ and data/ lie over them. mistakes/ is a second layer of the same form. Two builds from the same
packages give the same bytes.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import disk
import interpreter
import packages

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1764547200"))  # the day of release 1.4.0

# program → Debian package
PROGRAMS = {
    "debugfs": "e2fsprogs",
    "dtc": "device-tree-compiler",
    "mformat": "mtools",
    "mke2fs": "e2fsprogs",
    "mksquashfs": "squashfs-tools",
    "mmdebstrap": "mmdebstrap",
    "sgdisk": "gdisk",
}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

UBOOT = "usr/lib/u-boot/rock64-rk3328"
BOOT_SIZE = 64 * disk.MIB
SLOT_SIZE = 32 * disk.MIB
DATA_SIZE = 16 * disk.MIB
FIRST_PARTITION = 16 * disk.MIB
DISK_SIZE = FIRST_PARTITION + BOOT_SIZE + 2 * SLOT_SIZE + DATA_SIZE + disk.MIB  # the last for the backup table

INITRAMFS_APPLETS = (
    "cat", "echo", "grep", "modprobe", "mount", "reboot", "sed", "sh", "sleep", "switch_root", "umount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    folder: Path
    contents: Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # a normal user's path lacks mke2fs and sgdisk
    try:
        require_programs()
        with alone(options.cache), alone(options.output):
            build(options.output, options.cache, layers(clean=options.clean))
    except (packages.MissingPartError, MissingProgramError, OSError, ValueError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("build.py: stopped, nothing half-written is left", file=sys.stderr)
        return 130
    except subprocess.CalledProcessError as error:
        print(f"build.py: {error.cmd[0]} failed ({error.returncode}): {error.stderr[-800:].strip()}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="build.py", description="Build the sample camera's disk image.")
    result.add_argument("-o", "--output", type=Path, default=PROJECT / "build/camera", help="folder for camera.img")
    result.add_argument("--cache", type=Path, default=PROJECT / "build/cache", help="folder for unpacked packages")
    result.add_argument("--clean", action="store_true", help="build the camera without the mistakes")
    return result


class MissingProgramError(Exception):
    """Programs of the host that the recipe needs."""


def require_programs() -> None:
    missing = {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
    if not KEYRING.exists():
        missing.add("debian-archive-keyring")
    if missing:
        raise MissingProgramError(f"install what is missing: sudo apt-get install {' '.join(sorted(missing))}")


def layers(*, clean: bool) -> list[Layer]:
    folders = [HERE] if clean else [HERE, HERE / "mistakes"]
    return [Layer(folder, tomllib.loads((folder / "contents.toml").read_text())) for folder in folders]


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second build with the same folder waiting until this one has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(output: Path, cache: Path, chosen: Sequence[Layer]) -> None:
    say = Progress()
    say("packages: from the cache, or fetched for the first time")
    # one set for both cameras, so that building the other one fetches nothing
    tree = packages.fetch(every(layers(clean=False), "packages"), cache)
    images, stamp = output / "images", output / "recipe.sha256"
    images.mkdir(parents=True, exist_ok=True)
    recipe = recipe_digest(chosen, tree)
    if (output / "camera.img").is_file() and stamp.is_file() and stamp.read_text() == recipe:
        say(f"current: {output / 'camera.img'}")
        return
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix="work.") as name:
        work = Path(name)
        say("root file system, compressed with xz")
        system, data = permission_tables(chosen)
        stage_rootfs(chosen, tree, work / "rootfs")
        disk.squashfs(work / "rootfs", images / "rootfs.squashfs", system, EPOCH)
        say("data partition")
        stage_data(chosen, data, work / "data")
        disk.ext4(work / "data", images / "data.ext4", DATA_SIZE, data, EPOCH)
        say("boot partition")
        stage_initramfs(tree, chosen, work / "initramfs")
        disk.initramfs(work / "initramfs", images / "initramfs.cpio.gz", EPOCH)
        copy_boot_files(tree, images)
        stage_tools(tree, chosen, output / "tools")
        disk.fat(boot_files(images), images / "boot.vfat", BOOT_SIZE, EPOCH)
        say("disk image")
        assemble(images, work / "camera.img")
        (work / "camera.img").rename(output / "camera.img")
    stamp.write_text(recipe)
    say(f"done: {output / 'camera.img'}")


def recipe_digest(chosen: Sequence[Layer], tree: Path) -> str:
    """Stands for all that goes in: these layers, the recipe, and which packages were unpacked."""
    digest = hashlib.sha256(f"{EPOCH} {len(chosen)} {tree.name} {tree.stat().st_mtime_ns}".encode())
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(HERE)} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def every(chosen: Iterable[Layer], key: str) -> list[str]:
    return [value for layer in chosen for value in layer.contents[key]]


def permission_tables(chosen: Iterable[Layer]) -> tuple[dict[str, disk.Permission], dict[str, disk.Permission]]:
    """What contents.toml says of owners and modes, for the root and for the data partition."""
    system: dict[str, disk.Permission] = {}
    data: dict[str, disk.Permission] = {}
    for layer in chosen:
        for path, words in layer.contents["permissions"].items():
            mode, user, group = words.split()
            permission = disk.Permission(int(mode, 8), int(user), int(group))
            if path.startswith("/data/"):
                data[path.removeprefix("/data")] = permission
            else:
                system[path] = permission
    return system, data


def stage_rootfs(chosen: Sequence[Layer], tree: Path, target: Path) -> None:
    python = interpreter.files(tree, (name for layer in chosen for name in layer.contents.get("python", [])))
    copy_programs(packages.with_libraries(tree, [*every(chosen, "files"), *python]), target)
    interpreter.compile_modules(target)
    modules = packages.Modules(tree)
    wanted = [name for layer in chosen for name in layer.contents["modules"].get("root", [])]
    modules.install(wanted, target / "usr/lib/modules" / modules.version)
    config = next((tree / "boot").glob("config-*"))
    copy_files({f"boot/{config.name}": config}, target)
    busybox = target / "usr/bin/busybox"
    for layer in chosen:
        for folder, applets in layer.contents["applets"].items():
            require_applets(busybox, applets)
            link_applets(applets, target / folder.lstrip("/"))
        for folder in layer.contents["folders"]["rootfs"]:
            (target / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for link, destination in layer.contents["links"].items():
            place_link(target / link.lstrip("/"), destination)
        shutil.copytree(layer.folder / "rootfs", target, dirs_exist_ok=True)
    set_plain_modes(target)


def stage_data(chosen: Iterable[Layer], permissions: Iterable[str], target: Path) -> None:
    for layer in chosen:
        shutil.copytree(layer.folder / "data", target, dirs_exist_ok=True)
    for path in permissions:
        if not (target / path.lstrip("/")).exists():
            (target / path.lstrip("/")).mkdir(parents=True)
    set_plain_modes(target)


def stage_initramfs(tree: Path, chosen: Iterable[Layer], target: Path) -> None:
    copy_files({"bin/busybox": packages.resolved(tree, "bin/busybox"), "init": HERE / "initramfs/init"}, target)
    for applet in INITRAMFS_APPLETS:
        place_link(target / "bin" / applet, "busybox")
    place_link(target / "sbin", "bin")  # the kernel itself calls /sbin/modprobe
    for folder in ("dev", "etc", "newroot", "proc", "sys"):
        (target / folder).mkdir()
    names = [name for layer in chosen for name in layer.contents["modules"].get("initramfs", [])]
    (target / "etc/modules").write_text("".join(f"{name}\n" for name in names))
    modules = packages.Modules(tree)
    modules.install(names, target / "lib/modules" / modules.version)


def stage_tools(tree: Path, chosen: Iterable[Layer], target: Path) -> None:
    """What `firmward build` puts into the initramfs that verifies."""
    shutil.rmtree(target, ignore_errors=True)
    names = [name for layer in chosen for name in layer.contents.get("tools", [])]
    copy_programs(packages.with_libraries(tree, names), target)
    for folder in ("bin", "lib", "sbin"):
        place_link(target / folder, f"usr/{folder}")
    set_plain_modes(target)


def copy_files(files: Mapping[str, Path], target: Path) -> None:
    for name, source in files.items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def copy_programs(files: Mapping[str, Path], target: Path) -> None:
    """A library keeps the name with its full version, and the name that programs ask for links to it."""
    full = {str(Path(name).with_name(source.name)): source for name, source in files.items()}
    copy_files(full, target)
    for name, source in files.items():
        if not (target / name).exists():
            place_link(target / name, source.name)


def require_applets(busybox: Path, applets: Iterable[str]) -> None:
    program = busybox.read_bytes()
    missing = [applet for applet in applets if b"\0%b\0" % applet.encode() not in program]
    if missing:
        raise packages.MissingPartError(f"Debian's BusyBox has no applet {', '.join(missing)}")


def link_applets(applets: Iterable[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for applet in applets:
        place_link(folder / applet, os.path.relpath("/usr/bin/busybox", "/" + "/".join(folder.parts[-2:])))


def place_link(link: Path, destination: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(destination)


def set_plain_modes(folder: Path) -> None:
    """Whatever this machine's umask and checkout made of them: what is not in the table is 0644 or 0755."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(disk.default_mode(path))


def copy_boot_files(tree: Path, images: Path) -> None:
    """What a build system leaves beside the disk image, under the names that it uses."""
    kernel = next((tree / "boot").glob("vmlinuz-*"))
    config = next((tree / "boot").glob("config-*"))
    for earlier in images.glob("config-*"):
        earlier.unlink()
    files = {"Image": kernel, config.name: config, "extlinux.conf": HERE / "boot/extlinux/extlinux.conf"}
    files |= {name: tree / UBOOT / name for name in ("idbloader.img", "u-boot.itb")}
    copy_files(files, images)
    disk.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", images / "camera.dtb", HERE / "virt.dts"], EPOCH)


def boot_files(images: Path) -> dict[str, Path]:
    files = {name: images / name for name in ("Image", "camera.dtb", "initramfs.cpio.gz")}
    return files | {"extlinux/extlinux.conf": images / "extlinux.conf"}


def assemble(images: Path, image: Path) -> None:
    partitions = [
        disk.Partition("boot", BOOT_SIZE, disk.BASIC_DATA, images / "boot.vfat"),
        disk.Partition("rootfs_a", SLOT_SIZE, disk.LINUX_DATA, images / "rootfs.squashfs"),
        disk.Partition("rootfs_b", SLOT_SIZE, disk.LINUX_DATA, images / "rootfs.squashfs"),
        disk.Partition("data", DATA_SIZE, disk.LINUX_DATA, images / "data.ext4"),
    ]
    # where the boot ROM of a Rockchip RK3328 and its first stage look
    blobs = [disk.Blob(64, images / "idbloader.img"), disk.Blob(16384, images / "u-boot.itb")]
    disk.gpt(image, DISK_SIZE, FIRST_PARTITION, partitions, blobs, EPOCH)


class Progress:
    def __init__(self) -> None:
        self.start = time.monotonic()

    def __call__(self, step: str) -> None:
        print(f"[{time.monotonic() - self.start:5.1f} s] {step}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
