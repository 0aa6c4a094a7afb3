"""The hash trees of dm-verity in the image, whether the root file system is what they say, and who names a root hash.

A tree with a superblock lies behind the data or in a part of its own; one without is described by a table on the
kernel's command line (`dm-mod.create=`, and Chrome OS's older `dm=`) or by a command of an initramfs (`veritysetup open
... --no-superblock`, `dmsetup create ... --table`), where it says so in plain words. The root hash, which is all that
has to be trusted, stands on the command line (`roothash=`, `systemd.verity_root_options=`), in etc/veritytab, in an
initramfs (`veritysetup`, `dmsetup`, Yocto's dm-verity.env), or in a file `*.roothash` beside the image (systemd's mkosi
and repart). Android has it in a vbmeta, whose signature is as good as the hash (avb.py).
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from firmward.facts.avb import Avb, FoundVbmeta, Standing
from firmward.facts.early_scripts import SCRIPT_LIMIT, early_scripts
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.process import Start
from firmward.facts.startup import Startup
from firmward.formats import verity
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.parts import Content, OpenPart, Parts
from firmward.model.report import Role
from firmward.model.tree import Tree

KIND = "dm-verity"
VERITYTAB = "etc/veritytab"
TREES = 16
NO_SUPERBLOCK = "--no-superblock"
MAPPED = "/dev/mapper/"
ROOTS = ("root", "rootfs", "system", "vroot")
"""What the root's volume is called where nothing says its device."""

