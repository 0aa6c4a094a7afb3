"""Private keys, certificates and credentials in any file of the image, found in one pass: each file is read once.

Rules: a file with a zero byte in its first part is binary; of a program its data are searched, not its code. What is
compressed (pictures, archives, fonts) shows nothing and is passed over. Everywhere keys, certificates and tokens known
by their form are looked for; values given to names only in configurations, scripts, web files and a product's own
code, not in manuals, translations, and the libraries of languages; translations, pages of manuals, pictures and what
Python compiled of a source beside it are not read at all. Nothing secret is kept.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from firmward.formats import (
    credential_address,
    credential_assigned,
    credential_list,
    credential_token,
    elf_data,
    pem,
    private_key,
    x509,
)
from firmward.formats.credential import Credential, Kind
from firmward.formats.credential_value import Style
from firmward.formats.public_key import PublicPart
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Entry, ReadAt, Tree
from firmward.model.tree import Kind as EntryKind
from firmward.model.words import Within, WordSearch

WHOLE_LIMIT = 128 << 20
"""Bytes of a file that is searched in one piece; a larger one in windows."""
WINDOW, OVERLAP = 32 << 20, 128 << 10
TOTAL_LIMIT = 4 << 30
"""Bytes read of one tree."""
HITS_LIMIT = 10_000
"""Of each kind in a tree; more is a collection of samples."""
WRITTEN_LIMIT = 8 << 20
"""Bytes of a text that may be a configuration or code."""
HEAD = 4096
REMEMBERED = 64 << 10
"""Size from which on equal contents (BusyBox under its hundred names) are searched once."""

PACKED = (
    b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x89PNG", b"\xff\xd8\xff", b"GIF8",
    b"wOFF", b"wOF2", b"RIFF", b"OggS", b"ID3", b"fLaC", b"\0\1\0\0\0", b"OTTO", b"ttcf", b"PK\3\4", b"\x1f\x9d",
    b"hsqs", b"\xde\x12\x04\x95", b"\x95\x04\x12\xde", b"!<arch>", b"7z\xbc\xaf",
)  # fmt: skip
"""How files begin that are compressed or hold no text; archives are opened as parts of their own."""

PAPERS = re.compile(
    r"^(?:usr/(?:local/)?share/(?:doc|man|info|locale|i18n|zoneinfo|help|gtk-doc|licenses|mime|X11|terminfo|vim|emacs|"
    r"bash-completion|zsh|perl\d?|icons|fonts|tcltk|nano|file|misc/magic|common-licenses|lintian|gettext\S*|unicode|dict|"
    r"pixmaps|themes|polkit-1|xml|sgml|cmake\S*|aclocal\S*|autoconf|automake\S*|libtool|bison|pkgconfig|gcc\S*|gdb|"
    r"groff|javascript|nodejs|debconf|dpkg|debhelper|initramfs-tools|metainfo|applications)|"
    r"usr/include|usr/src|usr/lib/(?:.*/)?(?:python\d[\d.]*|perl\S*|ruby|node_modules|jvm|gcc\S*|tcl\S*|go|git-core|cmake|"
    r"rustlib|locale|debug)|usr/lib/firmware|lib/firmware|usr/lib/modules|lib/modules|var/lib/(?:dpkg|opkg|apt)|"
    r"usr/lib/opkg)/"
)
"""Manuals, translations, languages' libraries: nothing there is the product's own configuration."""
SILENT = re.compile(
    r"usr/(?:local/)?share/(?:locale|man|info|zoneinfo|i18n|icons|fonts|terminfo|mime)/|(?:usr/)?lib/udev/hwdb\.|"
    r"etc/udev/hwdb\.bin$|(?:usr/)?(?:lib|share)/(?:.*/)?perl(?:5|-base)?/(?:[\d.]+/)?(?:unicore|Unicode/Collate|CORE)/|"
    r"(?:var|usr)/lib/(?:dpkg|opkg)/info/[^/]+\.(?:list|md5sums|symbols|shlibs|triggers)$"
)
"""Translations, pages of manuals, pictures, tables and lists of files, which are not read at all."""
COMPILED = re.compile(r"(?P<folder>(?:.*/)?)__pycache__/(?P<name>[^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc$")
"""Python's own copy of a source (PEP 3147), not read where the source is there."""
SAMPLES = re.compile(
    r"(?i)(?:^|/)(?:tests?|testsuite|testdata|testing|examples?|samples?|demos?|docs?|fixtures?|unittest\w*|selftests?|"
    r"specs?|manual|tutorial)(?:/|$)|^usr/(?:local/)?share/(?:doc|man|info)/|/test_[^/]+$|_test\.\w+$|"
    r"\.(?:sample|example|dist-sample|md|rst|po|pot)$|/(?:README|CHANGELOG|INSTALL|NEWS)[^/]*$"
)
SELF_TESTS = re.compile(
    r"(?:^|/)lib(?:gnutls|crypto|ssl|mbed\w+|wolfssl|gcrypt|nettle|hogweed|softokn3|freebl\w*|botan\S*|dovecot\S*|tomcrypt|ssh2?)[-.]\S*$|"
    r"(?:^|/)bin/openssl$"
)
"""Libraries that carry keys to test themselves with, which are everybody's; `openssl speed` has its own."""
ANCHORS = re.compile(r"^usr/share/(?:ca-certificates|pki|p11-kit)/|(?:^|/)ca-(?:certificates\.crt|bundle[^/]*)$")
"""Where distributions ship the roots that everybody trusts."""
STORES = re.compile(
    r"^(?:etc/(?:ssl|openssl|pki/tls)/certs|etc/pki/ca-trust/.*|etc/ca-certificates.*|usr/lib/ssl/certs|"
    r"usr/local/share/ca-certificates)/[^/]+$"
)
"""Where the maker's may lie too."""
BUNDLE = 8
"""Certificates in one file, or in one folder of STORES, from which on they are the roots that everybody trusts; fewer
are the maker's choice."""

