"""The programs of the initramfs, BusyBox and dmsetup, with the libraries that they need, from a tree for the device.

A library is looked for as the dynamic linker does without a cache (ld.so(8)): where the file that needs it says (RPATH,
RUNPATH), then in the linker's own folders, which a distribution may have one for each architecture of. It is put where
it was found, for the same linker to find it there. A program that needs no library is preferred.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from firmward.formats import elf_dynamic
from firmward.formats.elf_dynamic import Elf
from firmward.model.errors import InputError
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind, Tree

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin")
BUSYBOX = ("busybox", "busybox-static", "busybox.nosuid")
"""Yocto splits BusyBox by what has to be setuid; what an initramfs calls is in the other one."""
DMSETUP = ("dmsetup.static", "dmsetup")
LIBRARY_FOLDERS = ("lib/*-linux-*", "usr/lib/*-linux-*", "lib", "usr/lib", "lib64", "usr/lib64", "lib32", "usr/lib32")
SIZE_LIMIT = 64 << 20
"""Bytes of one program or library."""
LIBRARIES = 64

# "the policy's word": the machine, bits and byte order of its programs
MACHINES: Mapping[str, tuple[str, int, bool]] = {
    "arm": ("arm", 32, False),
    "arm64": ("aarch64", 64, False),
    "x86": ("x86", 32, False),
    "x86-64": ("x86-64", 64, False),
    "riscv64": ("riscv", 64, False),
    "mips": ("mips", 32, True),
    "mipsel": ("mips", 32, False),
    "powerpc": ("powerpc", 32, True),
}

# how the maker gets it
WAYS = {
    "busybox": "BusyBox: Buildroot BR2_PACKAGE_BUSYBOX, Yocto busybox, Debian busybox-static",
    "dmsetup": "dmsetup: Buildroot BR2_PACKAGE_LVM2, Yocto libdevmapper, Debian dmsetup",
}


@dataclass(frozen=True, slots=True)
class Program:
    """`content` of the program, and of its `libraries` by their place."""

    path: str
    content: bytes = field(repr=False)
    libraries: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def is_static(self) -> bool:
        return not self.libraries


@dataclass(frozen=True, slots=True)
class Source:
    """A tree for the device, and what to call it."""

    tree: Tree
    name: str


def busybox(source: Source, architecture: str, applets: Iterable[str]) -> Program:
    """Raises InputError where there is none, or none with these applets."""
    found = list(_programs(source, architecture, BUSYBOX))
    if not found:
        raise _missing("busybox", source, architecture, BUSYBOX)
    wanted = sorted(applets)
    lacks = {one.path: [name for name in wanted if not has_applet(one.content, name)] for one in found}
    whole = [one for one in found if not lacks[one.path]]
    if not whole:
        path, missing = min(lacks.items(), key=lambda row: len(row[1]))
        raise InputError(f"{source.name}: {path} is built without {', '.join(missing)}, which the initramfs calls")
    return min(whole, key=lambda one: not one.is_static)


def dmsetup(source: Source, architecture: str) -> Program:
    """Raises InputError where there is none."""
    found = list(_programs(source, architecture, DMSETUP))
    if not found:
        raise _missing("dmsetup", source, architecture, DMSETUP)
    return min(found, key=lambda one: not one.is_static)


def has_applet(content: bytes, name: str) -> bool:
    """By the table of names that a BusyBox has, one behind the other."""
    return b"\0%b\0" % name.encode() in content


def _missing(name: str, source: Source, architecture: str, names: Iterable[str]) -> InputError:
    places = ", ".join(f"/{folder}" for folder in FOLDERS)
    return InputError(
        f"{source.name}: there is no {' or '.join(names)} for {architecture} in {places}; give a tree that has it as "
        f"[build] tools ({WAYS[name]})"
    )


def _programs(source: Source, architecture: str, names: Iterable[str]) -> Iterator[Program]:
    seen = set()
    for name in names:
        for folder in FOLDERS:
            entry = source.tree.resolve(f"{folder}/{name}")
            if entry is None or entry.kind is not Kind.FILE or entry.path in seen:
                continue
            seen.add(entry.path)
            content = _read(source, entry.path)
            elf = _elf(content)
            if elf is not None and _is_for(elf, architecture):
                yield Program(entry.path, content, _libraries(source, entry.path, elf, architecture))


def _read(source: Source, path: str) -> bytes:
    try:
        return source.tree.read(path, SIZE_LIMIT) or b""
    except Unavailable as reason:
        raise InputError(f"{source.name}: {reason}") from reason


def _elf(content: bytes) -> Elf | None:
    return elf_dynamic.parse(len(content), lambda offset, length: content[offset : offset + length])


def _is_for(elf: Elf, architecture: str) -> bool:
    return MACHINES.get(architecture) == (elf.machine, elf.bits, elf.is_big_endian)


def _libraries(source: Source, path: str, elf: Elf, architecture: str) -> dict[str, bytes]:
    """All that is loaded with a program, by place."""
    found: dict[str, bytes] = {}
    names: set[str] = set()
    pending = [(path, elf)]
    while pending:
        needer, needing = pending.pop()
        if needing.interpreter and needing.interpreter.strip("/") not in found:
            place = needing.interpreter.strip("/")
            found[place] = _loader(source, place, needer)
            names.add(place.rpartition("/")[2])
        for name in needing.needed:
            if name in names:
                continue
            if len(names) >= LIBRARIES:
                raise InputError(f"{source.name}: {path} needs more than {LIBRARIES} libraries")
            place, content, library = _library(source, needer, needing, name, architecture)
            names.add(name)
            found[place] = content
            pending.append((place, library))
    return found


def _loader(source: Source, place: str, needer: str) -> bytes:
    entry = source.tree.resolve(place)
    if entry is None or entry.kind is not Kind.FILE:
        raise InputError(f"{source.name}: {needer} is started by /{place}, which is not there")
    return _read(source, entry.path)


def _library(source: Source, needer: str, needing: Elf, name: str, architecture: str) -> tuple[str, bytes, Elf]:
    for folder in _folders(source.tree, needer, needing):
        entry = source.tree.resolve(f"{folder}/{name}") if "/" not in name else None
        if entry is None or entry.kind is not Kind.FILE:
            continue
        content = _read(source, entry.path)
        elf = _elf(content)
        if elf is not None and _is_for(elf, architecture):
            return f"{folder}/{name}", content, elf
    raise InputError(f"{source.name}: {needer} needs the library {name}, which is in no folder of libraries")


def _folders(tree: Tree, needer: str, needing: Elf) -> Iterator[str]:
    own = needer.rpartition("/")[0]
    for path in (*needing.rpath.split(":"), *needing.runpath.split(":")):
        told = path.replace("${ORIGIN}", f"/{own}").replace("$ORIGIN", f"/{own}").strip("/")
        if told and ".." not in told.split("/") and "$" not in told:
            yield told
    for pattern in LIBRARY_FOLDERS:
        yield from tree.glob(pattern) if "*" in pattern else (pattern,)
