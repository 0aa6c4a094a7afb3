"""A small root file system with all that is hard to carry over, as a tar archive, and as images of other kinds."""

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from program import find_program

CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
EPOCH = 1_700_000_000
OLD = 1_500_000_000
LATE = 1_900_000_000

TYPES = {"c": tarfile.CHRTYPE, "b": tarfile.BLKTYPE, "p": tarfile.FIFOTYPE, "d": tarfile.DIRTYPE}


def add(
    archive: tarfile.TarFile,
    name: str,
    content: bytes | None = None,
    *,
    mode: int = 0o644,
    owner: tuple[int, int] = (0, 0),
    mtime: int = OLD,
    link: str = "",
    hard: str = "",
    node: str = "",
    device: tuple[int, int] = (0, 0),
    xattrs: Mapping[str, bytes] | None = None,
) -> None:
    header = tarfile.TarInfo(name)
    header.mode, header.mtime = mode, mtime
    header.uid, header.gid = owner
    header.size = len(content or b"")
    header.devmajor, header.devminor = device
    if link or hard:
        header.type, header.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.LNKTYPE, hard)
    elif content is None:
        header.type = TYPES[node or "d"]
    header.pax_headers = {
        f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape") for key, value in (xattrs or {}).items()
    }
    archive.addfile(header, io.BytesIO(content or b""))


def write_tar(path: Path) -> Path:
    """Entries in no order, as archives come."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "sbin", mode=0o755)
        add(archive, "sbin/init", b"\x7fELF" + bytes(range(256)) * 2000, mode=0o4755, mtime=LATE)
        add(archive, "bin", mode=0o755)
        add(archive, "bin/ping", b"ping" * 5000, mode=0o755, xattrs={"security.capability": CAPABILITY})
        add(archive, "bin/ping6", hard="bin/ping", mode=0o755, xattrs={"security.capability": CAPABILITY})
        add(archive, "dev", mode=0o755)
        add(archive, "dev/null", node="c", mode=0o666, device=(1, 3))
        add(archive, "dev/disk", node="b", mode=0o660, owner=(0, 6), device=(259, 300))
        add(archive, "dev/log", node="p", mode=0o600)
        add(archive, "etc", mode=0o755)
        add(archive, "etc/shadow", b"root:*:::::::\n", mode=0o640, owner=(0, 42))
        add(archive, "etc/empty", b"")
        add(archive, "etc/link", link="../bin/ping", mode=0o777)
        add(archive, "srv", mode=0o1777, owner=(1000, 70000), xattrs={"user.note": b"a=\n\xff\0"})
        add(archive, "srv/odd \udcff\n\"name'", b"odd", owner=(3_000_000_000, 1))
    return path


def write_squashfs(tar: Path, path: Path, compression: str = "gzip") -> Path:
    with tar.open("rb") as stream:
        command = [
            find_program("mksquashfs") or "mksquashfs",
            "-",
            str(path),
            "-tar",
            "-noappend",
            "-comp",
            compression,
        ]
        subprocess.run(command, stdin=stream, check=True, capture_output=True, timeout=60)
    return path


def write_ext4(path: Path, folder: Path) -> Path:
    """The same but for the odd name, whose commands debugfs could not be given."""
    (folder / "ping").write_bytes(b"ping" * 5000)
    (folder / "capability").write_bytes(CAPABILITY)
    mke2fs = [find_program("mke2fs") or "mke2fs", "-q", "-t", "ext4", str(path), "8M"]
    subprocess.run(mke2fs, check=True, capture_output=True, timeout=60)
    commands = f"""
        mkdir bin
        write {folder}/ping bin/ping
        ln bin/ping bin/ping6
        sif bin/ping links_count 2
        sif bin/ping mode 0104755
        sif bin/ping uid 7
        sif bin/ping gid 70000
        sif bin/ping mtime @{OLD}
        ea_set -f {folder}/capability bin/ping security.capability
        mkdir dev
        cd dev
        mknod null c 1 3
        mknod disk b 259 300
        cd ..
        symlink link bin/ping
    """
    debugfs = [find_program("debugfs") or "debugfs", "-w", "-f", "-", str(path)]
    subprocess.run(debugfs, input=commands.encode(), check=True, capture_output=True, timeout=60)
    return path
