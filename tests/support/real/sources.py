"""Debian source packages, unpacked: what a defconfig and a Kconfig tree look like in the field."""

import subprocess
import tempfile
from pathlib import Path

from real.packages import CACHE, KEYRING, SUITE, run_apt, settings_of
from real.roots import archive

FOLDER = CACHE.parent / "sources"


def unpacked_source(package: str) -> Path:
    """The folder with a source package's tree, Debian's patches applied, from the cache when it is there.

    Raises NoPackagesError where Debian's archive is out of reach.
    """
    folder = FOLDER / package
    if not folder.is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as workshop:
            settings = settings_of("source", f"deb-src [signed-by={KEYRING}] {archive()} {SUITE} main\n")
            run_apt(["update", "--quiet"], settings, Path(workshop))
            run_apt(["source", "--quiet", "--download-only", package], settings, Path(workshop))
            (description,) = Path(workshop).glob("*.dsc")
            whole = Path(workshop) / "whole"
            command = ["dpkg-source", "--require-strong-checksums", "--extract", str(description), str(whole)]
            subprocess.run(command, check=True, capture_output=True)
            if not folder.is_dir():  # another process may have been faster
                whole.rename(folder)
    return folder
