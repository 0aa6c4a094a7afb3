"""What products real binaries are recognised as, against cve-bin-tool's checkers over the same files.

cve-bin-tool (GPL) runs as a program in an environment of its own, which `FIRMWARD_CVE_BIN_TOOL` names by its Python;
without one firmward's figures stand alone. A source counts once for each release and architecture, over all its binary
packages: it is found when any of its files says the right product with the right version. What is said is right when
product and version are; the same said of several files of a package is said once.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from identification_set import BUNDLED, Sample, is_version, samples
from measure import table

READ = (
    "Before the held-out set was read, it gave recall 0.743 and precision 0.981. What was wrong in it was read then, "
    "to judge the truth; a rule came of it (zlib's header puts its version into whatever includes it), and the row of "
    "a library whose name leaves out the last number was taken away. 35 products were put aside by the digests of "
    "their names, and their rows written from what is known of them, no binary of theirs being read: recall 0.605, "
    "precision 0.92. Those rows were mended or taken away afterwards, and now count like the others."
)
"""What the figures were before they could be known."""
HERE = Path(__file__).resolve().parent
OTHER = "FIRMWARD_CVE_BIN_TOOL"
SHARE = 4
"""Of the files that the rows were written from, one source in so many is shown to both programs."""
ALSO = {
    "http_server": "apache", "berkeley_db": "libdb", "dropbear_ssh": "dropbear", "kerberos_5": "kerberos",
    "network_security_services": "nss", "mbed_tls": "mbedtls", "libexpat": "expat", "zstandard": "zstd",
    "node.js": "nodejs", "little_cms": "lcms2", "icu": "international_components_for_unicode", "polkit": "policykit",
    "readymedia": "minidlna", "iwd": "inet_wireless_daemon", "faad2": "freeware_advanced_audio_decoder_2",
    "audit": "linux_audit", "fuse": "libfuse", "apr-util": "portable_runtime_utility", "ppp": "point-to-point_protocol",
    "tpm2_software_stack": "tpm2-tss", "lrzip": "long_range_zip", "nasm": "netwide_assembler",
    "varnish_cache": "varnish", "radvd": "router_advertisement_daemon", "apt": "advanced_package_tool",
    "curl": "libcurl", "bind": "bind9", "sqlite": "sqlite3", "shadow": "shadow_utils",
}  # fmt: skip
"""Other names of products, by those of the list of packages."""
ONE_NAME = {also: name for name, also in ALSO.items()}
COMPILERS = {"go", "rust"}
"""What cve-bin-tool says of programs that these compiled, which is right and not asked here."""


@dataclass(frozen=True, slots=True)
class Score:
    """`found` of `sources`, `right` of what was `said`, in seconds of `cpu`, for so many `files`."""

    found: int
    sources: int
    right: int
    said: int
    cpu: float
    files: int

    @property
    def recall(self) -> float:
        return self.found / self.sources

    @property
    def precision(self) -> float:
        return self.right / self.said if self.said else 0.0


def asked(command: Sequence[str], chosen: Iterable[Sample]) -> tuple[dict[str, list[list[str]]], float]:
    """What a driver says of each file, and its CPU, children included."""
    lines = [f"{path}\t{path.relative_to(one.folder)}" for one in chosen for path in one.files()]
    before = _children()
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr[-2000:]}")
    return dict(json.loads(line) for line in done.stdout.splitlines()), _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def score(command: Sequence[str], chosen: Sequence[Sample]) -> Score:
    said, cpu = asked(command, chosen)
    sources: dict[tuple[str, str, str], bool] = {}
    claims = right = 0
    for one in chosen:
        found = _claims(one, said)
        wanted = {*one.products, one.source}
        good = {claim for claim in found if claim[0] in wanted and is_version(claim[1], one.version, one.package)}
        claims += len(found)
        right += len(good)
        unit = (one.source, one.suite, one.architecture)
        sources[unit] = sources.get(unit, False) or bool(good)
    return Score(sum(sources.values()), len(sources), right, claims, cpu, sum(len(one.files()) for one in chosen))


def _claims(one: Sample, said: dict[str, list[list[str]]]) -> set[tuple[str, str]]:
    """What was said of a package; a product under two names or vendors is one."""
    rows = (row for path in one.files() for row in said.get(str(path), ()))
    found = {(ONE_NAME.get(name, name), version) for _, name, version in rows if name not in COMPILERS}
    return {claim for claim in found if not any((product, claim[0]) in BUNDLED for product in one.products)}


def sets() -> dict[str, list[Sample]]:
    every = list(samples())
    return {
        "the release that the rows were written from, one source in four": [
            one for one in every if one.was_read and one.group % SHARE == 0
        ],
        "releases that were read afterwards, one source in eight": [
            one for one in every if one.was_read_later and one.group % (2 * SHARE) == 0
        ],
        "held out: versions of another release": [one for one in every if one.is_held_out],
    }


def section(_: int) -> str:
    own = [sys.executable, str(HERE / "own_driver.py")]
    python = os.environ.get(OTHER)
    rows = []
    for name, chosen in sets().items():
        scores = {"firmward": score(own, chosen)}
        if python:
            scores["cve-bin-tool"] = score([python, str(HERE / "cve_bin_tool_driver.py")], chosen)
        rows += [[name if number == 0 else "", *_row(tool, one)] for number, (tool, one) in enumerate(scores.items())]
    header = ["binaries", "program", "files", "sources", "recall", "said", "precision", "CPU s", "ms a file"]
    return f"## Products of binaries\n\n{table(header, rows)}\n\n{_words()}"


def _row(tool: str, one: Score) -> list[str]:
    cost = f"{one.cpu:.2f}", f"{1000 * one.cpu / one.files:.2f}"
    counts = f"{one.files:,}", f"{one.sources:,}", f"{one.recall:.3f}", f"{one.said:,}", f"{one.precision:.3f}"
    return [tool, *counts, *cost]


def _words() -> str:
    return (
        "Programs and libraries of Debian packages, whose source's version is the truth. A source counts once for each "
        "release and architecture; it is found when one of its files says the right product with the right version. "
        "Precision is over what was said, each product and version of a package once. Every source of the list counts, "
        "with or without a row of firmward or a checker of cve-bin-tool; many say their version nowhere. cve-bin-tool "
        "runs as it is but for its start, which fetches a list of SQLite's builds and the database of CVEs. "
        f"Load of the machine meanwhile: {os.getloadavg()[1]:.0f} on {os.cpu_count()} cores.\n\n{READ}"
    )
