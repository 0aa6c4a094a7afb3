"""endoflife.date: until when lines of software get fixes. What the checks of support read is made of it (lifecycle.py).

Its API has all products in one table (`result`, each with `releases`: `name`, `releaseDate`, `eolFrom`, `eoesFrom`,
`isEol`, `isLts`), and before that one list of cycles for each product (`cycle`, `eol`, `extendedSupport`) in a file
with its name. Both are read, as is a table of products whose `releases` have `releaseCycle` and `eol`.
"""

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from firmward.facts.lifecycle import LINES_LIMIT
from firmward.facts.lifecycle import TEXT_LIMIT as WORD_LIMIT
from firmward.formats.malformed import Malformed
from firmward.vulns.documents import Document
from firmward.vulns.feed import Feed, Plan, Remote
from firmward.vulns.fields import Table, day, table, table_at, tables_at, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import parse
from firmward.vulns.lifecycle import CODENAMES, PRODUCTS, Kept, names_of
from firmward.vulns.rows import Raw, Row, Support

NAME = "eol"
URL = "https://endoflife.date/api/v1/products/full"
DOCUMENT_LIMIT = 32 << 20
OURS = {name: (ours, kept) for ours, kept in PRODUCTS.items() for name in names_of(ours)}


def records(document: Document) -> Iterator[Raw]:
    """One for each product that firmware is made of."""
    place = PurePosixPath(document.name)
    try:
        content = parse(document.read(DOCUMENT_LIMIT))
        if isinstance(content, list):
            found: list[tuple[str, object]] = [(place.stem, {"releases": content})]
        else:
            found = list(_products(table(content, "the document")))
    except Malformed as error:
        yield Raw(document.name, error)
        return
    for name, product in found:
        if name in OURS:
            yield Raw(name, {"product": name, "facts": product})


def _products(document: Table) -> Iterator[tuple[str, object]]:
    result, products = document.get("result"), document.get("products")
    if isinstance(products, dict):
        yield from products.items()
    elif isinstance(result, list):
        for number, one in enumerate(result):
            product = table(one, f"result[{number}]")
            yield text_at(product, "name"), product
    elif isinstance(result, dict):
        yield text_at(result, "name"), result
    else:
        raise Malformed("has no products: it is none of endoflife.date's files")


def rows(value: object) -> tuple[str, list[Row]]:
    entry = table(value, "the entry")
    ours, kept = OURS[text_at(entry, "product")]
    releases = tables_at(table_at(entry, "facts"), "releases")
    if len(releases) > LINES_LIMIT:
        raise Malformed(f"has {len(releases)} releases, more than {LINES_LIMIT}")
    lines = [_line(one, kept, ours) for one in releases]
    return "", [Support(ours, json.dumps([one for one in lines if one], separators=(",", ":")))]


def _line(release: Table, kept: Kept, ours: str) -> dict[str, object]:
    """As the file of dates has it; empty for a line without a name."""
    name = next((str(release[key]) for key in ("releaseCycle", "name", "cycle") if key in release), "")
    if not name or len(name) > WORD_LIMIT:
        return {}
    end = _end(release, "eol", "eolFrom", "isEol")
    if kept.counts == "eoes":
        longer = _end(release, "eoes", "eoesFrom", "") or _end(release, "extendedSupport", "", "")
        end = longer if isinstance(longer, str) else end
    row: dict[str, object] = {"line": name}
    released = release.get("releaseDate")
    if isinstance(released, str) and day(released):
        row["released"] = released[:10]
    row["end"] = end
    if release.get("lts") is True or release.get("isLts") is True:
        row["long"] = True
    codename = release.get("codename")
    if ours in CODENAMES and isinstance(codename, str):
        row["codename"] = codename.lower()[:WORD_LIMIT]
    return row


def _end(release: Table, key: str, since: str, over: str) -> str | bool:
    """A day, whether it is over, or False where no end is announced."""
    for value in (release.get(key), release.get(since)):
        if isinstance(value, str) and day(value):
            return value[:10]
    return release.get(key) is True or release.get(over) is True


def plan(remote: Remote) -> Plan:
    return Plan(Extent.WHOLE, remote.document(URL))


FEED = Feed(NAME, "endoflife.date", URL, records, rows, plan, alone=Extent.CHANGES)
