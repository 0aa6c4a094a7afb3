"""Reading a squashfs in place against unsquashfs, in the same run: CPU, wall time and peak memory.

The image is a Debian root made by mmdebstrap from this machine's own apt sources, about 12,000 files and 110 MB as xz;
it is kept under build/bench/. `--image` takes another one, `--markdown` prints the table alone.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "build" / "bench"
IMAGE = FOLDER / "root.xz.squashfs"
PACKAGES = ("openssh-server", "python3", "perl", "nginx", "curl", "gdb", "dnsmasq", "mosquitto", "openssl")
SOURCES = ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources")


@dataclass(frozen=True, slots=True)
class Cost:
    name: str
    cpu: float
    wall: float
    memory: int
    """Peak resident set in MiB."""
    note: str


def build(image: Path) -> None:
    """Makes the image once: five minutes of CPU, most of them xz."""
    image.parent.mkdir(parents=True, exist_ok=True)
    archive = image.parent / "root.tar"
    sources = [path for path in SOURCES if Path(path).is_file() and Path(path).read_text().strip()]
    suite = _release()["VERSION_CODENAME"]
    include = f"--include={','.join(PACKAGES)}"
    if not archive.is_file():
        partial = archive.with_suffix(".partial")
        command = ["mmdebstrap", "--format=tar", "--variant=important", include, suite, str(partial), *sources]
        subprocess.run(command, check=True)
        partial.rename(archive)
    partial = image.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with archive.open("rb") as stream:
        command = ["mksquashfs", "-", str(partial), "-tar", "-comp", "xz", "-b", "128K", "-no-progress", "-quiet"]
        subprocess.run(command, stdin=stream, check=True)
    partial.rename(image)
    archive.unlink()


def _release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def cost(name: str, command: list[str]) -> Cost:
    """Runs a program to its end; the kernel says what it used, threads included."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    last = output.strip().splitlines()[-1] if name.startswith("firmward") else ""
    return Cost(name, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss // 1024, last)


def child(job: str, image: Path) -> None:
    """What the measured process of ours does."""
    from firmward.image.budget import Budget
    from firmward.image.filesystem.squashfs import FORMAT
    from firmward.image.source import open_file
    from firmward.model.tree import Kind

    started = time.process_time()
    tree = FORMAT.open(open_file(image), Budget())
    entries = list(tree.entries())
    if job == "list":
        print(f"{len(entries)} entries, {time.process_time() - started:.2f} s CPU without the interpreter's start")
        return
    files = [entry for entry in entries if entry.kind is Kind.FILE]
    total = sum(len(piece) for _, pieces in tree.read_all(files, int(job)) for piece in pieces)
    print(f"{len(files)} files, {total / 1e6:.0f} MB")


def unsquash(image: Path) -> Cost:
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=FOLDER))
    try:
        return cost("unsquashfs, writes files", ["unsquashfs", "-n", "-q", "-d", str(folder / "root"), str(image)])
    finally:
        shutil.rmtree(folder)


def jobs(image: Path) -> list[Callable[[], Cost]]:
    own = [sys.executable, __file__, "--image", str(image), "--child"]
    return [
        lambda: unsquash(image),
        lambda: cost("firmward, listing", [*own, "list"]),
        lambda: cost("firmward, every byte, 1 thread", [*own, "1"]),
        lambda: cost("firmward, every byte, 2 threads", [*own, "2"]),
    ]


def best(job: Callable[[], Cost], rounds: int) -> Cost:
    return min((job() for _ in range(rounds)), key=lambda found: found.cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, default=IMAGE)
    parser.add_argument(
        "--rounds", type=int, default=2, help="runs of each, of which the one with the least CPU counts"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.image)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not options.image.is_file():
        build(options.image)
    costs = [best(job, options.rounds) for job in jobs(options.image)]
    base = costs[0]
    print(f"{options.image.name}: {options.image.stat().st_size / 1e6:.0f} MB\n")
    print("| job | CPU s | of unsquashfs | wall s | of unsquashfs | peak MiB | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for found in costs:
        times = f"{found.cpu:.1f} | {found.cpu / base.cpu:.2f} | {found.wall:.1f} | {found.wall / base.wall:.2f}"
        print(f"| {found.name} | {times} | {found.memory} | {found.note} |")


if __name__ == "__main__":
    main()
