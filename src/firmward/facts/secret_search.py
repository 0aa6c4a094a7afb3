"""Private keys, certificates and credentials in any file of an image: what the pass over all contents looks for.

Everywhere keys, certificates and tokens known by their form are looked for; values given to names only in
configurations, scripts, web files and a product's own code, not in manuals, translations, and the libraries of
languages. Nothing secret is kept.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from firmward.facts.binary_content import BinaryContent, ContentKey
from firmward.formats import (
    credential_address,
    credential_assigned,
    credential_list,
    credential_token,
    pem,
    private_key,
    x509,
)
from firmward.formats.credential import Credential, Kind
from firmward.formats.credential_value import Style
from firmward.formats.public_key import PublicPart
from firmward.model.location import Location
from firmward.model.tree import Entry

HITS_LIMIT = 10_000
"""Of each kind in a tree; more is a collection of samples."""
WRITTEN_LIMIT = 8 << 20
"""Bytes of a text that may be a configuration or code."""
CERTIFICATE = b"CERTIFICATE-----"
WORDS = frozenset((CERTIFICATE, *private_key.MARKS, credential_address.SCHEME, *credential_token.MARKS))
"""One of these is in whatever is found by its form."""

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


@dataclass(slots=True)
class _Hits:
    """What one run of bytes showed, offsets counted from the file's beginning."""

    keys: list[private_key.PrivateKey] = field(default_factory=list)
    certificates: list[tuple[int, x509.Certificate]] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Secrets:
    """All `keys`, `certificates` and `credentials`; `unread` says which files were not searched for all of them, and
    why."""

    keys: tuple[EmbeddedKey, ...] = ()
    certificates: tuple[EmbeddedCertificate, ...] = ()
    credentials: tuple[EmbeddedCredential, ...] = ()
    unread: tuple[str, ...] = ()


class SecretSearch:
    """Takes one file after the other, in pieces: `base` is where a piece begins in its file."""

    def __init__(self) -> None:
        self._keys: list[EmbeddedKey] = []
        self._certificates: list[EmbeddedCertificate] = []
        self._credentials: list[EmbeddedCredential] = []
        self._unread: list[str] = []
        self._known: dict[ContentKey, _Hits] = {}

    def finished(self) -> Secrets:
        return Secrets(
            tuple(self._keys[:HITS_LIMIT]),
            _anchored(self._certificates[:HITS_LIMIT]),
            tuple(self._credentials[:HITS_LIMIT]),
            tuple(self._unread),
        )

    def text(self, entry: Entry, base: int, data: bytes, marks: frozenset[bytes]) -> None:
        self._take(entry, base, data, _in_text(data, entry.path, marks & WORDS), binary=False)
        if len(data) > WRITTEN_LIMIT and PAPERS.match(entry.path) is None:
            limit = WRITTEN_LIMIT >> 20
            self._unread.append(f"{entry.path} is over {limit} MiB, and was searched for keys and tokens only")

    def binary(self, entry: Entry, base: int, content: BinaryContent) -> None:
        """Contents that were seen before are not searched again."""
        hits = self._known.get(content.key) if content.key is not None else None
        if hits is None:
            hits = _in_binary(content)
            if content.key is not None:
                self._known[content.key] = hits
        self._take(entry, base, content.data, hits, binary=True)

    def _take(self, entry: Entry, base: int, data: bytes, hits: _Hits, *, binary: bool) -> None:
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


def _in_binary(content: BinaryContent) -> _Hits:
    hits = _Hits()
    for run in content.runs:
        _search(run.data, run.start, hits, run.marks & WORDS)
    if not content.is_program:
        _bare_certificate(content.data, hits)
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
