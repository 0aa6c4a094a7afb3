"""A small image with everything that looking inside must bear: a tar that nobody good has made."""

import io
import tarfile
from pathlib import Path

MTIME = 1_700_000_000
LONG = "n" * 300
HOSTILE = "red\x1b[31m\nline"


def member(archive: tarfile.TarFile, name: str, content: bytes = b"", **about: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    info.mtime = MTIME
    info.mode = 0o644
    for key, value in about.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


def link(archive: tarfile.TarFile, name: str, target: str) -> None:
    member(archive, name, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def system(path: Path) -> Path:
    """A root file system as a tar, with files, links and devices, and names that are hard to say."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for folder in ("etc", "bin", "usr", "dev", "a", "a/deep", "colon:", "lib"):
            member(archive, folder, type=tarfile.DIRTYPE, mode=0o755)
        member(archive, "etc/passwd", b"root:x:0:0::/root:/bin/sh\n")
        member(archive, "etc/os-release", b'PRETTY_NAME="Porch 1.2"\n')
        member(archive, "etc/shadow", b"root:*::::::\n", mode=0o600, uid=0, gid=42)
        member(archive, "bin/su", b"\x7fELF\0", mode=0o4755)
        member(archive, "bin/zeros", bytes(1 << 20) + b"end", mode=0o755)
        member(archive, "colon:/a:b", b"colons\n")
        member(archive, "etc/[x]", b"brackets\n")
        member(archive, "etc/latin-\udce9", b"not UTF-8\n")
        member(archive, f"etc/{HOSTILE}", b"names lie\n")
        member(archive, "etc/caps", b"", pax_headers={"SCHILY.xattr.security.capability": "cap"})
        member(archive, "dev/console", type=tarfile.CHRTYPE, devmajor=5, devminor=1, mode=0o600)
        member(archive, "dev/pipe", type=tarfile.FIFOTYPE)
        link(archive, "bin/sh", "su")
        link(archive, "lib/inner", "../etc/passwd")
        link(archive, "etc/absolute", "/etc/passwd")
        link(archive, "a/deep/up", "../../../../../../etc/passwd")
        link(archive, "a/through", "deep/../../../outside")
        link(archive, "loop", "loop/x")
        link(archive, "etc/nowhere", "/proc/mounts")
    return path


def attack(path: Path, outside: Path) -> Path:
    """A tar that tries to get at `outside`: by name, by link, by a link and then a file through it."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        member(archive, "etc", type=tarfile.DIRTYPE, mode=0o755)
        member(archive, "bin", type=tarfile.DIRTYPE, mode=0o755)
        member(archive, "../x", b"out by name")
        member(archive, f"{outside}/x", b"out by an absolute name")
        link(archive, "way", str(outside))
        member(archive, "way/x", b"out through a link")
        member(archive, "both", type=tarfile.DIRTYPE, mode=0o755)
        member(archive, "both/x", b"a folder that is a link later")
        link(archive, "both", str(outside))
        link(archive, "up", "../" * 12 + str(outside).lstrip("/"))
        link(archive, "up/x", "y")
        member(archive, "etc/suid", b"\x7fELF", mode=0o6777)
        member(archive, "dev/sda", type=tarfile.BLKTYPE, devmajor=8, devminor=0)
        member(archive, LONG, b"a name that no host takes")
        member(archive, "d/" * 200 + "deep", b"too deep")
    return path
