"""Take the camera's programs, libraries and kernel modules out of Debian's arm64 packages.

mmdebstrap fetches and unpacks them; nothing of them is run, so neither emulation nor the host's own package database
is involved. What was unpacked is kept in the cache, one folder per set of packages.
"""

import hashlib
import os
import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

SUITE = "bookworm"
LIBRARY_FOLDERS = ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib", "usr/lib", "usr/libexec/sudo")
LOADER = "lib/ld-linux-aarch64.so.1"
NOT_WANTED = ("usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/perl", "usr/lib/aarch64-linux-gnu/perl")

DYNAMIC_SEGMENT = 2
NEEDED, STRING_TABLE = 1, 5


class MissingPartError(Exception):
    """The packages do not hold what the recipe names."""


def fetch(packages: Iterable[str], cache: Path) -> Path:
    """The folder with the unpacked packages, from the cache when they are there already."""
    names = sorted(set(packages))
    tree = cache / f"{SUITE}-arm64-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:12]}"
    if tree.is_dir():
        return tree
    unfinished = tree.with_suffix(f".{os.getpid()}")
    cache.mkdir(parents=True, exist_ok=True)
    try:
        unpack(names, unfinished)
        unfinished.rename(tree)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return tree


def unpack(names: Iterable[str], folder: Path) -> None:
    # chrootless needs no privilege; root would be warned off it, though nothing is run in either mode
    mode = "root" if os.geteuid() == 0 else "chrootless"
    prune = 'cd "$1" && rm -rf ' + " ".join(NOT_WANTED) + " && find . -type f -perm /6000 -exec chmod a-s {} +"
    command = ["mmdebstrap", f"--mode={mode}", "--variant=extract", "--architectures=arm64", "--format=directory"]
    command += [f"--include={','.join(names)}", f"--customize-hook={prune}", SUITE, str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def with_libraries(tree: Path, files: Iterable[str]) -> dict[str, Path]:
    """The files and all libraries that they are linked with: path on the camera → file on this machine."""
    found: dict[str, Path] = {}
    waiting = [name.lstrip("/") for name in files]
    while waiting:
        name = waiting.pop()
        target = merged(name)
        if target in found:
            continue
        found[target] = resolved(tree, name)
        libraries = needed(found[target])
        waiting += [find_library(tree, library) for library in libraries]
        waiting += [LOADER] if libraries else []
    return found


def merged(name: str) -> str:
    """The camera has its programs and libraries below /usr alone, as Buildroot does it."""
    first = name.split("/", 1)[0]
    return f"usr/{name}" if first in ("bin", "sbin", "lib") else name


def resolved(tree: Path, name: str) -> Path:
    path = (tree / name).resolve()
    if not path.is_file() or not path.is_relative_to(tree.resolve()):
        raise MissingPartError(f"no package holds /{name}")
    return path


def find_library(tree: Path, library: str) -> str:
    for folder in LIBRARY_FOLDERS:
        if (tree / folder / library).exists():
            return f"{folder}/{library}"
    raise MissingPartError(f"no package holds the library {library}")


def needed(path: Path) -> list[str]:
    """The libraries that a 64-bit little-endian ELF file names in its dynamic section."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return []
    segments = list(program_headers(data))
    dynamic = next((data[s.offset : s.offset + s.size] for s in segments if s.kind == DYNAMIC_SEGMENT), b"")
    entries = list(struct.iter_unpack("<QQ", dynamic))
    table = next((value for tag, value in entries if tag == STRING_TABLE), 0)
    strings = next((s.offset + table - s.address for s in segments if s.address <= table < s.address + s.size), 0)
    starts = [strings + value for tag, value in entries if tag == NEEDED]
    return [data[start : data.index(0, start)].decode() for start in starts]


class Segment:
    def __init__(self, kind: int, offset: int, address: int, size: int) -> None:
        self.kind, self.offset, self.address, self.size = kind, offset, address, size


def program_headers(data: bytes) -> Iterator[Segment]:
    start, size, count = (struct.unpack_from(form, data, at)[0] for form, at in (("<Q", 32), ("<H", 54), ("<H", 56)))
    for index in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, start + index * size)
        yield Segment(kind, offset, address, length)


class Modules:
    """The kernel's modules, by name, with what each says of itself in its .modinfo section."""

    def __init__(self, tree: Path) -> None:
        self.folder = next((tree / "lib/modules").iterdir())
        self.version = self.folder.name
        self.paths = {module_name(path.stem): path for path in self.folder.rglob("*.ko")}

    def closure(self, names: Iterable[str]) -> list[str]:
        """The modules and those that they depend on, in an order in which they can be loaded."""
        order: list[str] = []
        for name in names:
            order += [*self.dependencies(name), module_name(name)]
        return list(dict.fromkeys(order))

    def dependencies(self, name: str) -> list[str]:
        return self.closure(word for line in self.info(name, b"depends") for word in line.split(",") if word)

    def info(self, name: str, key: bytes) -> list[str]:
        path = self.paths.get(module_name(name))
        if path is None:
            raise MissingPartError(f"the kernel {self.version} has no module {name}")
        parts = path.read_bytes().split(b"\0" + key + b"=")[1:]
        return [part.split(b"\0", 1)[0].decode() for part in parts]

    def install(self, names: Iterable[str], folder: Path) -> None:
        """Copy the modules with the two indexes which BusyBox's modprobe reads, and the list of what is built in."""
        chosen = sorted(self.closure(names), key=self.relative)
        for name in chosen:
            target = folder / self.relative(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.paths[name], target)
        # what is to be loaded first stands last, as depmod writes it
        depends = [" ".join([f"{self.relative(n)}:", *map(self.relative, self.dependencies(n)[::-1])]) for n in chosen]
        aliases = [f"alias {alias} {name}" for name in chosen for alias in self.info(name, b"alias")]
        (folder / "modules.dep").write_text("".join(f"{line}\n" for line in depends))
        (folder / "modules.alias").write_text("".join(f"{line}\n" for line in aliases))
        shutil.copyfile(self.folder / "modules.builtin", folder / "modules.builtin")

    def relative(self, name: str) -> str:
        return str(self.paths[name].relative_to(self.folder))


def module_name(word: str) -> str:
    return word.replace("-", "_")
