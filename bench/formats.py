"""Reading all files of one root in each format, against the format's own tool, which has to write them."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import Cost, best, cost, table
from root_image import FOLDER, archive

TAKEN = ("bin/", "etc/", "sbin/", "usr/bin/", "usr/sbin/", "usr/lib/python3", "usr/lib/x86_64-linux-gnu/")
LIMIT = 80 << 20
"""Bytes of the root, so that a flash file system may hold it."""

CHILD = """
import sys
from pathlib import Path
from firmward.image import catalogue
from firmward.image.budget import Budget
from firmward.image.source import open_file
from firmward.model.tree import Kind, Tree
source, budget = open_file(Path(sys.argv[1])), Budget()
files = size = 0
pending = [source]
while pending:
    source = pending.pop()
    kind, length = catalogue.identify(source, catalogue.formats())
    opened = kind.open(source.slice(0, length), budget)
    if not isinstance(opened, Tree):
        pending += [child.source for child in opened if child.source is not None]
        continue
    for entry in opened.entries():
        if entry.kind is Kind.FILE:
            files += 1
            size += sum(map(len, opened.chunks(entry)))
print(f"{files:,} files, {size / 1e6:.0f} MB")
"""


@dataclass(frozen=True, slots=True)
class Row:
    """Words in which ROOT, IMAGE and OUT stand for the folder, the image and a new folder; `shell` lines."""

    name: str
    make: str
    extract: str


ROWS = (
    Row("squashfs, gzip", "mksquashfs ROOT IMAGE -quiet -no-progress -comp gzip", "unsquashfs -n -q -d OUT/x IMAGE"),
    Row("squashfs, zstd", "mksquashfs ROOT IMAGE -quiet -no-progress -comp zstd", "unsquashfs -n -q -d OUT/x IMAGE"),
    Row("squashfs, lzo", "mksquashfs ROOT IMAGE -quiet -no-progress -comp lzo", "unsquashfs -n -q -d OUT/x IMAGE"),
    Row("squashfs, lz4", "mksquashfs ROOT IMAGE -quiet -no-progress -comp lz4", "unsquashfs -n -q -d OUT/x IMAGE"),
    Row("squashfs, xz", "mksquashfs ROOT IMAGE -quiet -no-progress -comp xz", "unsquashfs -n -q -d OUT/x IMAGE"),
    Row("ext4", "mke2fs -q -t ext4 -d ROOT IMAGE 160M", "debugfs -R 'rdump / OUT' IMAGE"),
    Row(
        "FAT32",
        "mkfs.fat -F 32 -C IMAGE 180000 && (mcopy -s -n -o -i IMAGE ROOT/usr ::/ || true)",
        "mcopy -s -n -i IMAGE ::/ OUT",
    ),
    Row("tar", "tar -C ROOT -cf IMAGE .", "tar -C OUT -xf IMAGE"),
    Row("tar.gz", "tar -C ROOT -czf IMAGE .", "tar -C OUT -xzf IMAGE"),
    Row("tar.xz", "tar -C ROOT -cf - . | xz -T2 > IMAGE", "tar -C OUT -xJf IMAGE"),
    Row("tar.zst", "tar -C ROOT --zstd -cf IMAGE .", "tar -C OUT --zstd -xf IMAGE"),
    Row("tar.lz4", "tar -C ROOT -cf - . | lz4 -q > IMAGE", "lz4 -q -dc IMAGE | tar -C OUT -xf -"),
    Row("tar.lzo", "tar -C ROOT -cf - . | lzop > IMAGE", "lzop -dc IMAGE | tar -C OUT -xf -"),
    Row("tar.lz", "tar -C ROOT -cf - . | lzip > IMAGE", "lzip -dc IMAGE | tar -C OUT -xf -"),
    Row("cpio", "cd ROOT && find . | cpio --quiet -o -H newc > IMAGE", "cd OUT && cpio --quiet -idm < IMAGE"),
    Row("zip", "cd ROOT && zip -q -r -y - . > IMAGE", "unzip -q IMAGE -d OUT"),
    Row("EROFS, lz4", "mkfs.erofs -zlz4hc IMAGE ROOT", "fsck.erofs --extract=OUT/x IMAGE"),
    Row("EROFS, plain", "mkfs.erofs IMAGE ROOT", "fsck.erofs --extract=OUT/x IMAGE"),
    Row("cramfs", "mkfs.cramfs ROOT IMAGE", "fsck.cramfs --extract=OUT/x IMAGE"),
    Row("ISO 9660", "genisoimage -quiet -R -o IMAGE ROOT", "xorriso -osirrox on -indev IMAGE -extract / OUT/x"),
    Row("JFFS2", "mkfs.jffs2 -r ROOT -o IMAGE -e 128KiB", "jefferson -d OUT/x IMAGE"),
    Row("UBIFS", "mkfs.ubifs -r ROOT -o IMAGE -m 2048 -e 129024 -c 2000", "ubireader_extract_files -o OUT/x IMAGE"),
)
"""What has no tool that extracts it is left out: romfs, YAFFS2, squashfs before version 4."""


def folder() -> Path:
    """Part of the root of the other measurements, as a folder: programs, libraries, scripts, links."""
    made = FOLDER / "tree"
    if not made.is_dir():
        partial = FOLDER / "tree.partial"
        shutil.rmtree(partial, ignore_errors=True)
        left = LIMIT
        with tarfile.open(archive()) as source:
            for member in source:
                name = member.name.removeprefix("./")
                if name.startswith(TAKEN) and (member.isreg() or member.issym()) and member.size <= left:
                    left -= member.size
                    source.extract(member, partial, filter="tar")
        partial.rename(made)
    return made


def image(row: Row) -> Path:
    path = FOLDER / "formats" / row.name.replace(" ", "-").replace(",", "")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(path.suffix + ".partial")
        partial.unlink(missing_ok=True)
        subprocess.run(words(row.make, partial), shell=True, check=True, capture_output=True)
        partial.rename(path)
    return path


def words(line: str, path: Path, out: str = "") -> str:
    return line.replace("ROOT", str(folder())).replace("IMAGE", str(path)).replace("OUT", out)


def extract(row: Row, path: Path) -> Cost:
    out = tempfile.mkdtemp(prefix="bench-", dir=FOLDER)
    try:
        return cost(["sh", "-c", words(row.extract, path, out)])
    finally:
        shutil.rmtree(out)


def read(path: Path) -> Cost:
    return cost([sys.executable, "-c", CHILD, str(path)])


def measured(row: Row, tool: str, rounds: int) -> list[str]:
    path = image(row)
    theirs = best(lambda: extract(row, path), rounds)
    ours = best(lambda: read(path), rounds)
    found = [row.name, tool, f"{theirs.cpu:.2f}", f"{ours.cpu:.2f}", f"{ours.cpu / theirs.cpu:.2f}", ours.note]
    print(" | ".join(found), file=sys.stderr)
    return found


def tool_of(row: Row) -> str:
    return row.extract.split("&& ")[-1].split()[0]


def section(rounds: int) -> str:
    os.environ["PATH"] += os.pathsep + sysconfig.get_path("scripts")  # jefferson and ubireader come with unblob
    rows = [measured(row, tool_of(row), rounds) for row in ROWS if shutil.which(tool_of(row))]
    text = "One root of 80 MB. The tool writes the files; firmward reads them in place, in one thread."
    header = ["format", "its tool", "tool CPU s", "firmward CPU s", "ratio", ""]
    return f"## Reading every file of each format\n\n{text}\n\n{table(header, rows)}"
