"""U-Boot's source package of Debian bookworm, unpacked with Debian's patches.

apt fetches it from the archive that this machine's own sources name, with lists of its own, so that the system's stay
as they are; apt verifies the signature of the archive, dpkg-source the digests of the files. The newest version among
the release, its updates and its security updates is taken, from the first of them that has it.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from firmward.build.program import require, run
from firmward.model.errors import ToolError

PACKAGE = "u-boot"
SOURCES = "sources"
UPSTREAM = "2023.01"
RELEASE = "bookworm"
SUITES = (RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SECONDS = 600
"""For a download of 20 MB, and for apt's lists."""
PROGRAMS = {"apt-get": "apt", "dpkg-source": "dpkg-dev"}
NETWORK = ("HOME", "http_proxy", "https_proxy")
"""Variables that say how apt reaches its archive."""
HEAD_LIMIT = 1 << 16
TARGETS = "$(SITE)|$(RELEASE)|$(COMPONENT)"


@dataclass(frozen=True, slots=True)
class Source:
    """`version` is Debian's; `epoch` the seconds of its changelog's newest entry, the time that a build says."""

    folder: Path
    version: str
    epoch: int


def source(cache: Path, progress: Callable[[str], None]) -> Source:
    """The unpacked source, fetched if it is not in the cache. The caller holds the cache's lock. Raises ToolError."""
    folder = cache / SOURCES / PACKAGE
    if not folder.is_dir():
        progress(f"fetching the source of U-Boot {UPSTREAM}")
        _fetch(folder)
    return _read(folder)


def _read(folder: Path) -> Source:
    """What the changelog says."""
    try:
        with (folder / "debian" / "changelog").open(encoding="utf-8") as file:
            head = file.read(HEAD_LIMIT)
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{folder}: is not Debian's source of {PACKAGE}: remove it, and it is fetched anew") from error
    version = re.match(rf"{PACKAGE} \(([^)\s]+)\)", head)
    day = re.search(r"^ -- .*>  (.+)$", head, re.MULTILINE)
    if version is None or day is None or not version[1].startswith(UPSTREAM):
        raise ToolError(f"{folder}: is not the source of {PACKAGE} {UPSTREAM}: remove it, and it is fetched anew")
    return Source(folder, version[1], int(parsedate_to_datetime(day[1]).timestamp()))


def _fetch(folder: Path) -> None:
    require(PROGRAMS)
    folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as place:
        workshop = Path(place)
        settings = _settings(workshop)
        _run(workshop, "apt-get", *settings, "update", "--quiet")
        _run(workshop, "apt-get", *settings, "source", "--quiet", "--download-only", PACKAGE)
        found = sorted(workshop.glob(f"{PACKAGE}_{UPSTREAM}*.dsc"))
        if len(found) != 1:
            raise ToolError(f"Debian's archive has no source of {PACKAGE} {UPSTREAM} in {RELEASE}")
        whole = workshop / "whole"
        _run(None, "dpkg-source", "--require-strong-checksums", "--extract", str(found[0]), str(whole))
        whole.rename(folder)


def _settings(workshop: Path) -> list[str]:
    """apt's state in a folder of its own, and the sources that this machine names for the release."""
    lines = list(_archives())
    if not lines:
        raise ToolError(
            f"no source of apt on this machine names Debian {RELEASE}, whose U-Boot is built: add it to apt's sources"
        )
    (workshop / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("lists/partial", "archives/partial"):
        (workshop / name).mkdir(parents=True)
    return [
        f"--option=Dir::Etc::SourceList={workshop / 'sources.list'}",
        "--option=Dir::Etc::SourceParts=/dev/null",
        f"--option=Dir::State::Lists={workshop / 'lists'}",
        f"--option=Dir::Cache={workshop}",
        "--option=APT::Sandbox::User=root",
        "--option=Acquire::Languages=none",
        "--option=Acquire::Retries=3",
    ]


def _archives() -> Iterator[str]:
    """Lines for the sources of what this machine takes packages from, the release first."""
    listed = _run(None, "apt-get", "indextargets", "--format", TARGETS, "Created-By: Packages")
    rows = {tuple(line.split("|")) for line in listed.splitlines() if line.count("|") == 2}
    for wanted in SUITES:
        for site, suite, component in sorted(rows):
            if (suite, component) == (wanted, "main"):
                yield f"deb-src [signed-by={KEYRING}] {site} {suite} main"


def _run(folder: Path | None, *command: str) -> str:
    kept = {name: os.environ[name] for name in NETWORK if name in os.environ}
    return run(command, epoch=0, package=PROGRAMS[command[0]], seconds=SECONDS, cwd=folder, variables=kept)