_NAMED = re.compile(r"\b(?:VERITY_)?ROOT_?HASH\s*=\s*[\"']?(?P<hash>[0-9a-f]{40,128})\b", re.IGNORECASE)
_OPENED = re.compile(r"\bveritysetup\s+(?:[^\n;|&]*\s)?(?:open|create|verify)\b(?P<rest>[^\n;|&]*)")
_MAPPED = re.compile(
    r"\bverity\s+(?P<piped>\d[^\"'\n|;]*)[\"']?\s*\|\s*dmsetup\s+create\s+(?P<fed>[\w.-]+)|"
    r"\bdmsetup\s+(?:-\S+\s+)*create\s+(?P<volume>[\w.-]+)[^\n|;&]*?\bverity\s+(?P<table>\d[^\"'\n|;&]*)"
)
"""A table in the pipe, or among the words."""
_ASKED = re.compile(r"\$\([^()]*\)")
_HASH = re.compile(r"\b[0-9a-f]{40,128}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HashTree:
    """One tree that was made for the root: `at` is where it stands, `algorithm` the kernel's name, `root_hash` that of
    its top in hexadecimal. `differs` says where data and tree part, None where they agree; `covers_all` whether no byte
    of the file system lies behind what it covers."""

    at: Location
    algorithm: str
    root_hash: str
    differs: str | None
    covers_all: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody who sets up verity: `at`, the `root_hash` that is named, empty where it is known at run time only, and
    the `options` that say what happens when a block is wrong. `volume` is the name that is given to it, if any; `line`
    is that of the veritytab, empty of what stands elsewhere."""

    at: Location
    root_hash: str
    options: tuple[str, ...] = ()
    volume: str = ""
    line: str = field(default="", compare=False, repr=False)

    @property
    def is_listed(self) -> bool:
        """Whether it stands in the veritytab of the root itself."""
        return self.at.path == VERITYTAB and self.at.part is None

    @property
    def is_signed(self) -> bool:
        """Whether the kernel is given a signature of the root hash."""
        asked = any(option.startswith("root-hash-signature=") for option in self.options)
        return asked or "root_hash_sig_key_desc" in self.options


@dataclass(frozen=True, slots=True)
class Vouched:
    """A vbmeta, `at`, that has the `root_hash` of a hash tree of the root. `is_in_force` is whether a boot loader that
    is locked sets the tree up by it, None where this is not known, `is_signed` whether its signature holds; `why` says
    in words what speaks against it. `tree` is None where it could not be compared. `is_test_key` is whether everybody
    has the private key, and `evidence` says in words what it is signed with."""

    at: Location
    root_hash: str
    is_in_force: bool | None
    is_signed: bool
    why: str = ""
    tree: HashTree | None = None
    is_test_key: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Verity:
    """`trees` cover the root, `claims` name root hashes, `unread` says in words what could not be worked out. `opened`
    are the volumes that the running system opens by a command, `vouched` what Android's vbmeta say of the root."""

    trees: tuple[HashTree, ...]
    claims: tuple[Claim, ...]
    unread: tuple[str, ...] = ()
    opened: tuple[Claim, ...] = ()
    vouched: tuple[Vouched, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether a vbmeta has the root verified."""
        return any(one.is_in_force for one in self.vouched)

    def of_root(self, device: str) -> tuple[Claim, ...]:
        """The claims that are of the root, which is `device`. Its own etc/veritytab is read when it is mounted already,
        and is of another volume unless it says that it is of this one."""
        own = device.removeprefix(MAPPED) if device.startswith(MAPPED) else ""
        return tuple(one for one in self.claims if not one.is_listed or one.volume in (own, *ROOTS))


def collect(
    tree: Tree,
    parts: Parts | None,
    command_lines: KernelCommandLine | None | Unknown,
    startup: Startup | None | Unknown,
    avb: Avb | None | Unknown,
) -> Verity | None:
    if parts is not None and parts.own.part.role is Role.INITRAMFS:
        return None  # it is verified with what carries it, and no tree is made for it
    own = {one.at.part for one in avb.found} if isinstance(avb, Avb) else set()
    lines = command_lines.lines if isinstance(command_lines, KernelCommandLine) else ()
    # what a vbmeta adds to the command line is as good as itself, and is told with it
    lines = tuple(line for line in lines if line.at.part is None or line.at.part not in own)
    unread = list(command_lines.unread) if isinstance(command_lines, KernelCommandLine) else []
    if avb is not None:
        unread += (avb.reason,) if isinstance(avb, Unknown) else avb.unread
    tables = [table for line in lines for table in _tables(line, unread)]
    claims = [*_of_lines(lines), *(claim for claim, _ in tables), *_of_table(tree, None)]
    trees: list[HashTree] = []
    if parts is not None:
        described = [table for _, table in tables]
        claims += _beside(parts, described, unread)
        trees += _trees(parts, list(dict.fromkeys(described)), unread)
    opened = tuple(_opened_at_boot(startup)) if isinstance(startup, Startup) else ()
    vouched = tuple(_vouched(parts, avb)) if parts is not None and isinstance(avb, Avb) else ()
    if not trees and not claims and not unread and not opened and not vouched:
        return None
    return Verity(tuple(trees), tuple(dict.fromkeys(claims)), tuple(unread), opened, vouched)


def _vouched(parts: Parts, avb: Avb) -> Iterator[Vouched]:
    size = parts.own.part.size or 0
    for one, covered in avb.trees_of(parts.here):
        tree = None
        if covered.at is not None and covered.is_compared:
            at = Location(part=covered.at.part, offset=covered.size)
            tree = HashTree(at, covered.algorithm, covered.digest, covered.differs, covered.size >= size)
        is_signed = one.standing not in (Standing.UNSIGNED, Standing.BROKEN)
        against, is_test = _against(one), one.test_key is not None
        yield Vouched(one.at, covered.digest, _is_in_force(one), is_signed, against, tree, is_test, one.evidence)


def _is_in_force(one: FoundVbmeta) -> bool | None:
    if one.standing is Standing.UNKNOWN:
        return None
    return one.verifies_trees


def _against(one: FoundVbmeta) -> str:
    if one.standing is Standing.SIGNED:
        return "its flags disable hash trees" if one.hashtree_disabled else ""
    return one.why or f"it is {one.standing.value}"


def _opened_at_boot(startup: Startup) -> Iterator[Claim]:
    """`veritysetup open DATA NAME TREE [HASH]`, and the old order of `create`."""
    for process in startup.processes:
        words = [word for word in process.argv[1:] if not word.startswith("-")]
        is_started = process.program == "veritysetup" and process.start is not Start.DISABLED
        if is_started and len(words) > 2 and words[0] in ("open", "create"):
            name = words[1 if words[0] == "create" else 2]
            options = tuple(word[2:] for word in process.argv[1:] if word.startswith("--"))
            yield Claim(process.at, words[4].lower() if len(words) > 4 else "", options, name)


# who names a root hash


def _of_lines(lines: Iterable[CommandLine]) -> Iterator[Claim]:
    for line in lines:
        options = tuple(
            word
            for name in ("systemd.verity_root_options", "veritysetup.options", "rd.verity_options")
            for value in line.all(name)
            for word in value.split(",")
        )
        options += tuple(f"veritymode={value}" for value in line.all("androidboot.veritymode"))
        for name in ("roothash", "rd.verity_hash", "systemd.verity_root_hash"):
            yield from (Claim(line.at, value.lower(), options) for value in line.all(name) if value)


def _tables(line: CommandLine, unread: list[str]) -> Iterator[tuple[Claim, verity.Table]]:
    for value in (*line.all("dm_mod.create"), *line.all("dm")):
        for text in re.findall(r"\bverity\s+(\d[^,;]*)", value):
            try:
                table = verity.parse_table(text)
            except Malformed as reason:
                unread.append(f"{line.at}: {reason}")
            else:
                yield Claim(line.at, table.root_hash, table.options), table


def _of_table(tree: Tree, part: str | None) -> Iterator[Claim]:
    for number, line in enumerate((tree.text(VERITYTAB) or "").split("\n"), 1):
        fields = line.split()
        if len(fields) > 3 and not fields[0].startswith("#"):
            options = tuple(fields[4].split(",")) if len(fields) > 4 else ()
            yield Claim(Location(VERITYTAB, number, part=part), fields[3].lower(), options, fields[0], line)


def _beside(parts: Parts, described: list[verity.Table], unread: list[str]) -> Iterator[Claim]:
    for one in parts.beside():
        if one.tree is None:
            continue
        try:
            if one.part.role is Role.INITRAMFS:
                yield from _of_table(one.tree, one.part.id)
                yield from _of_initramfs(one.tree, one.part.id, described)
            yield from _of_files(one.tree, one.part.id)
        except Unavailable as reason:
            unread.append(str(reason))


def _of_files(tree: Tree, part: str) -> Iterator[Claim]:
    """`rootfs.roothash` beside the image, in a build's output or a boot partition."""
    for path in tree.glob("*.roothash"):
        found = _HASH.search(tree.text(path, SCRIPT_LIMIT) or "")
        if found:
            yield Claim(Location(path, 1, part=part), found[0].lower())


def _of_initramfs(tree: Tree, part: str, described: list[verity.Table]) -> Iterator[Claim]:
    for script in early_scripts(tree, part):
        lowered = script.content.lower()
        if b"verity" not in lowered and b"hash" not in lowered:
            continue
        for number, line in enumerate(script.text.split("\n"), 1):
            yield from _of_line(line, Location(script.path, number, part=part))
            if len(described) < TREES:
                described += _described(line)


def _of_line(line: str, at: Location) -> Iterator[Claim]:
    if line.lstrip().startswith("#"):
        return
    named = _NAMED.search(line)
    if named:
        yield Claim(at, named["hash"].lower())
    opened = _OPENED.search(line)
    if opened:
        found = _HASH.search(opened["rest"])
        options = tuple(re.findall(r"--((?:ignore|restart-on|panic-on)-corruption)", line))
        yield Claim(at, found[0].lower() if found else "", options)
    mapped = _MAPPED.search(line)
    if mapped:
        yield _claim_of(mapped, at)


def _claim_of(mapped: re.Match[str], at: Location) -> Claim:
    volume = mapped["volume"] or mapped["fed"]
    try:
        table = _table_of(mapped)
    except Malformed:
        return Claim(at, "", volume=volume)
    return Claim(at, table.root_hash, table.options, volume)


def _table_of(mapped: re.Match[str]) -> verity.Table:
    return verity.parse_table(_ASKED.sub("$", mapped["table"] or mapped["piped"]))


def _described(line: str) -> Iterator[verity.Table]:
    """The tree without a superblock that a command opens; none where variables of the script have to say which."""
    if line.lstrip().startswith("#"):
        return
    opened, mapped = _OPENED.search(line), _MAPPED.search(line)
    try:
        if mapped is not None:
            yield _table_of(mapped)
        elif opened is not None and NO_SUPERBLOCK in line:
            yield verity.parse_command(shlex.split(opened[0])[1:])
    except (Malformed, ValueError):
        return


# the trees


def _trees(parts: Parts, tables: Iterable[verity.Table], unread: list[str]) -> Iterator[HashTree]:
    start = parts.from_start_of(parts.here)
    if start is None:
        return
    data = _reader(*start)
    size = parts.own.part.size or 0
    found = [one for one in parts.all.values() if one.part.kind == KIND and one.content is not None]
    for one in found[:TREES]:
        yield from _guarded(one.part.id, partial(_of_part, one, parts, data, size, len(found)), unread)
    for table in tables:
        if table.data_device == table.hash_device and table.hash_start >= table.shape.data_blocks:
            yield from _guarded("the table", partial(_of_device, table, parts, data, size), unread)


def _guarded(what: str, work: Callable[[], HashTree | None], unread: list[str]) -> Iterator[HashTree]:
    try:
        tree = work()
    except Malformed as reason:
        unread.append(f"{what}: {reason}")
    else:
        if tree is not None:
            yield tree


def _of_part(one: OpenPart, parts: Parts, data: verity.Read, size: int, number: int) -> HashTree | None:
    if one.content is None:
        return None
    shape = verity.parse_superblock(one.content.read(0, verity.SUPERBLOCK_SIZE))
    blocks = _reader(one.content, max(shape.hash_block, verity.SUPERBLOCK_SIZE))
    is_near = number == 1 or one.part.parent == parts.own.part.parent or one.part.parent == parts.here
    fits = is_near and 0 <= shape.data_size - size < 16 * shape.data_block
    if not fits and not verity.covers_start(shape, data, blocks):
        return None
    return _tree(shape, data, blocks, size, Location(part=one.part.id))


def _of_device(table: verity.Table, parts: Parts, data: verity.Read, size: int) -> HashTree | None:
    """A table whose tree lies behind the data on one device. The device is this root's when the tree says so."""
    start = table.hash_start * table.shape.hash_block

    def blocks(offset: int, length: int) -> bytes:
        return data(start + offset, length)

    if not verity.covers_start(table.shape, data, blocks):
        return None
    return _tree(table.shape, data, blocks, size, Location(part=parts.here, offset=start))


def _tree(shape: verity.Shape, data: verity.Read, blocks: verity.Read, size: int, at: Location) -> HashTree:
    computed = verity.compute(shape, data, blocks)
    return HashTree(at, shape.algorithm, computed.root_hash, computed.differs, shape.data_size >= size)


def _reader(content: Content, start: int) -> verity.Read:
    return lambda offset, length: content.read(start + offset, length)
