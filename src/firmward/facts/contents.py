"""What is in the files themselves, found in one pass: each is read once, and every search takes its part.

What is compressed (pictures, archives, fonts) shows nothing and is passed over, but for scripts and pages that a server
hands out as they are packed; so are translations, pages of manuals, pictures and what Python compiled of a source
beside it. A file with a zero byte in its first part is binary; of a
program its data are searched, not its code.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firmward.facts import product_row, web_library_row, web_library_search
from firmward.facts.binary_content import BinaryContent
from firmward.facts.product_search import ProductSearch
from firmward.facts.program import Program
from firmward.facts.secret_search import WORDS, Secrets, SecretSearch
from firmward.facts.web_library_search import WebLibrary, WebLibrarySearch
from firmward.formats import cargo_auditable, elf_data, elf_dynamic, go_build_info
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind, ReadAt, Tree
from firmward.model.words import WordSearch

WHOLE_LIMIT = 128 << 20
"""Bytes of a file that is searched in one piece; a larger one in windows."""
WINDOW, OVERLAP = 32 << 20, 128 << 10
TOTAL_LIMIT = 4 << 30
"""Bytes read of one tree."""
HEAD = 4096
PROGRAMS_LIMIT = 50_000
MODULES_LIMIT = 500_000
"""Of Go and Rust, in all programs together; one program of Kubernetes has 200."""
LIBRARIES_LIMIT = 20_000
UNPACKED_LIMIT = 256 << 20
"""Bytes of packed pages of one tree, unpacked."""

PACKED = (
    b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x89PNG", b"\xff\xd8\xff", b"GIF8",
    b"wOFF", b"wOF2", b"RIFF", b"OggS", b"ID3", b"fLaC", b"\0\1\0\0\0", b"OTTO", b"ttcf", b"PK\3\4", b"\x1f\x9d",
    b"hsqs", b"\xde\x12\x04\x95", b"\x95\x04\x12\xde", b"!<arch>", b"7z\xbc\xaf",
)  # fmt: skip
"""How files begin that are compressed or hold no text; archives are opened as parts of their own."""
SILENT = re.compile(
    r"usr/(?:local/)?share/(?:locale|man|info|zoneinfo|i18n|icons|fonts|terminfo|mime)/|(?:usr/)?lib/udev/hwdb\.|"
    r"etc/udev/hwdb\.bin$|(?:usr/)?(?:lib|share)/(?:.*/)?perl(?:5|-base)?/(?:[\d.]+/)?(?:unicore|Unicode/Collate|CORE)/|"
    r"(?:var|usr)/lib/(?:dpkg|opkg)/info/[^/]+\.(?:list|md5sums|symbols|shlibs|triggers)$"
)
"""Translations, pages of manuals, pictures, tables and lists of files, which are not read at all."""
COMPILED = re.compile(r"(?P<folder>(?:.*/)?)__pycache__/(?P<name>[^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc$")
"""Python's own copy of a source (PEP 3147), not read where the source is there."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The `secrets` in all files, all `programs`, and the `libraries` in pages; `unread` says which files were not
    searched, and why."""

    secrets: Secrets
    programs: tuple[Program, ...] = ()
    libraries: tuple[WebLibrary, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree, words: WordSearch) -> Contents | None:
    """None when the tree has no file."""
    search = _Search(words)
    files = [entry for entry in tree.entries() if entry.kind is Kind.FILE]
    loud = (entry for entry in files if entry.size and not SILENT.match(entry.path) and not _is_copy(tree, entry.path))
    for entry, chunks in tree.read_all(loud, needed=_needed):
        search.file(entry, chunks)
    for entry in files:
        if web_library_search.is_packed_page(entry.path):
            search.packed_page(tree, entry)
    return search.finished() if files else None


def _is_copy(tree: Tree, path: str) -> bool:
    compiled = COMPILED.match(path) if path.endswith(".pyc") else None
    return compiled is not None and tree.lstat(f"{compiled['folder']}{compiled['name']}.py") is not None


def _needed(size: int, read: ReadAt) -> Sequence[tuple[int, int]]:
    head = read(0, HEAD)
    if head.startswith(PACKED):
        return ((0, len(head)),)
    if not head.startswith(elf_data.MAGIC):
        return ((0, size),)
    return (*elf_data.ranges(size, read), *elf_data.table_ranges(size, read), *elf_dynamic.ranges(size, read))


class _Search:
    def __init__(self, words: WordSearch) -> None:
        self._products = ProductSearch(product_row.rows())
        self._within = words.prepare(sorted(WORDS))
        self._within_program = words.prepare(sorted(WORDS | self._products.words | {go_build_info.MAGIC}))
        self._secrets = SecretSearch()
        self._pages = WebLibrarySearch(web_library_row.rows(), words)
        self._programs: list[Program] = []
        self._libraries: list[WebLibrary] = []
        self._unread: list[str] = []
        self._total = 0
        self._unpacked = 0
        self._modules_left = MODULES_LIMIT

    def finished(self) -> Contents:
        return Contents(
            self._secrets.finished(), tuple(self._programs), tuple(self._libraries), tuple(dict.fromkeys(self._unread))
        )

    def file(self, entry: Entry, chunks: Iterator[bytes]) -> None:
        if self._total + entry.size > TOTAL_LIMIT:
            self._unread.append(f"{entry.path} was not searched: more than {TOTAL_LIMIT >> 30} GiB")
            return
        try:
            for base, data in self._pieces(entry, chunks):
                self._piece(entry, base, data)
        except Unavailable as reason:
            self._unread.append(str(reason))

    def packed_page(self, tree: Tree, entry: Entry) -> None:
        """Of a packed file the pass reads the beginning alone."""
        if self._unpacked >= UNPACKED_LIMIT:
            self._unread.append(f"not all packed pages were searched: more than {UNPACKED_LIMIT >> 20} MiB")
            return
        try:
            data = web_library_search.unpacked(tree.read(entry.path, web_library_search.PACKED_LIMIT) or b"")
        except Unavailable as reason:
            self._unread.append(str(reason))
            return
        self._unpacked += len(data)
        self._page(entry, data)

    def _page(self, entry: Entry, data: bytes) -> None:
        if len(data) > web_library_search.SIZE_LIMIT:
            limit = web_library_search.SIZE_LIMIT >> 20
            self._unread.append(f"{entry.path} is over {limit} MiB, and was not searched for libraries of pages")
        elif len(self._libraries) >= LIBRARIES_LIMIT:
            self._unread.append(f"not all pages were searched: more than {LIBRARIES_LIMIT} libraries in them")
        else:
            self._libraries += self._pages.libraries(entry.path, data)

    def _pieces(self, entry: Entry, chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
        """The content, in windows that overlap where it is large; nothing of a file that begins as a packed one."""
        held: list[bytes] = []
        length = base = 0
        for chunk in chunks:
            if not held and not base and chunk.startswith(PACKED):
                return
            held.append(chunk)
            length += len(chunk)
            self._total += len(chunk)
            if self._total > TOTAL_LIMIT:
                raise Unavailable(f"{entry.path} was not searched: more than {TOTAL_LIMIT >> 30} GiB")
            if entry.size > WHOLE_LIMIT and length >= WINDOW:
                data = b"".join(held)
                yield base, data
                held = [data[-OVERLAP:]]
                base += length - OVERLAP
                length = OVERLAP
        yield base, held[0] if len(held) == 1 else b"".join(held)

    def _piece(self, entry: Entry, base: int, data: bytes) -> None:
        if b"\0" not in data[:HEAD]:
            self._secrets.text(entry, base, data, self._within(data))
            if not base and web_library_search.is_page(entry.path):
                self._page(entry, data)
            return
        content = BinaryContent(data, self._within, self._within_program)
        self._secrets.binary(entry, base, content)
        if content.is_program and not base:
            self._program(entry, content)

    def _program(self, entry: Entry, content: BinaryContent) -> None:
        elf = elf_dynamic.parse(len(content.data), content.read)
        if elf is None or elf.kind is elf_dynamic.Kind.OBJECT:  # a kernel's module is no program
            return
        if len(self._programs) >= PROGRAMS_LIMIT:
            self._unread.append(f"{entry.path} was not asked what it is: more than {PROGRAMS_LIMIT} programs")
            return
        self._programs.append(
            Program(
                entry.path,
                elf,
                self._products.products(entry.path, elf, content),
                not elf_data.has_symbols(len(content.data), content.read),
                *self._modules(entry, content),
            )
        )

    def _modules(
        self, entry: Entry, content: BinaryContent
    ) -> tuple[go_build_info.GoBuildInfo | None, tuple[cargo_auditable.Crate, ...]]:
        go, crates = _go(content), _crates(content)
        self._modules_left -= len(crates) + (0 if go is None else len(go.modules))
        if self._modules_left < 0:
            self._unread.append(f"{entry.path} was not asked what it is built of: more than {MODULES_LIMIT} modules")
            return None, ()
        return go, crates


def _go(content: BinaryContent) -> go_build_info.GoBuildInfo | None:
    for run in content.runs:
        if go_build_info.MAGIC in run.marks and not run.start % go_build_info.ALIGNED:
            found = go_build_info.find(run.data, len(content.data), content.read)
            if found is not None:
                return found
    return None


def _crates(content: BinaryContent) -> tuple[cargo_auditable.Crate, ...]:
    place = elf_data.section(cargo_auditable.SECTION, len(content.data), content.read)
    if place is None:
        return ()
    try:
        return cargo_auditable.parse(content.data[slice(*place)])
    except Malformed:
        return ()
