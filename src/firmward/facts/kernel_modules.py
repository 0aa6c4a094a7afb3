"""The loadable kernel modules in a tree, and which of them bear a signature.

Modules are `*.ko` files, also compressed (`.ko.gz`, `.ko.xz`, `.ko.bz2`, `.ko.lzma`, `.ko.zst`), below `lib/modules` as
a rule and with some makers anywhere; copies for debuggers and sources do not count. A signature is appended to the
expanded module (kernel_module), so that of a plain file the end is enough, and a compressed one has to be expanded.
A build signs those of the kernel's own tree (`lib/modules/RELEASE/kernel`) in one go, thousands with a distribution: of
these some are looked at, evenly spread, and of those that come from elsewhere more. zstd cannot be read here. IMA's
signature is an attribute of the file (signed_files).
"""

import bz2
import lzma
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmward.formats import kernel_module, module_signature
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, ReadAt, Tree

NAME = re.compile(r".*\.ko(?:\.(?P<packed>gz|xz|zst|bz2|lzma))?")
USUAL = re.compile(r"(?:usr/)?lib/modules/")
ELSEWHERE = re.compile(r"usr/(?:lib/debug|src|share)/|(?:.*/)?\.debug/")
"""Where files for debuggers, sources and pages in Korean lie."""
MODULES_LIMIT = 50_000
OWN = re.compile(r"(?:usr/)?lib/modules/[^/]+/kernel/")
"""Where the modules of the kernel's own tree lie."""
SAMPLE, PACKED_SAMPLE = 512, 128
"""Modules, plain and compressed, that are looked at of the kernel's own: a second's work in a squashfs with xz."""
OTHERS, PACKED_OTHERS = 2048, 256
"""And of all others."""
PACKED_LIMIT, EXPANDED_LIMIT = 16 << 20, 64 << 20
"""Bytes of one module; the largest of Debian's has 12 MiB, expanded."""
TOTAL_LIMIT = 512 << 20
"""Bytes that all compressed ones together may expand to."""
TAIL = 16 << 10
"""Bytes of a module's end that are read: signatures of RSA have 700, those with post-quantum algorithms several
thousand."""
MEMORY = 128 << 20
"""Bytes that a decoder may take; xz at its best asks for 65 MiB."""
PATHS_LIMIT = 1000
"""Paths that are named of one sort."""
ELF = b"\x7fELF"
_VERMAGIC = re.compile(rb"\0vermagic=([ -~]{1,200})\0")
XATTR, IMA_SIGNATURE = "security.ima", 3


@dataclass(frozen=True, slots=True, order=True)
class ModuleSigner:
    """Who signed `count` modules: `name` of the certificate's issuer, empty where only a key's identifier is given;
    `key` its serial number or that identifier, in hexadecimal; by which `digest` and signature `scheme`."""

    name: str
    key: str
    digest: str
    scheme: str
    count: int


@dataclass(frozen=True, slots=True)
class KernelModules:
    """There are `count` modules. Of those that were looked at `signed` counts those with a well-formed signature,
    `unsigned` names those without any, `broken` those with a marker and no signature that can be, by path.

    `signers` say who signed; `ima_signed` counts those with IMA's signature. `vermagics` are the settings that a kernel
    must have for them, of one module for each release at least; `releases` are the folders that they lie in below
    lib/modules. `unseen` counts those that were not looked at, `unread` says of others why they could not be.
    """

    count: int
    signed: int = 0
    unsigned: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    signers: tuple[ModuleSigner, ...] = ()
    ima_signed: int = 0
    vermagics: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    unseen: int = 0
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> KernelModules | None:
    plain: list[Entry] = []
    packed: list[Entry] = []
    for entry in tree.entries():
        found = NAME.fullmatch(entry.path) if entry.kind is Kind.FILE and entry.size else None
        if found is not None and not ELSEWHERE.match(entry.path):
            (packed if found["packed"] else plain).append(entry)
    if len(plain) + len(packed) > MODULES_LIMIT:
        raise Unavailable(f"more than {MODULES_LIMIT} kernel modules")
    look = _Look(tree)
    look.plain(plain)
    look.packed(packed)
    return look.finished()


