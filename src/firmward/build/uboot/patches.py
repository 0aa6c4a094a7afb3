"""What is mended in U-Boot's source, beyond what Debian mends: patches, each with its reason at its head.

The source in the cache stays as it came. A build works on a copy of it, into which each patch has to go as it stands:
with another source it is looked at anew, and not applied nearly.
"""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from firmward.build.program import ProgramError, run
from firmward.model.errors import ToolError

FOLDER = "firmward.build.uboot"
PACKAGE = "patch"
LEFT_OUT = (".pc",)
"""Where dpkg-source keeps files as they were before Debian's patches."""


def patches() -> dict[str, str]:
    """Their texts, by name."""
    found = (one for one in files(FOLDER).iterdir() if one.name.endswith(".patch"))
    return {one.name: one.read_text(encoding="utf-8") for one in sorted(found, key=lambda one: one.name)}


def patched(source: Path, into: Path) -> None:
    """Copy the source, and apply all. Raises ToolError where one does not go in."""
    shutil.copytree(source, into, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in patches():
        with as_file(files(FOLDER).joinpath(name)) as patch:
            _apply(patch, into)


def _apply(patch: Path, into: Path) -> None:
    options = ("--strip=1", "--fuzz=0", "--batch", "--forward", "--no-backup-if-mismatch")
    try:
        run(("patch", *options, f"--input={patch.absolute()}"), epoch=0, package=PACKAGE, cwd=into)
    except ProgramError as refused:
        raise ToolError(f"this source of U-Boot does not take {patch.name}: {refused.said}") from refused
