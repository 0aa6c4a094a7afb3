"""Real roots to measure on: Debian packages as an xz squashfs of 110 MB, and several times that root in one image.

Made by mmdebstrap from this machine's own apt sources, once, and kept under build/bench/.
"""

import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "build" / "bench"
PACKAGES = ("openssh-server", "python3", "perl", "nginx", "curl", "gdb", "dnsmasq", "mosquitto", "openssl")
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources")
SQUASH = ("-tar", "-no-progress", "-quiet", "-b", "128K")


def root_image() -> Path:
    """About 110 MB and 12,000 files; minutes of CPU the first time, most of them xz."""
    image = FOLDER / "root.xz.squashfs"
    if not image.is_file():
        partial = image.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        with archive().open("rb") as stream:
            subprocess.run(["mksquashfs", "-", str(partial), *SQUASH, "-comp", "xz"], stdin=stream, check=True)
        partial.rename(image)
    return image


def scaled_image(times: int) -> Path:
    """The same root `times` over, the copies in folders of their own and none shared."""
    image = FOLDER / f"root.{times}.squashfs"
    if not image.is_file():
        partial = image.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        options = (*SQUASH, "-comp", "gzip", "-Xcompression-level", "1", "-no-duplicates")
        packer = subprocess.Popen(["mksquashfs", "-", str(partial), *options], stdin=subprocess.PIPE)
        assert packer.stdin is not None
        with tarfile.open(fileobj=packer.stdin, mode="w|") as out:
            for copy in range(times):
                _append(out, "" if copy == 0 else f"copy{copy}/")
        packer.stdin.close()
        if packer.wait():
            raise SystemExit("mksquashfs failed")
        partial.rename(image)
    return image


def _append(out: tarfile.TarFile, prefix: str) -> None:
    with tarfile.open(archive()) as source:
        for member in _members(source):
            content = source.extractfile(member) if member.isreg() else None
            member.name = prefix + member.name.removeprefix("./")
            if member.islnk():
                member.linkname = prefix + member.linkname.removeprefix("./")
            out.addfile(member, content)


def _members(source: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    return (member for member in source if member.name.strip("./"))


def archive() -> Path:
    archive = FOLDER / "root.tar"
    if not archive.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        sources = [path for path in SOURCES if Path(path).is_file() and Path(path).read_text().strip()]
        partial = archive.with_suffix(".partial")
        command = ["mmdebstrap", "--format=tar", "--variant=important", f"--include={','.join(PACKAGES)}"]
        subprocess.run([*command, _suite(), str(partial), *sources], check=True)
        partial.rename(archive)
    return archive


def _suite() -> str:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    release = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    return release["VERSION_CODENAME"]