class _Look:
    """What the modules show, one after the other."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._modules: list[Entry] = []
        self._signers: Counter[tuple[str, str, str, str]] = Counter()
        self._unsigned: list[str] = []
        self._broken: list[str] = []
        self._vermagics: set[str] = set()
        self._unseen = 0
        self._unread: list[str] = []

    def finished(self) -> KernelModules | None:
        if not self._modules and not self._unread:
            return None
        signers = (ModuleSigner(*who, count) for who, count in self._signers.items())
        return KernelModules(
            len(self._modules),
            self._signers.total(),
            tuple(sorted(self._unsigned)),
            tuple(sorted(self._broken)),
            tuple(sorted(signers)),
            sum(_has_ima_signature(entry) for entry in self._modules),
            tuple(sorted(self._vermagics)),
            tuple(sorted({_release(entry.path) for entry in self._modules} - {""})),
            self._unseen,
            tuple(self._unread),
        )

    def plain(self, entries: list[Entry]) -> None:
        """The ends of those chosen, and the whole of the first of each release."""
        chosen = self._chosen(entries, SAMPLE, OTHERS)
        for entry, chunks in self._tree.read_all(chosen, needed=_needed):
            try:
                head, tail = _ends(chunks)
            except Unavailable as reason:
                self._not_read(entry, str(reason))
                continue
            self._one(entry, head, tail, entry.size)
        for entry in {_release(entry.path): entry for entry in reversed(chosen)}.values():
            try:
                self._describe(self._tree.read(entry.path, EXPANDED_LIMIT) or b"")
            except Unavailable as reason:
                self._unread.append(str(reason))

    def packed(self, entries: list[Entry]) -> None:
        known = [entry for entry in entries if not entry.path.endswith(".zst")]
        self._leave([entry for entry in entries if entry.path.endswith(".zst")])
        if len(known) < len(entries):
            self._unread.append(f"{len(entries) - len(known)} modules are compressed with zstd, which is not read here")
        left = TOTAL_LIMIT
        for entry in self._chosen(known, PACKED_SAMPLE, PACKED_OTHERS):
            try:
                expanded = _expanded(entry.path, self._tree.read(entry.path, PACKED_LIMIT) or b"", left)
            except Unavailable as reason:
                self._not_read(entry, str(reason))
                continue
            left -= len(expanded)
            self._one(entry, expanded[: len(ELF)], expanded[-TAIL:], len(expanded))
            self._describe(expanded)

    def _chosen(self, entries: list[Entry], own: int, others: int) -> list[Entry]:
        """So many of the kernel's own and of the others, in their order, which is near that on disk."""
        of_kernel = [entry for entry in entries if OWN.match(entry.path)]
        rest = [entry for entry in entries if not OWN.match(entry.path)]
        looked = {entry.path for entry in (*_spread(of_kernel, own), *_spread(rest, others))}
        self._leave([entry for entry in entries if entry.path not in looked])
        return [entry for entry in entries if entry.path in looked]

    def _leave(self, entries: list[Entry]) -> None:
        self._modules += entries
        self._unseen += len(entries)

    def _not_read(self, entry: Entry, reason: str) -> None:
        self._modules.append(entry)
        self._unseen += 1
        if len(self._unread) < PATHS_LIMIT:
            self._unread.append(reason)

    def _describe(self, module: bytes) -> None:
        found = _VERMAGIC.search(module)
        if found is not None:
            self._vermagics.add(found[1].decode("ascii").strip())

    def _one(self, entry: Entry, head: bytes, tail: bytes, size: int) -> None:
        if not head.startswith(ELF):
            if USUAL.match(entry.path):
                self._not_read(entry, f"{entry.path} is no ELF file")
            return
        self._modules.append(entry)
        try:
            signature = kernel_module.appended(_reader(tail, size), size)
            if signature is None:
                if len(self._unsigned) < PATHS_LIMIT:
                    self._unsigned.append(entry.path)
                return
            who = module_signature.of_module(signature)
        except Malformed:
            if len(self._broken) < PATHS_LIMIT:
                self._broken.append(entry.path)
            return
        self._signers[who.signer, who.key.hex(), who.digest, who.scheme] += 1


def _spread(entries: list[Entry], limit: int) -> list[Entry]:
    return entries[:: max(1, -(-len(entries) // limit))]


def _needed(size: int, _: ReadAt) -> Sequence[tuple[int, int]]:
    return ((0, min(len(ELF), size)), (max(0, size - TAIL), size))


def _ends(chunks: Iterable[bytes]) -> tuple[bytes, bytes]:
    """The first bytes, and the last TAIL."""
    head = tail = b""
    for chunk in chunks:
        head = (head + chunk[: len(ELF)])[: len(ELF)]
        tail = (tail + chunk)[-TAIL:] if len(chunk) < TAIL else chunk[-TAIL:]
    return head, tail


def _reader(tail: bytes, size: int) -> kernel_module.Read:
    start = size - len(tail)

    def read(offset: int, length: int) -> bytes:
        if offset < start:
            raise Malformed(f"a signature of more than {TAIL} bytes")
        return tail[offset - start : offset - start + length]

    return read


def _expanded(path: str, packed: bytes, left: int) -> bytes:
    """Raises Unavailable when it cannot be expanded, or not within the limits."""
    limit = min(EXPANDED_LIMIT, left)
    try:
        if path.endswith(".gz"):
            inflate = zlib.decompressobj(wbits=31)
            found, is_whole = inflate.decompress(packed, max(1, limit)), inflate.eof
        else:
            decoder = bz2.BZ2Decompressor() if path.endswith(".bz2") else lzma.LZMADecompressor(memlimit=MEMORY)
            found, is_whole = decoder.decompress(packed, max(1, limit)), decoder.eof
    except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
        raise Unavailable(f"{path}: {error}") from error
    if not is_whole:
        raise Unavailable(f"{path}: cut off, or more than {limit} bytes")
    return found


def _release(path: str) -> str:
    """The folder below lib/modules, empty for a module that lies in none."""
    found = USUAL.match(path)
    release, sign, _ = path[found.end() :].partition("/") if found else ("", "", "")
    return release if sign else ""


def _has_ima_signature(entry: Entry) -> bool:
    value = next((value for name, value in entry.xattrs if name == XATTR), b"")
    return value[:1] == bytes((IMA_SIGNATURE,))