CODE = (
    ".py", ".js", ".mjs", ".ts", ".lua", ".php", ".pl", ".pm", ".rb", ".json", ".xml", ".html", ".htm", ".java",
    ".c", ".h", ".cpp", ".tcl", ".cgi", ".asp", ".aspx", ".jsp", ".jsx", ".vue", ".inc", ".go", ".cs",
)  # fmt: skip
SETTINGS = (
    ".conf", ".cfg", ".cnf", ".ini", ".env", ".properties", ".yaml", ".yml", ".toml", ".sh", ".bash", ".ash",
    ".nmconnection", ".network", ".netdev", ".service", ".rc", ".local", ".default", ".defaults", ".config",
    ".uci", ".txt", ".netrc", ".exp", ".ovpn", ".secrets", ".settings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EmbeddedKey:
    """A private key: its `form`, `algorithm` and place, `at`.

    `public` identifies its public part where the form shows it. `locked` says that a passphrase guards it, `known` that
    everybody knows this passphrase; `sample` that it lies among tests, examples or documents; `alone` that the file is
    the key, so that it may have been placed for a program.
    """

    form: str
    algorithm: str
    at: Location
    public: PublicPart | None
    locked: bool
    known: bool
    sample: bool
    alone: bool

    @property
    def path(self) -> str:
        return self.at.path or ""


@dataclass(frozen=True, slots=True)
class EmbeddedCertificate:
    """A `certificate` and its place, `at`; `number` counts those of one file from 0, `anchor` says that it is one of
    many trusted roots, `sample` that it lies among tests, examples or documents, `built_in` that it is part of a
    program or of code."""

    certificate: x509.Certificate
    at: Location
    number: int
    anchor: bool
    sample: bool
    built_in: bool


@dataclass(frozen=True, slots=True)
class EmbeddedCredential:
    """`kind` and `name` say what was found, `at` where, `length` how many characters it has."""

    kind: Kind
    name: str
    at: Location
    length: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """All `keys`, `certificates` and `credentials`; `unread` says which files could not be searched, and why."""

    keys: tuple[EmbeddedKey, ...] = ()
    certificates: tuple[EmbeddedCertificate, ...] = ()
    credentials: tuple[EmbeddedCredential, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(slots=True)
class _Hits:
    """What one run of bytes showed, offsets counted from the file's beginning."""

    keys: list[private_key.PrivateKey] = field(default_factory=list)
    certificates: list[tuple[int, x509.Certificate]] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)


def collect(tree: Tree, words: WordSearch) -> Embedded | None:
    """None when the tree has no file."""
    search = _Search(
        words.prepare((CERTIFICATE, *private_key.MARKS, credential_address.SCHEME, *credential_token.MARKS))
    )
    files = [entry for entry in tree.entries() if entry.kind is EntryKind.FILE]
    loud = (entry for entry in files if entry.size and not SILENT.match(entry.path) and not _is_copy(tree, entry.path))
    for entry, chunks in tree.read_all(loud, needed=_needed):
        search.file(entry, chunks)
    return search.finished() if files else None


def _is_copy(tree: Tree, path: str) -> bool:
    compiled = COMPILED.match(path) if path.endswith(".pyc") else None
    return compiled is not None and tree.lstat(f"{compiled['folder']}{compiled['name']}.py") is not None


def _needed(size: int, read: ReadAt) -> Sequence[tuple[int, int]]:
    head = read(0, HEAD)
    if head.startswith(PACKED):
        return ((0, len(head)),)
    return elf_data.ranges(size, read) if head.startswith(elf_data.MAGIC) else ((0, size),)


class _Search:
    def __init__(self, within: Within) -> None:
        self._within = within
        self._keys: list[EmbeddedKey] = []
        self._certificates: list[EmbeddedCertificate] = []
        self._credentials: list[EmbeddedCredential] = []
        self._unread: list[str] = []
        self._known: dict[tuple[int, int], _Hits] = {}
        self._total = 0

    def finished(self) -> Embedded:
        return Embedded(
            tuple(self._keys[:HITS_LIMIT]),
            _anchored(self._certificates[:HITS_LIMIT]),
            tuple(self._credentials[:HITS_LIMIT]),
            tuple(self._unread),
        )

    def file(self, entry: Entry, chunks: Iterator[bytes]) -> None:
        if self._total + entry.size > TOTAL_LIMIT:
            self._unread.append(f"{entry.path} was not searched for secrets: more than {TOTAL_LIMIT >> 30} GiB")
            return
        try:
            for base, data in self._pieces(entry, chunks):
                self._piece(entry, base, data)
                if len(data) > WRITTEN_LIMIT and b"\0" not in data[:HEAD] and PAPERS.match(entry.path) is None:
                    limit = WRITTEN_LIMIT >> 20
                    self._unread.append(f"{entry.path} is over {limit} MiB, and was searched for keys and tokens only")
        except Unavailable as reason:
            self._unread.append(str(reason))

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
                raise Unavailable(f"{entry.path} was not searched for secrets: more than {TOTAL_LIMIT >> 30} GiB")
            if entry.size > WHOLE_LIMIT and length >= WINDOW:
                data = b"".join(held)
                yield base, data
                held = [data[-OVERLAP:]]
                base += length - OVERLAP
                length = OVERLAP
        yield base, held[0] if len(held) == 1 else b"".join(held)

    def _piece(self, entry: Entry, base: int, data: bytes) -> None:
        binary = b"\0" in data[:HEAD]
        key = (len(data), hash(data)) if binary and len(data) >= REMEMBERED else None
        hits = self._known.get(key) if key is not None else None
        if hits is None:
            hits = _in_binary(data, self._within) if binary else _in_text(data, entry.path, self._within(data))
            if key is not None:
                self._known[key] = hits
        self._take(entry, base, data, hits, binary)

    def _take(self, entry: Entry, base: int, data: bytes, hits: _Hits, binary: bool) -> None:
        path = entry.path
        sample = SAMPLES.search(path) is not None or (binary and SELF_TESTS.search(path) is not None)

        def at(offset: int) -> Location:
            if binary:
                return Location(path, offset=base + offset) if base + offset else Location(path)
            return Location(path, data.count(b"\n", 0, offset) + 1)

        for key in hits.keys:
            alone = not binary or key.offset == 0
            self._keys.append(
                EmbeddedKey(key.form, key.algorithm, at(key.offset), key.public, key.locked, key.known, sample, alone)
            )
        anchor = ANCHORS.search(path) is not None or len(hits.certificates) >= BUNDLE
        for number, (offset, certificate) in enumerate(hits.certificates):
            built_in = (binary and offset > 0) or path.endswith(_PROGRAMMED) or PAPERS.match(path) is not None
            self._certificates.append(EmbeddedCertificate(certificate, at(offset), number, anchor, sample, built_in))
        for one in hits.credentials if not sample else ():
            self._credentials.append(EmbeddedCredential(one.kind, one.name, at(one.offset), one.length))


def _anchored(certificates: list[EmbeddedCertificate]) -> tuple[EmbeddedCertificate, ...]:
    """Those that lie one by one in a store of many are marked as its roots; a server's own among them is none."""
    paths = {one.at.path or "" for one in certificates if not one.anchor}
    count = Counter(_folder(path) for path in paths if STORES.match(path))
    return tuple(
        replace(one, anchor=True)
        if count[_folder(one.at.path or "")] >= BUNDLE and one.certificate.is_authority
        else one
        for one in certificates
    )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


_PROGRAMMED = tuple(ending for ending in CODE if ending not in (".json", ".xml", ".inc"))


def _in_binary(data: bytes, within: Within) -> _Hits:
    hits = _Hits()
    if not data.startswith(elf_data.MAGIC):
        _search(data, 0, hits, within(data))
        _bare_certificate(data, hits)
        return hits
    for start, end in elf_data.ranges(len(data), lambda offset, length: data[offset : offset + length]):
        if end - start >= 32:
            piece = data[start:end]
            _search(piece, start, hits, within(piece))
    return hits


def _search(data: bytes, base: int, hits: _Hits, marks: frozenset[bytes]) -> None:
    hits.keys += (_moved(key, base) for key in private_key.find(data, marks, lines=False))
    if not marks:
        return
    _certificates(data, base, hits, marks)
    addresses = credential_address.addresses(data) if credential_address.SCHEME in marks else ()
    found = (*credential_token.built_in(data, marks), *addresses)
    hits.credentials += (Credential(one.kind, one.name, one.offset + base, one.length) for one in found)


def _moved(key: private_key.PrivateKey, base: int) -> private_key.PrivateKey:
    return private_key.PrivateKey(key.form, key.algorithm, key.offset + base, key.public, key.locked, key.known)


def _in_text(data: bytes, path: str, marks: frozenset[bytes]) -> _Hits:
    hits = _Hits()
    hits.keys += private_key.find(data, marks)
    _certificates(data, 0, hits, marks)
    _bare_certificate(data, hits)
    if PAPERS.match(path) is None:
        hits.credentials += credential_list.in_known_file(data, path)
        hits.credentials += credential_token.tokens(data, marks)
        if credential_address.SCHEME in marks:
            hits.credentials += credential_address.addresses(data)
        style = _style(data, path) if len(data) <= WRITTEN_LIMIT else Style.NONE
        if style is not Style.NONE:
            hits.credentials += _no_keys(data, hits.keys, credential_assigned.assigned(data, style, path))
        if style is Style.CONFIG and not hits.credentials:
            hits.credentials += credential_list.hashes(data, path)
    return hits


def _no_keys(data: bytes, keys: list[private_key.PrivateKey], found: Iterator[Credential]) -> Iterator[Credential]:
    """What is not told as a private key already."""
    starts = {data.rfind(b"\n", 0, key.offset) + 1 for key in keys}
    return (one for one in found if one.offset not in starts)


_SECTION = re.compile(rb"\s{0,64}(?:[#;][^\n]{0,400}\s{1,8}){0,20}\[[\w .:-]{1,64}\][ \t]{0,8}\r?\n")


def _style(data: bytes, path: str) -> Style:
    name = path.rpartition("/")[2]
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    first = data[:64].split(b"\n", 1)[0]
    if ending in CODE or (first.startswith(b"#!") and b"sh" not in first):
        return Style.CODE
    if ending in SETTINGS or first.startswith(b"#!") or path.startswith("etc/") or name.startswith("."):
        return Style.CONFIG
    if not ending and (name == "config" or _SECTION.match(data)):  # such as LXC's, NetworkManager's in any folder
        return Style.CONFIG
    return Style.NONE


CERTIFICATE = b"CERTIFICATE-----"


def _certificates(data: bytes, base: int, hits: _Hits, marks: frozenset[bytes]) -> None:
    if CERTIFICATE not in marks:
        return
    for block in pem.blocks(data):
        if block.label in ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"):
            certificate = x509.read(block.content)
            if certificate is not None:
                hits.certificates.append((base + block.start, certificate))


def _bare_certificate(data: bytes, hits: _Hits) -> None:
    certificate = x509.read(data) if data[:2] == b"\x30\x82" and len(data) <= x509.SIZE_LIMIT else None
    if certificate is not None:
        hits.certificates.append((0, certificate))
