"""Make file systems and the disk image from folders, without root and with the same bytes each time.

Owners and modes never come from the folders on this machine: they are given as a table, so a build by a normal user
and one by root are equal.
"""

import gzip
import os
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
MIB = 1024 * 1024
NAMESPACE = uuid.UUID("b1e0c6f2-7a35-4c65-9d0f-4a2f1c3e5d70")
LINUX_DATA, BASIC_DATA = "8300", "0700"


@dataclass(frozen=True, slots=True)
class Permission:
    mode: int
    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Partition:
    name: str
    size: int
    code: str
    content: Path


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that a boot ROM reads from a fixed place outside every partition."""

    sector: int
    content: Path


def run(command: Sequence[str | Path], epoch: int) -> None:
    own = {"SOURCE_DATE_EPOCH": str(epoch), "E2FSPROGS_FAKE_TIME": str(epoch), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, env=os.environ | own)


def squashfs(folder: Path, image: Path, permissions: Mapping[str, Permission], epoch: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    # mksquashfs 4.5 lets -all-root win over the table, so the table names every path
    table = image.with_suffix(".permissions")
    table.write_text("".join(pseudo_definitions(folder, permissions)))
    command: list[str | Path] = ["mksquashfs", folder, image, "-noappend", "-no-progress", "-comp", "xz", "-no-xattrs"]
    command += ["-pf", table, "-root-mode", "0755", "-root-uid", "0", "-root-gid", "0"]
    run(command, epoch)
    table.unlink()


def pseudo_definitions(folder: Path, permissions: Mapping[str, Permission]) -> list[str]:
    lines = []
    for path in sorted(folder.rglob("*")):
        name = f"/{path.relative_to(folder)}"
        own = permissions.get(name, Permission(default_mode(path), 0, 0))
        lines.append(f'"{name}" m {own.mode:o} {own.user} {own.group}\n')
    return lines


def ext4(folder: Path, image: Path, size: int, permissions: Mapping[str, Permission], epoch: int) -> None:
    image.unlink(missing_ok=True)
    identity = uuid.uuid5(NAMESPACE, image.name)
    command: list[str | Path] = ["mke2fs", "-q", "-t", "ext4", "-L", "data", "-U", str(identity), "-m", "0"]
    command += ["-E", f"hash_seed={identity},root_owner=0:0,lazy_itable_init=0"]
    command += ["-d", folder, image, f"{size // 1024}k"]
    run(command, epoch)
    # mke2fs copies owner, mode and change time from this machine, so each inode is set afterwards
    script = image.with_suffix(".debugfs")
    script.write_text("".join(inode_settings(folder, permissions, epoch)))
    run(["debugfs", "-w", "-f", script, image], epoch)
    script.unlink()


def inode_settings(folder: Path, permissions: Mapping[str, Permission], epoch: int) -> list[str]:
    lines = []
    for path in sorted(folder.rglob("*")):
        name = f"/{path.relative_to(folder)}"
        own = permissions.get(name, Permission(default_mode(path), 0, 0))
        kind = 0o040000 if path.is_dir() else 0o100000
        fields = {"mode": f"0{kind | own.mode:o}", "uid": own.user, "gid": own.group}
        fields |= dict.fromkeys(("atime", "ctime", "mtime", "crtime"), f"@{epoch}")
        lines += [f'sif "{name}" {field} {value}\n' for field, value in fields.items()]
    return lines


def default_mode(path: Path) -> int:
    if path.is_symlink():
        return 0o777
    return 0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644


def initramfs(folder: Path, image: Path, epoch: int) -> None:
    """A gzipped cpio archive in the newc format; written here, since a device node in it must not need root."""
    archive = bytearray()
    entries = [(path, str(path.relative_to(folder))) for path in sorted(folder.rglob("*"))]
    for number, (path, name) in enumerate(entries, start=1):
        archive += cpio_entry(number, name, *cpio_content(path), epoch)
    archive += cpio_entry(len(entries) + 1, "dev/console", 0o020600, b"", epoch, device=(5, 1))
    archive += cpio_entry(0, "TRAILER!!!", 0, b"", 0)
    image.write_bytes(gzip.compress(bytes(archive), 9, mtime=0))


def cpio_content(path: Path) -> tuple[int, bytes]:
    if path.is_symlink():
        return 0o120777, os.fsencode(path.readlink())
    if path.is_dir():
        return 0o040755, b""
    return 0o100000 | default_mode(path), path.read_bytes()


def cpio_entry(
    number: int, name: str, mode: int, content: bytes, epoch: int, *, device: tuple[int, int] = (0, 0)
) -> bytes:
    encoded = name.encode() + b"\0"
    links = 2 if mode & 0o170000 == 0o040000 else 1
    fields = (number, mode, 0, 0, links, epoch, len(content), 0, 0, *device, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return padded(header) + padded(content)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def fat(files: Mapping[str, Path], image: Path, size: int, epoch: int) -> None:
    image.unlink(missing_ok=True)
    serial = f"{uuid.uuid5(NAMESPACE, image.name).int & 0xFFFFFFFF:08x}"
    command: list[str | Path] = ["mformat", "-i", image, "-C", "-F", "-T", str(size // SECTOR)]
    run([*command, "-h", "16", "-s", "63", "-v", "BOOT", "-N", serial, "::"], epoch)
    for folder in sorted({str(Path(name).parent) for name in files} - {"."}):
        run(["mmd", "-i", image, f"::{folder}"], epoch)
    for name, content in sorted(files.items()):
        run(["mcopy", "-i", image, content, f"::{name}"], epoch)


def gpt(image: Path, size: int, first: int, partitions: Sequence[Partition], blobs: Sequence[Blob], epoch: int) -> None:
    """A disk with the partitions one after another from the first byte on; the gaps stay holes in the file."""
    image.unlink(missing_ok=True)
    with image.open("wb") as disk:
        disk.truncate(size)
    command: list[str | Path] = ["sgdisk", "-a", "2048", "-U", str(uuid.uuid5(NAMESPACE, image.name))]
    start = first
    for number, partition in enumerate(partitions, start=1):
        last = (start + partition.size) // SECTOR - 1
        identity = uuid.uuid5(NAMESPACE, partition.name)
        command += ["-n", f"{number}:{start // SECTOR}:{last}", "-t", f"{number}:{partition.code}"]
        command += ["-c", f"{number}:{partition.name}", "-u", f"{number}:{identity}"]
        copy_into(image, start, partition.content, partition.size)
        start += partition.size
    for blob in blobs:
        copy_into(image, blob.sector * SECTOR, blob.content, first - blob.sector * SECTOR)
    run([*command, image], epoch)


def copy_into(image: Path, offset: int, content: Path, room: int) -> None:
    if content.stat().st_size > room:
        raise ValueError(f"{content.name} has {content.stat().st_size} bytes, and there is room for {room}")
    with image.open("r+b") as disk, content.open("rb") as source:
        disk.seek(offset)
        while chunk := source.read(MIB):
            if chunk.count(0) == len(chunk):
                disk.seek(len(chunk), os.SEEK_CUR)
            else:
                disk.write(chunk)
