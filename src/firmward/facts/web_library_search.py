"""Which libraries a script, a style sheet or a page holds, by the rows of web_library_row.py.

Their anchors are looked for together; a pattern is tried only around an anchor that occurs. A bundle holds several
libraries, and it may hold two versions of one: each that it names counts, and where its words name none, its file's
name. Many versions of one library are a list of what there is to download, and no answer.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from firmward.facts.product_row import Wording
from firmward.facts.web_library_row import WebLibraryRow
from firmward.model.component import Evidence, Witness
from firmward.model.location import Location
from firmward.model.words import WordSearch

PAGE = re.compile(r"(?i)\.(?:[cm]?js|css|html?)(?P<packed>\.gz)?$")
SIZE_LIMIT = 16 << 20
"""Bytes of a script that is searched; the largest bundles have a few."""
PACKED_LIMIT = 4 << 20
BEFORE, BEHIND = 256, 640
"""Bytes around an anchor in which its pattern is tried."""
TRIED = 256
"""Occurrences of one anchor in one file."""
VERSIONS_LIMIT = 4
"""Versions of one library in one file."""
TEXT_LIMIT = 200
UNPRINTED = re.compile(rb"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class WebLibrary:
    """A library in one file of pages: npm's `name`, its `version` and package URL, `purl`, CPE's `vendor` and
    `product`, empty where there is none, the `path` of the file, and the `evidence` of what was read."""

    name: str
    version: str
    purl: str
    vendor: str
    product: str
    path: str
    evidence: Evidence


def is_page(path: str) -> bool:
    return PAGE.search(path) is not None


def is_packed_page(path: str) -> bool:
    """Whether a server hands this out as a page that it need not pack itself."""
    match = PAGE.search(path)
    return match is not None and match["packed"] is not None


def unpacked(data: bytes) -> bytes:
    """What gzip packed (RFC 1952), as far as it is whole and within SIZE_LIMIT."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, SIZE_LIMIT)
    except zlib.error:
        return b""


class WebLibrarySearch:
    """All rows together."""

    def __init__(self, rows: Sequence[WebLibraryRow], words: WordSearch) -> None:
        self._rows = rows
        self._within = words.prepare(sorted({wording.anchor for row in rows for wording in row.words}))

    def libraries(self, path: str, data: bytes) -> Iterator[WebLibrary]:
        """Each library and version once."""
        marks = self._within(data)
        name = path.rpartition("/")[2].removesuffix(".gz")
        for row in self._rows:
            found = _by_words(row, path, data, marks) or _by_name(row, path, name)
            if len(found) <= VERSIONS_LIMIT:
                for version, evidence in found.items():
                    yield WebLibrary(row.name, version, row.purl(version), row.vendor, row.product, path, evidence)


def _by_words(row: WebLibraryRow, path: str, data: bytes, marks: frozenset[bytes]) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for wording in row.words:
        if wording.anchor in marks:
            for match in _matches(wording, data):
                version = row.version(tuple(group.decode("ascii", "replace") for group in match.groups()))
                found.setdefault(version, _evidence(path, data, match))
    return found


def _by_name(row: WebLibraryRow, path: str, name: str) -> dict[str, Evidence]:
    match = row.called.fullmatch(name) if row.called is not None else None
    if match is None:
        return {}
    return {row.version((match[1],)): Evidence(Witness.NAME, Location(path), name[:TEXT_LIMIT])}


def _matches(wording: Wording, data: bytes) -> Iterator[re.Match[bytes]]:
    """Each once: what was matched is not looked at for the next anchor."""
    seen = 0
    for at in islice(_occurrences(wording.anchor, data), TRIED):
        match = wording.pattern.search(data, max(seen, at - BEFORE), at + len(wording.anchor) + BEHIND)
        if match is not None:
            seen = match.end()
            yield match


def _occurrences(word: bytes, data: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + len(word))


def _evidence(path: str, data: bytes, match: re.Match[bytes]) -> Evidence:
    text = UNPRINTED.sub(b" ", match[0][:TEXT_LIMIT]).strip().decode("ascii")
    return Evidence(Witness.TEXT, Location(path, data.count(b"\n", 0, match.start(1)) + 1), text)
