"""Deltas of real roots: what they take beside all of the root and beside other programs' deltas, and what applying one
costs beside writing the root as it is.

The sample camera's root with something changed, made anew by mksquashfs as a build makes it. Other programs are
measured where they are installed.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from measure import Cost, best_in_turn, cost, table

PROJECT = Path(__file__).resolve().parents[1]
ROOT = PROJECT / "build" / "camera-clean" / "images" / "rootfs.squashfs"
SQUASH = ("-quiet", "-no-progress", "-noappend", "-mkfs-time", "0", "-all-time", "0", "-comp", "xz")
MAKE = f"""
import sys
sys.path.insert(0, {str(PROJECT / "src")!r})
from pathlib import Path
from firmward.signing.blocks import delta
base, target, made = map(Path, sys.argv[1:])
made.write_bytes(delta(base.read_bytes(), target.read_bytes(), 1 << 40))
"""
APPLY = f"""
import hashlib, os, sys, time
sys.path.insert(0, {str(PROJECT / "src")!r})
from pathlib import Path
from firmward.trust.folder import Folder
from firmward.update.manifest import Blob, Payload, Source
from firmward.update.sources import blocks
from firmward.update.sources.source import Material
base, made, size, to = os.open(sys.argv[1], os.O_RDONLY), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
source = Source("blocks", Blob(made.stat().st_size, made.name), "0" * 64)
payload = Payload("root", size, "0" * 64, (source,))
material = Material(payload, source, Folder(made.parent), lambda at, length: os.pread(base, length, at))
started, digest = time.process_time(), hashlib.sha256()
with open(to, "wb") as out:
    for piece in blocks.opened(material).pieces(0):
        out.write(piece)
        digest.update(piece)
print(digest.hexdigest(), time.process_time() - started)
"""
COPY = f"""
import hashlib, sys, time
sys.path.insert(0, {str(PROJECT / "src")!r})
from pathlib import Path
from firmward.trust.folder import Folder
target = Path(sys.argv[1])
started, digest = time.process_time(), hashlib.sha256()
with open(sys.argv[2], "wb") as out:
    for piece in Folder(target.parent).stream((target.name,), 0, 1 << 40):
        out.write(piece)
        digest.update(piece)
print(digest.hexdigest(), time.process_time() - started)
"""


@dataclass(frozen=True, slots=True)
class Program:
    """How another program makes a delta and applies it: words, with BASE, TARGET, DELTA and OUT for the files."""

    name: str
    make: str
    apply: str


PROGRAMS = (
    Program("bsdiff", "bsdiff BASE TARGET DELTA", "bspatch BASE OUT DELTA"),
    Program("xdelta3", "xdelta3 -f -9 -S lzma -e -s BASE TARGET DELTA", "xdelta3 -f -d -s BASE DELTA OUT"),
    Program(
        "zstd",
        "zstd -q -f -19 --long=27 --patch-from=BASE TARGET -o DELTA",
        "zstd -q -f -d --long=27 --patch-from=BASE DELTA -o OUT",
    ),
)
"""zstd needs a library that Python 3.11 does not have; bsdiff needs all of base and target in the device's memory."""


def with_more(content: bytes) -> bytes:
    """All that follows has moved, as after a change of the source."""
    third = len(content) // 3
    return content[:third] + bytes.fromhex("1f2003d5") * 16 + content[third:]


CHANGES: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("the version in os-release", "etc/os-release", lambda content: content.replace(b"1.4", b"1.5")),
    ("64 bytes more within dropbear", "usr/sbin/dropbear", with_more),
    ("64 bytes more within BusyBox", "usr/bin/busybox", with_more),
)


def image(root: Path, to: Path) -> Path:
    subprocess.run(["mksquashfs", root, to, *SQUASH], check=True, capture_output=True)
    return to


def timed(program: str, *arguments: object) -> Cost:
    """Without the start of the interpreter, which is longer than the job."""
    whole = cost(python(program, *arguments))
    digest, _, seconds = whole.note.partition(" ")
    return replace(whole, cpu=float(seconds), note=digest)


def rows(folder: Path, base: Path, root: Path, change: int, rounds: int) -> list[list[str]]:
    label, name, changed = CHANGES[change]
    place = root / name
    before = place.read_bytes()
    place.write_bytes(changed(before))
    target = image(root, folder / f"target-{change}")
    place.write_bytes(before)
    made, out = folder / f"delta-{change}", folder / "out"
    size, digest = target.stat().st_size, hashlib.sha256(target.read_bytes()).hexdigest()
    making = cost(python(MAKE, base, target, made))
    jobs = [partial(timed, COPY, target, out), partial(timed, APPLY, base, made, size, out)]
    copying, applying = best_in_turn(jobs, rounds)
    for one in (copying, applying):
        if one.note != digest:
            raise SystemExit(f"{label}: another root came out")
    found = [row(label, "all of it", size, size, None, copying, copying)]
    found.append(row("", "firmward", made.stat().st_size, size, making, applying, copying))
    for program in PROGRAMS:
        if shutil.which(program.name):
            found.append(theirs(program, (base, target, made.with_suffix(f".{program.name}"), out), copying))
    return found


def theirs(program: Program, files: Sequence[Path], copying: Cost) -> list[str]:
    """Of the same pair. None of them says the digest of what came out, which a device needs."""
    _, target, made, out = files
    making, applying = cost(words(program.make, files)), cost(words(program.apply, files))
    if out.read_bytes() != target.read_bytes():
        raise SystemExit(f"{program.name}: another root came out")
    return row("", program.name, made.stat().st_size, target.stat().st_size, making, applying, copying)


def words(command: str, files: Sequence[Path]) -> list[str]:
    for name, path in zip(("BASE", "TARGET", "DELTA", "OUT"), files, strict=True):
        command = command.replace(name, str(path))
    return command.split()


def python(program: str, *words: object) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", program, *map(str, words)]


def row(job: str, program: str, made: int, size: int, making: Cost | None, applying: Cost, beside: Cost) -> list[str]:
    took = "" if making is None else f"{making.cpu:.2f}"
    part = f"{made / size:.2%}"
    return [job, program, f"{made:,}", part, took, f"{applying.cpu / beside.cpu:.2f}"]


def section(rounds: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = folder / "root"
        subprocess.run(["unsquashfs", "-q", "-n", "-d", root, ROOT], check=True, capture_output=True)
        base = image(root, folder / "base")
        made = [one for change in range(len(CHANGES)) for one in rows(folder, base, root, change, rounds)]
    header = ["changed", "sent", "bytes", "of all", "s CPU to make", "CPU to apply"]
    return "\n".join(
        [
            "## Deltas",
            "",
            f"The sample camera's root, {ROOT.stat().st_size:,} bytes of squashfs with xz, in blocks of 128 KiB. "
            "Applying counts beside writing all of it from the same folder. Ours and that are with the digest and "
            "without the start of the interpreter, the other programs without the digest.",
            "",
            table(header, made),
            "",
            "What is left of a delta is what xz made of the blocks and the tables that changed: no program that takes "
            "bytes as they are makes much less of it.",
        ]
    )
