"""Single Debian packages of any architecture, unpacked: boot loaders, kernels and device trees as Debian ships them.

They are fetched by apt with state of its own, so that this machine's package database knows nothing of it.
"""

import fcntl
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real.roots import PROJECT, UNREACHABLE, NoPackagesError, archive

CACHE = PROJECT / "build" / "cache" / "packages"
SUITE = "bookworm"
LISTS_LAST = 6 * 3600
"""Seconds for which apt's lists are taken as they are."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def unpacked(package: str, architecture: str, suite: str = SUITE) -> Path:
    """The folder with a package's files, from the cache when it is there.

    Raises NoPackagesError where Debian's archive is out of reach.
    """
    folder = _place(architecture, suite) / package
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(architecture, suite), tempfile.TemporaryDirectory(dir=folder.parent) as workshop:
            if folder.is_dir():  # another process fetched it meanwhile
                return folder
            file = _download(package, architecture, suite, Path(workshop))
            whole = Path(workshop) / "whole"
            subprocess.run(["dpkg-deb", "--extract", str(file), str(whole)], check=True)
            whole.rename(folder)
    return folder


def kernel(flavour: str, architecture: str, suite: str = SUITE) -> Path:
    """The folder with the newest kernel's files: the package that `linux-image-FLAVOUR` names today, kept under the
    name that does not change. Raises NoPackagesError where Debian's archive is out of reach."""
    place = _place(architecture, suite) / f"linux-image-{flavour}"
    if not place.is_symlink():
        with _alone(architecture, suite), tempfile.TemporaryDirectory() as workshop:
            settings = _settings(architecture, suite)
            _update(architecture, suite, settings, Path(workshop))
            named = ["apt-cache", *settings, "depends", f"linux-image-{flavour}:{architecture}"]
            listed = subprocess.run(named, capture_output=True, text=True, check=True).stdout
        found = re.search(r"Depends: (linux-image-\d[^\s:]*)", listed)
        if found is None:
            raise RuntimeError(f"linux-image-{flavour}:{architecture} depends on no kernel: {listed[-500:]}")
        real = unpacked(found[1], architecture, suite)
        if not place.is_symlink():
            place.symlink_to(real.name)
    return place


def _place(architecture: str, suite: str) -> Path:
    return CACHE / (architecture if suite == SUITE else f"{architecture}-{suite}")


@contextmanager
def _alone(architecture: str, suite: str) -> Iterator[None]:
    """apt's lists belong to one process at a time."""
    place = CACHE / "apt" / _place(architecture, suite).name
    place.mkdir(parents=True, exist_ok=True)
    with (place / "alone").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(package: str, architecture: str, suite: str, workshop: Path) -> Path:
    settings = _settings(architecture, suite)
    _update(architecture, suite, settings, workshop)
    run_apt(["download", "--quiet", f"{package}:{architecture}"], settings, workshop)
    (file,) = workshop.glob("*.deb")
    return file


def _update(architecture: str, suite: str, settings: list[str], workshop: Path) -> None:
    """apt's lists, unless they were fetched today: of one architecture they take ten seconds."""
    done = CACHE / "apt" / _place(architecture, suite).name / "updated"
    if not done.is_file() or time.time() - done.stat().st_mtime > LISTS_LAST:
        run_apt(["update", "--quiet"], settings, workshop)
        done.touch()


def _settings(architecture: str, suite: str) -> list[str]:
    return [
        *settings_of(_place(architecture, suite).name, f"deb [signed-by={KEYRING}] {archive()} {suite} main\n"),
        f"--option=APT::Architecture={architecture}",
        f"--option=APT::Architectures={architecture}",
    ]


def settings_of(name: str, sources: str) -> list[str]:
    """Options for an apt whose lists stay in the cache, under a name, and which knows these sources alone."""
    state = CACHE / "apt" / name
    for part in ("lists/partial", "archives/partial"):
        (state / part).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "sources.list").write_text(sources, encoding="utf-8")
    settings = {
        "APT::Sandbox::User": "root",
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Acquire::Languages": "none",
    }
    return [f"--option={name}={value}" for name, value in settings.items()]


def run_apt(command: list[str], settings: list[str], workshop: Path) -> None:
    """Raises NoPackagesError where Debian's archive is out of reach."""
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        ["apt-get", *settings, *command], cwd=workshop, env=environment, capture_output=True, text=True
    )
    if UNREACHABLE.search(done.stderr):
        raise NoPackagesError(command[-1])
    if done.returncode:
        raise RuntimeError(f"apt-get {' '.join(command)}: {done.stderr[-1500:]}")
