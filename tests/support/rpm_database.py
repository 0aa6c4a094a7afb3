"""Databases of rpm with real packages: by rpm itself, by Berkeley DB's own tool, and rpm's ndb written by its rules."""

import shutil
import sqlite3
import struct
import subprocess
from pathlib import Path

import pytest

SPEC = """Name: {name}
Version: 2.10
Release: 3.el9
{epoch}Summary: greets
License: GPL-3.0-or-later
Vendor: Maker
BuildArch: noarch
Requires: bash >= 4
%description
greets
%install
mkdir -p %{{buildroot}}/usr/bin %{{buildroot}}/etc
echo hello > %{{buildroot}}/usr/bin/{name}
echo color > %{{buildroot}}/etc/{name}.conf
%files
/usr/bin/{name}
/etc/{name}.conf
"""


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def built(folder: Path) -> Path:
    """The SQLite database of a system with two packages, `hello` and `goodbye` with the epoch 1."""
    needs("rpmbuild")
    for name, epoch in (("hello", ""), ("goodbye", "Epoch: 1\n")):
        spec = folder / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, epoch=epoch))
        _run("rpmbuild", "-bb", "--define", f"_topdir {folder}", str(spec))
    made = sorted(str(path) for path in folder.rglob("*.rpm"))
    _run("rpm", "--define", "_db_backend sqlite", "--dbpath", str(folder / "db"), "-i", "--justdb", "--nodeps", *made)
    return folder / "db" / "rpmdb.sqlite"


def headers(database: Path) -> list[bytes]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return [blob for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum")]
    finally:
        connection.close()


def as_ndb(blobs: list[bytes]) -> bytes:
    """`Packages.db`: Debian's rpm cannot write it."""
    slots, content, place = b"", b"", 4096 // 16
    for number, blob in enumerate(blobs, 1):
        body = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        body += bytes(-len(body) % 16)
        slots += struct.pack("<4sIII", b"Slot", number, place, len(body) // 16)
        content += body
        place += len(body) // 16
    head = struct.pack("<4sIIIIIII", b"RpmP", 0, 1, 1, len(blobs) + 1, 0, 0, 0) + slots
    free = struct.pack("<4sIII", b"Slot", 0, 0, 0)
    return head + free * ((4096 - len(head)) // 16) + content


def as_berkeley(blobs: list[bytes], file: Path, *, page: int = 4096, order: str = "1234") -> bytes:
    """`Packages`, written by Berkeley DB itself."""
    needs("db5.3_load")
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_pagesize={page}", f"db_lorder={order}", "HEADER=END"]
    for number, blob in enumerate((struct.pack("<I", len(blobs)), *blobs)):
        lines += [" " + struct.pack("<I", number).hex(), " " + blob.hex()]
    file.unlink(missing_ok=True)
    _run("db5.3_load", str(file), text="\n".join([*lines, "DATA=END", ""]))
    return file.read_bytes()


def _run(*command: str, text: str = "") -> None:
    subprocess.run(command, input=text, text=True, capture_output=True, check=True)
