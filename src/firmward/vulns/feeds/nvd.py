"""NVD: CPE configurations, scores and weaknesses, in the form of its API 2.0, which its yearly files share.

The whole is one file a year, compressed; what changed since comes from the API by the moment of change, at most 120
days at a time, in pages. Without a key the API wants six seconds between two pages.
"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.model.vulnerability import Score
from firmward.vulns.applicability import applicability
from firmward.vulns.cve_record import english
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import Table, day_at, id_at, list_at, score, table, table_at, tables_at, text_at, weaknesses
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import Damaged, Reader, parse
from firmward.vulns.record import About
from firmward.vulns.rows import Raw, Row

NAME = "nvd"
URL = "https://nvd.nist.gov/feeds/json/cve/2.0"
API = "https://services.nvd.nist.gov/rest/json/cves/2.0"
FIRST_YEAR = 2002
"""Older vulnerabilities are in the file of that year."""
WINDOW = timedelta(days=119)
OVERLAP = timedelta(hours=2)
"""By which an update begins before the last one: clocks differ, and pages are made while records change."""
PAGE = 2000
PAGES_LIMIT = 200
PAGE_BYTES = 64 << 20
PAUSES = {True: 0.6, False: 6.0}
"""Seconds between two pages, with a key and without."""


def records(document: Document) -> Iterator[Raw]:
    """Those under `vulnerabilities`, or the document itself where it is one. Beside files lie notes on them (.meta)."""
    if not document.name.endswith(".json"):
        return
    reader = Reader(document.stream, TEXT_LIMIT)
    found = False
    try:
        for key in reader.entries():
            if key == "vulnerabilities" and reader.is_list():
                found = True
                for number in reader.elements():
                    yield _raw(reader, f"{document.name}[{number}]")
            elif key == "cve" and reader.is_table():
                found = True
                yield Raw(document.name, {"cve": _raw(reader, document.name).value})
    except Damaged as error:
        yield Raw(document.name, Malformed(str(error)))
        return
    if not found:
        yield Raw(document.name, Malformed("has no vulnerabilities: it is none of NVD's files"))


def _raw(reader: Reader, name: str) -> Raw:
    try:
        return Raw(name, reader.value())
    except Malformed as error:
        return Raw(name, error)


def rows(value: object) -> tuple[str, list[Row]]:
    record = table_at(table(value, "the record"), "cve")
    name = id_at(record, "id")
    modified = day_at(record, "lastModified")
    if text_at(record, "vulnStatus").lower() == "rejected":
        return name, [About(name, modified=modified, is_rejected=True)]
    kinds = [
        text_at(one, "value") for part in tables_at(record, "weaknesses") for one in tables_at(part, "description")
    ]
    about = About(
        name,
        description=english(tables_at(record, "descriptions")),
        published=day_at(record, "published"),
        modified=modified,
        cwes=weaknesses(kinds),
        scores=tuple(_scores(table_at(record, "metrics"))),
    )
    return name, [about, *applicability(tables_at(record, "configurations"), name, NAME, NAME)]


def _scores(metrics: Table) -> Iterator[Score]:
    for kind in metrics:
        for one in tables_at(metrics, kind) if kind.startswith("cvssMetric") else ():
            made = score(table_at(one, "cvssData"), text_at(one, "source"))
            if made is not None:
                yield made


def plan(remote: Remote) -> Plan:
    begun = remote.now.astimezone(UTC)
    since = _moment(remote.cursor)
    cursor = begun.isoformat(timespec="seconds")
    if since is None or not timedelta() <= begun - since < WINDOW:
        return Plan(Extent.WHOLE, _years(remote, begun.year), cursor)
    return Plan(Extent.CHANGES, _pages(remote, since - OVERLAP, begun), cursor)


def _moment(cursor: str) -> datetime | None:
    try:
        made = datetime.fromisoformat(cursor)
    except ValueError:
        return None
    return made if made.tzinfo is not None else None


def _years(remote: Remote, last: int) -> Iterator[Document]:
    for year in range(FIRST_YEAR, last + 1):
        yield from remote.document(f"{URL}/nvdcve-2.0-{year}.json.gz", fresh=True, optional=year == last)


def _pages(remote: Remote, since: datetime, until: datetime) -> Iterator[Document]:
    begin, end = (moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") for moment in (since, until))
    start, total = 0, 1
    for page in range(PAGES_LIMIT):
        if start >= total:
            return
        if page:
            remote.pause(PAUSES[bool(remote.key)])
        url = f"{API}?lastModStartDate={begin}&lastModEndDate={end}&resultsPerPage={PAGE}&startIndex={start}"
        content = remote.content(url, PAGE_BYTES)
        count, total = _counts(content)
        yield Document(f"page-{page + 1}.json", io.BytesIO(content))
        if not count and start < total:
            raise InputError(f"{API}: gave an empty page after {start} of {total} records")
        start += count
    raise InputError(f"{API}: gave more than {PAGES_LIMIT} pages")


def _counts(content: bytes) -> tuple[int, int]:
    """How many records a page has, and how many there are in all."""
    try:
        page = table(parse(content), "the page")
        total = page.get("totalResults")
        if isinstance(total, bool) or not isinstance(total, int) or not 0 <= total <= PAGE * PAGES_LIMIT:
            raise Malformed("has no number of results")
        return len(list_at(page, "vulnerabilities")), total
    except Malformed as error:
        raise InputError(f"{API}: gave a page that {error}") from error


FEED = Feed(NAME, "NVD", URL, records, rows, plan, alone=Extent.CHANGES)
