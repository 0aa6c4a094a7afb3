"""Real binaries with what they are: programs and libraries of Debian packages, their source's version as the truth.

The rows were written from bookworm and mended with the releases before and after it, once these had been measured. What
is held out is the newest, sid: it was measured before any of it was read. Packages over 15 MB are left out.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from real import packages as debian

LIST = Path(__file__).with_name("identification_packages.txt")
CACHE = debian.CACHE.parent / "identification"
SIZE_LIMIT = 15_000_000
FILES_LIMIT = 40
"""Of one package; programs and libraries first, plug-ins after them."""
AT_ONCE = 60
"""Packages that apt is asked for at a time."""
SETS = (
    ("bookworm", "amd64", (0, 1, 2, 3)), ("bookworm", "arm64", (0,)), ("bookworm", "armhf", (1,)),
    ("bookworm", "mipsel", (2,)), ("trixie", "amd64", (0, 1)), ("trixie", "riscv64", (2,)), ("trixie", "armhf", (3,)),
    ("bullseye", "arm64", (0, 1)), ("bullseye", "armhf", (2, 3)),
    ("sid", "amd64", (1, 2)), ("sid", "arm64", (0,)), ("sid", "riscv64", (3,)),
)  # fmt: skip
"""Release, architecture, and which quarters of the sources by the digests of their names."""
WRITTEN_FROM = "bookworm"
READ_LATER = ("trixie", "bullseye")
LONGER = ("qemu", "bash")
"""Packages whose version leaves out the last number of their upstream's: stable updates, patch levels."""
BUNDLED = {
    ("varnish_cache", "zlib"),
    ("redis", "lua"),
    ("memcached", "lua"),
    ("suricata", "lua"),
    ("suricata", "libhtp"),
}
"""Products that others have a copy of in their own sources; what is said of them is right, and was read there."""
REPACKED = re.compile(
    r"(?:[+~.-]?(?:dfsg|ds|repack|debian|deb|stable|relicensed|srm|submodules)[\d.+~]*.*|[+~.]git.*|[+~]svn.*|"
    r"[+]p\d+|[+]\d{8}.*|(?<=\d)[+]\d)$"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A source package, its binary packages of interest and the products that it is."""

    source: str
    binaries: str
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The files of one binary package of a `source`, unpacked in `folder`; they are these `products` of a `version`."""

    suite: str
    architecture: str
    package: str
    source: str
    products: tuple[str, ...]
    version: str
    folder: Path

    @property
    def group(self) -> int:
        """A number from the source's name, by which fewer can be chosen evenly."""
        return _digest(self.source)

    @property
    def was_read(self) -> bool:
        return self.suite == WRITTEN_FROM

    @property
    def was_read_later(self) -> bool:
        return self.suite in READ_LATER

    @property
    def is_held_out(self) -> bool:
        return not (self.was_read or self.was_read_later)

    def files(self) -> tuple[Path, ...]:
        """Its ELF programs and libraries."""
        return tuple(sorted(path for path in self.folder.rglob("*") if path.is_file()))


def _digest(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0]


def rows() -> tuple[Row, ...]:
    lines = (line.split() for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return tuple(Row(source, binaries, tuple(products.split(","))) for source, binaries, products in lines)


def upstream(version: str) -> str:
    """What Debian's version says of its upstream's: without epoch, revision, and what was repacked."""
    plain = version.partition(":")[2] or version
    plain = plain.rpartition("-")[0] or plain
    return REPACKED.sub("", plain.rpartition("+really")[2])


def is_version(said: str, truth: str, package: str = "") -> bool:
    """Debian writes `~rc1` so that it sorts before, and leaves out patch levels; programs write what they like."""
    same = _plain(said) == _plain(truth)
    return same or (package.startswith(LONGER) and said.startswith(f"{truth}."))


def _plain(version: str) -> str:
    """`6.9.11-60` as `6.9.11.60`, `2.0~rc1` and `2.0-rc1` as `2.0rc1`, `2.9.0` as `2.9`."""
    joined = re.sub(r"[.~-](?=[a-z])|(?<=[a-z])\.", "", version.lower()).replace("-", ".")
    return re.sub(r"(?:\.0)+$", "", joined)


def samples() -> Iterator[Sample]:
    """All of the set; fetched where they are not there."""
    for suite, architecture, quarters in SETS:
        yield from _of(suite, architecture, quarters)


def _of(suite: str, architecture: str, quarters: tuple[int, ...]) -> Iterator[Sample]:
    place = CACHE / f"{suite}-{architecture}"
    chosen = [one for one in _listed(suite, architecture) if _digest(one.source) % 4 in quarters]
    missing = [one for one in chosen if not one.folder.is_dir()]
    place.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(missing), AT_ONCE):
        _fetch(missing[start : start + AT_ONCE], place)
    yield from (one for one in chosen if one.files())


@cache
def _listed(suite: str, architecture: str) -> tuple[Sample, ...]:
    settings = debian._settings(architecture, suite)
    place = debian._place(architecture, suite)
    with debian._alone(architecture, suite):
        CACHE.mkdir(parents=True, exist_ok=True)
        debian._update(architecture, suite, settings, CACHE)
    (index,) = [
        path
        for path in (debian.CACHE / "apt" / place.name / "lists").iterdir()
        if path.name.endswith(("_Packages", "_Packages.lz4", "_Packages.gz"))
    ]
    text = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", str(index)], capture_output=True, check=True)
    by_source: dict[str, list[Row]] = {}
    for row in rows():
        by_source.setdefault(row.source, []).append(row)
    found = (_sample(suite, architecture, block, by_source) for block in text.stdout.decode().split("\n\n"))
    return tuple(one for one in found if one is not None)


def _sample(suite: str, architecture: str, block: str, by_source: dict[str, list[Row]]) -> Sample | None:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(" "))
    name = fields.get("Package", "")
    source = fields.get("Source", name)
    source, _, said = source.partition(" (")
    version = said.rstrip(")") or fields.get("Version", "")
    if int(fields.get("Size", "0")) > SIZE_LIMIT or fields.get("Architecture") != architecture:
        return None
    for row in by_source.get(source, ()):
        if re.fullmatch(row.binaries, name):
            folder = CACHE / f"{suite}-{architecture}" / f"{name}_{version.replace(':', '%')}"
            return Sample(suite, architecture, name, source, row.products, upstream(version), folder)
    return None


