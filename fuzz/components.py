"""Broken sources of components: databases of packages, packages of languages, lists of builds and pages, changed.

    fuzz/components.py --seconds 60 --seed 7

All of them lie in one tree, several of them changed at once, and are collected and joined. What comes out of a
collector is a record, None or Unknown with a reason, and the components have one reference each. Anything else, or a
call beyond its bounds, is a failure. The same seed gives the same tree.
"""

import argparse
import json
import random
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from bounded import Bounds, OutOfBounds, call

from firmward.facts.collection import Collection
from firmward.facts.components import Components
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.model.facts import Unknown
from firmward.model.memory import MemoryTree

BOUNDS = Bounds(seconds=10.0)
COMPOSER = [{"name": "maker/app", "version": "v1.0", "license": ["MIT"]}]
PACKAGE = {"name": "@maker/app", "version": "1.0", "license": "MIT", "dependencies": {"jquery": "^3"}}
FILES: dict[str, bytes] = {
    "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "var/lib/dpkg/status": b"Package: a\nStatus: install ok installed\nVersion: 1:1.0-1\nSource: b (2)\nDepends: c\n\n"
    * 3,
    "var/lib/dpkg/info/a.list": b"/.\n/usr\n/usr/bin/a\n",
    "usr/lib/opkg/status": b"Package: o\nVersion: 1.0-r1\nStatus: install user installed\nCPE-ID: cpe:/a:maker:o\n\n",
    "lib/apk/db/installed": b"C:Q1\nP:musl\nV:1.2.5-r0\nA:x86\nL:MIT\nD:so:libc.so\nF:lib\nR:ld.so\n\n",
    "usr/lib/python3/dist-packages/a-1.dist-info/METADATA": b"Name: A.b\nVersion: 1\nLicense: MIT\nRequires-Dist: c\n",
    "srv/node_modules/@maker/app/package.json": json.dumps(PACKAGE).encode(),
    "www/vendor/composer/installed.json": json.dumps(COMPOSER).encode(),
    "usr/lib/luarocks/rocks-5.1/lua-cjson/2.1-1/rock_manifest": b"",
    "usr/lib/ruby/gems/specifications/json-2.6.gemspec": b"",
    "usr/share/common-licenses/license.manifest": b"PACKAGE NAME: m\nPACKAGE VERSION: 1\nRECIPE NAME: m\nLICENSE: X\n",
    "www/jquery-3.4.1.min.js": b"/*! jQuery v3.4.1 | (c) */ /*!\n * Bootstrap v3.4.1 (h)\n */",
}
MORSELS = (
    b"\0", b"\xff", b"\n", b"\n\n", b"\x1b[31m", b"<script>", b"\\ud800", b"\xed\xa0\x80", b"[" * 5000, b'"', b"{",
    b"9" * 5000, b"A" * 300_000, b" " * 5000, b"Package: a\nVersion: 1\n\n" * 5000, b"/../" * 5000, b"v1.0.0.0.0.0 ",
    "\u202e".encode(),
)  # fmt: skip


def changed(seed: int) -> dict[str, bytes]:
    chance = random.Random(seed)
    files = dict(FILES)
    for _ in range(chance.randint(1, 8)):
        path = chance.choice(sorted(files))
        work = bytearray(files[path])
        place = chance.randrange(len(work) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            work[place:place] = chance.choice(MORSELS)
        elif kind == 1:
            del work[place : place + chance.randint(1, 30)]
        elif kind == 2 and place < len(work):
            work[place] ^= 1 << chance.randrange(8)
        else:
            work[place:place] = files[chance.choice(sorted(files))][: chance.randint(1, 60)]
        files[path] = bytes(work)
    return files


def ask(files: dict[str, bytes]) -> None:
    collection = Collection(MemoryTree(files))
    found = collection.get(Components)
    if isinstance(found, Unknown) and "internal" in found.reason:
        raise AssertionError(found.reason)
    if isinstance(found, Components):
        refs = [one.ref for one in found.found]
        if len(set(refs)) != len(refs):
            raise AssertionError(f"two components have one reference: {sorted(refs)}")
    collection.get(Vulnerabilities)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    failures, longest, seed = 0, 0.0, options.seed
    ask(FILES)
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        files = changed(seed)
        try:
            longest = max(longest, call(lambda _, files=files: ask(files), b"", BOUNDS))
        except (Exception, OutOfBounds):
            failures += 1
            print(f"components: seed {seed} fails")
            traceback.print_exc()
        seed += 1
    print(f"components: {seed - options.seed} inputs, {failures} failures, the longest {longest:.2f} s", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
