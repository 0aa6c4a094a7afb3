"""Seeded mutations of documents of feeds: an update takes them, skips them with a reason, or leaves all as it was.

    fuzz/feeds.py --seconds 60 --only cve --seed 7

Each input goes through the update as a user's file does. Anything but a FirmwardError, a call beyond its bounds in
seconds of the processor and memory (`tests/support/bounded.py`), or a database that cannot be asked afterwards is a
failure. The same seed gives the same inputs; a failure prints its seed and leaves the input beside the working folder's
name.
"""

import argparse
import contextlib
import gzip
import json
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import feeds_made as made
import zstandard
from bounded import Bounds, OutOfBounds, call

from firmward.model.errors import FirmwardError
from firmward.vulns.database import Database
from firmward.vulns.documents import Budget
from firmward.vulns.settings import Settings
from firmward.vulns.update import Means, update, wanted

NAME = "CVE-2026-0001"
BOUNDS = Bounds(seconds=10.0)
RECORD = made.cve(NAME, made.affected("Maker", "app", made.below("1.0", "1.5"), default="affected"), title="A title")
CONDITION = made.node(made.match("a:maker:app:1.2:*:*:*:*:*:*:*"))
SECDB = {"distroversion": "v3.20", "packages": [{"pkg": {"name": "app", "secfixes": {"1-r0": [NAME]}}}]}
TRACKER = {"app": {NAME: {"releases": {"bookworm": {"status": "resolved", "fixed_version": "1-1", "urgency": "low"}}}}}
SAMPLES: dict[str, tuple[str, bytes]] = {
    "cve": (f"{NAME}.json", made.packed(RECORD)),
    "kernel": (
        "vulns.tar",
        gzip.decompress(
            made.tarred(
                {
                    f"cve/published/2026/{NAME}.json": made.packed(
                        made.kernel_record(NAME, ("5.10", "6.1"), files=("fs/a.c",))
                    ),
                    f"cve/published/2026/{NAME}.dyad": made.dyad(("5.10", "6.1"), ("5.10", "5.15.7")),
                }
            )
        ),
    ),
    "nvd": ("nvdcve.json", made.nvd_page(made.nvd(NAME, {"operator": "AND", "nodes": [CONDITION, CONDITION]}))),
    "osv": ("x.zip", made.zipped({"PYSEC-2026-1.json": made.packed(made.osv("PYSEC-2026-1", "PyPI", "app"))})),
    "kev": ("known.json", made.kev(NAME)),
    "epss": ("epss.csv.gz", made.epss(CVE_2026_0001=0.5)),
    "debian": ("debian.json", json.dumps(TRACKER).encode()),
    "alpine": ("main.json", json.dumps(SECDB).encode()),
    "openwrt": ("Packages-23.05", b"Package: app\nCPE-ID: cpe:/a:maker:app\n\n" * 3),
    "eol": ("openssl.json", json.dumps([{"cycle": "3.0", "eol": "2026-09-07", "lts": True}]).encode()),
}
WORDS = (
    b"[" * 300,
    b"{",
    b"}",
    b'"',
    b"\\",
    b"null",
    b"-1e999",
    b"9" * 5000,
    b"\\ud800",
    b"\x00",
    b"[]",
    b"true",
    b"\xff",
)
PACKINGS = (lambda data: data, lambda data: data, gzip.compress, zstandard.compress)


def damaged(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    work = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(work) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            work[place:place] = chance.choice(WORDS)
        elif kind == 1:
            del work[place : place + chance.randint(1, 40)]
        elif kind == 2 and place < len(work):
            work[place] ^= 1 << chance.randrange(8)
        else:
            end = place + chance.randint(1, 60)
            work[end:end] = work[place:end]
    return bytes(chance.choice(PACKINGS)(bytes(work)))


def ask(feed: str, path: Path, database: Path) -> None:
    means = Means(Settings(), budget=lambda: Budget(bytes=64 << 20, documents=1000))
    with contextlib.suppress(FirmwardError):
        list(update(database, wanted([], {feed: [path]}, Settings(), anew=False), means))
    with Database(database) as one:
        one.claims([("maker", "app"), ("PyPI", "app")])
        one.fixes("debian:12", ["app"])
        list(one.kernel())
        one.about([NAME, "PYSEC-2026-1"])
        one.status()


def fuzz(feed: str, seconds: float, first: int) -> int:
    """Gives the number of failures."""
    name, data = SAMPLES[feed]
    failures, longest, seed = 0, 0.0, first
    with tempfile.TemporaryDirectory() as folder:
        path, database = Path(folder, name), Path(folder, "vulns.sqlite")
        path.write_bytes(data)
        ask(feed, path, database)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            path.write_bytes(damaged(data, seed))
            try:
                longest = max(longest, call(lambda _: ask(feed, path, database), b"", BOUNDS))
            except (Exception, OutOfBounds):
                failures += 1
                kept = Path(f"fuzz-{feed}-{seed}.bin")
                kept.write_bytes(path.read_bytes())
                print(f"{feed}: seed {seed} fails, kept as {kept}")
                traceback.print_exc()
            seed += 1
    print(f"{feed}: {seed - first} inputs, {failures} failures, the longest {longest:.2f} s", flush=True)
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="in all, shared by the feeds")
    parser.add_argument("--only", choices=sorted(SAMPLES), nargs="*")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    names = options.only or sorted(SAMPLES)
    share = options.seconds / len(names)
    sys.exit(1 if sum(fuzz(name, share, options.seed) for name in names) else 0)


if __name__ == "__main__":
    main()
