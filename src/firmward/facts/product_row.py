"""The rows of `products/`: by what the products are known that matter in embedded Linux.

A row names its product as CPE does (`cpe`, vendor and product; without one nobody has given it a name there), the
files that are the product, and what tells its version there:

- `text`: words of the program around its version, `{}`, with `{*}` for a few characters that do not matter.
- `pattern`: the same as a regular expression, with `anchor`, a text that is always in it or near it.
- `alone`: a string that is a version and nothing else, of this form; the only one of this form in the file counts.
- `name`: the file's name, where it carries the release's version, which few sonames do. Behind `=>` is how the version
  is put together from the groups.

`scope` says in which files the words count: `own`, those of the row's `files`; `linked`, also in others that do not
need such a file, since then the library is in them; `any`, wherever they stand. A word that came in with a library
beside it is that library's. `word` must occur too for what stands alone, and for what is linked into another file: some
libraries' headers put their version into whatever includes them.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from firmward.model.component import ComponentKind

VERSION = r"\d{1,8}(?:\.\d{1,8}){1,4}(?:[.-]?(?:rc|beta|alpha|pre|dev)[.-]?\d{0,3})?"
"""Unless a row has a form of its own."""
AFTER = rb"(?!\.?\d)(?![A-Za-z]\d*[A-Za-z0-9])"
"""What would make it another version."""
GAP = rb"[^\0\n]{0,60}?"
SUFFIX = rb")(?:[+-][\w.+~-]{0,40})?\0"
"""What a distribution puts behind a string that is a version."""
FOLDER = "products"


class Scope(StrEnum):
    OWN = "own"
    LINKED = "linked"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Wording:
    """A `pattern` whose group is the version, and the `anchor` without which it does not match."""

    anchor: bytes
    pattern: re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class Naming:
    """A `pattern` for a file's name, and the `template` of the version, whose numbers are its groups."""

    pattern: re.Pattern[str]
    template: str

    def version(self, name: str) -> str:
        """Empty for a file of another name."""
        match = self.pattern.fullmatch(name)
        if match is None:
            return ""
        return self.template.format("", *(str(int(group)) if group.isdigit() else group for group in match.groups()))


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product: its `name` and `vendor` by CPE (the vendor is empty where it has no name there), `kind` and `purl`
    without a version.

    `files` are names of files that are it; `words`, `alone` with `word`, and `names` tell its version, in this order.
    `scope` says where words count. `example` is a real file that was read: package, version, path.
    """

    name: str
    vendor: str
    kind: ComponentKind
    purl: str
    files: re.Pattern[str]
    words: tuple[Wording, ...]
    alone: re.Pattern[bytes] | None
    word: bytes
    names: tuple[Naming, ...]
    scope: Scope
    example: str

    def is_file(self, name: str) -> bool:
        return self.files.fullmatch(name) is not None


@cache
def rows() -> tuple[ProductRow, ...]:
    """All of them, in the order of their files."""
    folder = resources.files(__package__).joinpath(FOLDER)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    tables = (tomllib.loads(file.read_text(encoding="utf-8")) for file in files)
    return tuple(row(table) for document in tables for table in document["product"])


def row(table: Mapping[str, Any]) -> ProductRow:
    vendor, _, name = table.get("cpe", f":{table.get('name')}").partition(":")
    kind = ComponentKind(table.get("kind", "application"))
    form = table.get("version", VERSION)
    scope = table.get("scope", "linked" if kind is ComponentKind.LIBRARY else "own")
    alone = table.get("alone")
    return ProductRow(
        name,
        vendor,
        kind,
        table.get("purl", f"pkg:generic/{table.get('name', name)}"),
        re.compile(table["files"]),
        tuple(wordings(table, form)),
        None if alone is None else re.compile(rb"(?<![\x20-\x7e])(" + alone.encode() + SUFFIX),
        table.get("word", "").encode(),
        tuple(_naming(text) for text in table.get("names", ())),
        Scope(scope),
        table["example"],
    )


def wordings(table: Mapping[str, Any], form: str) -> Iterator[Wording]:
    """Of a table's `text` and `pattern`, for versions of this form."""
    version = b"(" + form.encode() + b")" + AFTER
    known = {"{}": version, "{*}": GAP}
    for text in table.get("text", ()):
        pieces = re.split(r"(\{\*?\})", text)
        pattern = b"".join(known.get(piece, re.escape(piece.encode())) for piece in pieces)
        yield Wording(max((piece for piece in pieces if piece not in known), key=len).encode(), re.compile(pattern))
    for pattern in table.get("pattern", ()):
        regex = pattern["regex"].encode().replace(b"{}", version)
        yield Wording(pattern["anchor"].encode(), re.compile(regex))


def _naming(text: str) -> Naming:
    pattern, _, template = text.partition(" => ")
    return Naming(re.compile(pattern), template or "{1}")
