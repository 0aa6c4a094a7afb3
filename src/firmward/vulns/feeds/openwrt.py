"""OpenWrt: what CPE calls its packages, by the lists of packages that it publishes for each release.

It publishes no list of which version mends what, so that nothing here says that a package is mended. A list has
paragraphs with `Package`, `Version`, `Source` and, since 19.07, `CPE-ID` in the older form `cpe:/a:vendor:product`.
"""

import re
from collections.abc import Iterator

from firmward.facts.lifecycle import shipped
from firmward.formats.malformed import Malformed
from firmward.vulns.applicability import parse_cpe
from firmward.vulns.documents import Document
from firmward.vulns.feed import Feed, Plan, Remote
from firmward.vulns.fields import NAME_LIMIT, table, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.rows import Named, Raw, Row

NAME = "openwrt"
URL = "https://downloads.openwrt.org/releases"
FEEDS = ("base", "packages", "routing", "telephony")
ARCHITECTURE = "x86_64"
"""Whose lists are read: names and sources are the same for all."""
LINE_LIMIT = 1 << 16
RELEASE = re.compile(r"(?:^|[/_-])(?:packages-)?(\d\d\.\d\d)(?:\.\d+)?(?=[/_-]|$)")
FIELD = re.compile(r"(Package|SourceName|CPE-ID): *(.+)")
FIRST_WITH_FOLDERS = "19.07"


def records(document: Document) -> Iterator[Raw]:
    if not document.name.rpartition("/")[2].startswith("Packages"):
        return
    told = RELEASE.search(document.name)
    if told is None:
        yield Raw(document.name, Malformed("lies in no folder of a release such as 23.05.5"))
        return
    paragraph: dict[str, str] = {"release": told[1]}
    while line := document.stream.readline(LINE_LIMIT):
        words = line.decode("utf-8", "replace").strip()
        field = FIELD.fullmatch(words)
        if field is not None:
            paragraph[field[1]] = field[2]
        elif not words:
            yield from _named(paragraph)
            paragraph = {"release": told[1]}
    yield from _named(paragraph)


def _named(paragraph: dict[str, str]) -> Iterator[Raw]:
    if "CPE-ID" in paragraph and "Package" in paragraph:
        yield Raw(paragraph["Package"][:NAME_LIMIT], paragraph)


def rows(value: object) -> tuple[str, list[Row]]:
    entry = table(value, "the paragraph")
    cpe = parse_cpe(text_at(entry, "CPE-ID"))
    distribution = f"openwrt:{text_at(entry, 'release')}"
    names = dict.fromkeys(name for key in ("Package", "SourceName") if (name := text_at(entry, key)))
    return "", [Named(distribution, name, cpe.vendor, cpe.product) for name in names]


def plan(remote: Remote) -> Plan:
    """By release line, whose lists lie in a folder of their own."""
    lines = [one.line for one in shipped().products["openwrt"].lines if one.line >= FIRST_WITH_FOLDERS]
    urls = [f"{URL}/packages-{line}/{ARCHITECTURE}/{feed}/Packages.gz" for line in sorted(lines) for feed in FEEDS]
    whole = not remote.cursor
    found = (document for url in urls for document in remote.document(url, fresh=whole, optional=True))
    return Plan(Extent.WHOLE if whole else Extent.CHANGES, found, "all")


FEED = Feed(NAME, "OpenWrt packages", URL, records, rows, plan, alone=Extent.CHANGES)
