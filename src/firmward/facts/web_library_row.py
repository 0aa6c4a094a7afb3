"""The rows of `web_products/`: by what the libraries are known that a device's pages bring into a visitor's browser.

A row names its library as npm does (`npm`), with CPE's vendor and product where there are any (`cpe`), and says what
tells its version in a script, a style sheet or a page:

- `text`: words around its version, `{}`, such as a banner that minifying leaves.
- `pattern`: the same as a regular expression, with `anchor`, a text that is always in it. The version is its groups,
  joined by dots.
- `stems`: how its files are called before a version: `jquery` for jquery-3.4.1.min.js.

Words have to be those of the library itself: others say what they need, or what they are based on. `release` is how npm
counts a library that has a number alone. A library that npm has not is `generic`. `example` is a real file that was
read: the package or repository with its version, and the path.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from firmward.facts.product_row import VERSION, Wording, wordings
from firmward.model.purl import purl

FOLDER = "web_products"
ENDING = r"(?:[-_.](?:min|slim|pack|packed|bundle|umd|prod|production|custom|full|all|debug|lite))*\.(?:[cm]?js|css)"


@dataclass(frozen=True, slots=True)
class WebLibraryRow:
    """A library by its `name`, npm's; `vendor` and `product` by CPE, empty where it has none. `is_generic` says that
    npm has none of this name. `words` tell its version, and a file's name that `called` matches. `release` is what the
    version is put into. `example` is a real file that was read: package, version, path."""

    name: str
    vendor: str
    product: str
    is_generic: bool
    words: tuple[Wording, ...]
    called: re.Pattern[str] | None
    release: str
    example: str

    def version(self, groups: tuple[str, ...]) -> str:
        """What npm calls the release that the groups of a pattern name."""
        return self.release.format(".".join(groups))

    def purl(self, version: str) -> str:
        scope, _, name = self.name.rpartition("/")
        return purl("generic" if self.is_generic else "npm", name, version, scope)


@cache
def rows() -> tuple[WebLibraryRow, ...]:
    """All of them, in the order of their files."""
    folder = resources.files(__package__).joinpath(FOLDER)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    tables = (tomllib.loads(file.read_text(encoding="utf-8")) for file in files)
    return tuple(row(table) for document in tables for table in document["library"])


def row(table: Mapping[str, Any]) -> WebLibraryRow:
    vendor, _, product = table.get("cpe", "").partition(":")
    return WebLibraryRow(
        table.get("npm") or table["generic"],
        vendor,
        product,
        "npm" not in table,
        tuple(wordings(table, table.get("version", VERSION))),
        _called(table.get("stems", ())),
        table.get("release", "{}"),
        table["example"],
    )


def _called(stems: Sequence[str]) -> re.Pattern[str] | None:
    names = "|".join(re.escape(stem) for stem in stems)
    return re.compile(rf"(?i)(?:{names})[-_.@]v?({VERSION}){ENDING}") if names else None
