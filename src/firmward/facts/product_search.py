"""Which products a program is, or has linked in, by the rows of product_row.py.

Their anchors are looked for together, in the pass that reads every file; a pattern is tried only around an anchor that
occurs, and only where its row is asked. Several versions of one product in one file are no answer.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from firmward.facts.binary_content import BinaryContent, Run
from firmward.facts.product_row import ProductRow, Scope, Wording
from firmward.facts.program import Product
from firmward.formats.elf_dynamic import Elf
from firmward.model.component import Evidence, Witness
from firmward.model.location import Location

BEFORE, BEHIND = 128, 256
"""Bytes around an anchor in which its pattern is tried."""
TRIED = 4096
"""Occurrences of one anchor in one file."""
ALONE_LIMIT = 64
"""Strings that look like a version, of which one is."""
TEXT_LIMIT = 200
ZLIB = re.compile(r"libz\.so\b")
ZLIBS_VERSION = re.compile(rb"1\.[23]\.\d{1,2}(?:\.\d)?")
"""zlib's header puts the version that it is of into whatever includes it, as a string of its own."""
UNPRINTED = re.compile(rb"[^\x20-\x7e]")


class ProductSearch:
    """All rows together; what a program is named decides which are asked of it."""

    def __init__(self, rows: Sequence[ProductRow]) -> None:
        self._rows = rows
        self._linked = tuple(row for row in rows if row.scope is not Scope.OWN and row.words)
        self._own: dict[str, tuple[ProductRow, ...]] = {}

    @cached_property
    def words(self) -> frozenset[bytes]:
        anchors = {wording.anchor for row in self._rows for wording in row.words}
        return frozenset(anchors | {row.word for row in self._rows if row.word})

    def products(self, path: str, elf: Elf, content: BinaryContent) -> tuple[Product, ...]:
        """Each product once, by the best that tells of it."""
        name = path.rpartition("/")[2]
        found: dict[str, Product] = {}
        for row in self.own(name):
            product = _own(row, path, elf, content.runs)
            if product is not None:
                found.setdefault(row.name, product)
        marks = frozenset[bytes]().union(*(run.marks for run in content.runs)) & self.words
        for row in self._linked if marks else ():
            if row.name not in found and _may_hold(row, elf, name) and (not row.word or row.word in marks):
                evidence = _by_words(row, path, content.runs)
                if evidence is not None:
                    found[row.name] = _product(row, *evidence, is_static=row.scope is Scope.LINKED)
        return tuple(found.values())

    def own(self, name: str) -> tuple[ProductRow, ...]:
        """The rows whose product a file of this name may be."""
        known = self._own.get(name)
        if known is None:
            known = self._own[name] = tuple(row for row in self._rows if row.is_file(name))
        return known


def _may_hold(row: ProductRow, elf: Elf, name: str) -> bool:
    if row.scope is Scope.ANY:
        return True
    return not row.is_file(name) and not any(row.is_file(needed) for needed in elf.needed)


def _own(row: ProductRow, path: str, elf: Elf, runs: Sequence[Run]) -> Product | None:
    name = path.rpartition("/")[2]
    evidence = _by_words(row, path, runs) or _alone(row, path, elf, runs)
    if evidence is not None:
        return _product(row, *evidence)
    for naming in row.names:
        version = naming.version(name)
        if version:
            return _product(row, version, Evidence(Witness.NAME, Location(path), name))
    return None


def _product(row: ProductRow, version: str, evidence: Evidence, *, is_static: bool = False) -> Product:
    purl = f"{row.purl}@{version}"
    return Product(row.name, row.vendor, version, row.kind, purl, evidence, is_static)


def _by_words(row: ProductRow, path: str, runs: Sequence[Run]) -> tuple[str, Evidence] | None:
    """By the first wording that names one version."""
    for wording in row.words:
        said = dict(_said(wording, path, runs))
        if len(said) == 1:
            return next(iter(said.items()))
    return None


def _said(wording: Wording, path: str, runs: Sequence[Run]) -> Iterator[tuple[str, Evidence]]:
    left = TRIED
    for run in runs:
        if wording.anchor not in run.marks:
            continue
        for at in islice(_occurrences(wording.anchor, run.data), left):
            left -= 1
            end = at + len(wording.anchor) + BEHIND
            for match in wording.pattern.finditer(run.data, max(0, at - BEFORE), end):
                yield _text(match[1]), _evidence(path, run, match.start(1), match.end())


def _occurrences(word: bytes, data: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + len(word))


def _alone(row: ProductRow, path: str, elf: Elf, runs: Sequence[Run]) -> tuple[str, Evidence] | None:
    if row.alone is None or (row.word and not any(row.word in run.marks for run in runs)):
        return None
    has_zlibs = any(ZLIB.match(needed) for needed in elf.needed)
    said: dict[str, Evidence] = {}
    for run in runs:
        for match in row.alone.finditer(run.data):
            if has_zlibs and ZLIBS_VERSION.fullmatch(match[1]):
                continue
            said.setdefault(_text(match[1]), _evidence(path, run, match.start(1), match.end(1)))
            if len(said) > ALONE_LIMIT:
                return None
    return next(iter(said.items())) if len(said) == 1 else None


def _evidence(path: str, run: Run, start: int, end: int) -> Evidence:
    """The whole string around, as far as it can be printed."""
    first = max(0, start - TEXT_LIMIT // 2)
    begin = max(run.data.rfind(b"\0", first, start) + 1, first)
    until = run.data.find(b"\0", end, end + TEXT_LIMIT)
    text = UNPRINTED.sub(b" ", run.data[begin : until if until >= 0 else end + TEXT_LIMIT // 2])
    return Evidence(Witness.TEXT, Location(path, offset=run.start + start), _text(text.strip())[:TEXT_LIMIT])


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")
