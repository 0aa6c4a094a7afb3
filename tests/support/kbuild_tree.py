"""Small trees of Kbuild files, and make as the witness of what is built from them."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

# reads one folder's file as scripts/Makefile.build does, and says what is compiled and where it goes on
READER = """
src := $(dir)
obj := $(dir)
srctree := .
objtree := .
SRCARCH := arm
ARCH := arm
include $(file)
listed := $(obj-y) $(obj-m) $(lib-y) $(lib-m) $(extra-y) $(always-y) $(core-y) $(drivers-y) $(libs-y)
parts = $(strip $($(1:.o=-objs)) $($(1:.o=-y)) $($(1:.o=-m)))
whole := $(filter %.o,$(listed))
objects := $(foreach one,$(whole),$(or $(call parts,$(one)),$(one)))
$(info objects $(filter-out %/,$(objects)))
$(info folders $(filter %/,$(listed) $(objects)) $(addsuffix /,$(subdir-y) $(subdir-m)))
all: ;
"""


def laid(files: Mapping[str, str], top: Path) -> Path:
    """The tree in a folder: what is a source is empty unless its text is given."""
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return top


def built(top: Path, options: Mapping[str, str], folder: str = "", file: str = "Makefile") -> set[str]:
    """The sources that make comes to with these options, from a folder on; none where it refuses the file, since a
    variable is part of itself."""
    words = [f"CONFIG_{name}={value}" for name, value in options.items() if value != "n"]
    command = ["make", "--no-print-directory", "-s", "-f", "-", f"dir={folder or '.'}", f"file={folder or '.'}/{file}"]
    done = subprocess.run([*command, *words], cwd=top, input=READER, capture_output=True, text=True)
    if "references itself" in done.stderr:
        return set()
    assert not done.returncode, done.stderr
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("objects ", "folders ")))
    found: set[str] = set()
    for word in said["objects"].split():
        stem = Path(folder, word.removesuffix(".o"))
        found |= {str(stem) + suffix for suffix in (".c", ".S") if (top / f"{stem}{suffix}").exists()}
    for word in set(said["folders"].split()):
        below = str(Path(folder, word))
        name = next((one for one in ("Kbuild", "Makefile") if (top / below / one).exists()), None)
        found |= built(top, options, below, name) if name else set()
    return found