def _fetch(wanted: list[Sample], place: Path) -> None:
    suite, architecture = wanted[0].suite, wanted[0].architecture
    with debian._alone(architecture, suite), tempfile.TemporaryDirectory(dir=place) as folder:
        wanted = [one for one in wanted if not one.folder.is_dir()]  # another process may have been faster
        workshop = Path(folder)
        names = [f"{one.package}:{architecture}" for one in wanted]
        if names:
            debian.run_apt(["download", "--quiet", *names], debian._settings(architecture, suite), workshop)
        for one in wanted:
            (file,) = workshop.glob(f"{one.package}_*.deb")
            whole = workshop / "whole"
            subprocess.run(["dpkg-deb", "--extract", str(file), str(whole)], check=True)
            _keep(whole, one.folder, workshop / "kept")
            shutil.rmtree(whole)
            file.unlink()


def _keep(whole: Path, folder: Path, unfinished: Path) -> None:
    """The ELF files, where they were."""
    found = [path for path in sorted(whole.rglob("*")) if path.is_file() and not path.is_symlink() and _is_elf(path)]
    found.sort(key=lambda path: len(path.relative_to(whole).parts))
    for path in found[:FILES_LIMIT]:
        target = unfinished / path.relative_to(whole)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    unfinished.mkdir(parents=True, exist_ok=True)
    unfinished.rename(folder)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
