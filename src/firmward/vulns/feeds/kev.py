"""CISA's list of what is known to be exploited: JSON, or the CSV with the same columns."""

import csv
import io
from collections.abc import Iterator

from firmward.formats.malformed import Malformed
from firmward.model.vulnerability import KnownExploited
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import CVE, Table, day_at, id_at, table, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import Damaged, Reader
from firmward.vulns.rows import Exploited, Raw, Row

NAME = "kev"
URL = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
COLUMNS = {
    "cve": "cveID",
    "ransomware": "knownRansomwareCampaignUse",
}
"""Shorter names of columns that copies of the list have."""


def records(document: Document) -> Iterator[Raw]:
    if document.name.endswith(".csv"):
        yield from _of_csv(document)
        return
    if document.name.endswith("schema.json") or not document.name.endswith(".json"):
        return
    reader = Reader(document.stream, TEXT_LIMIT)
    try:
        for key in reader.entries():
            if key == "vulnerabilities" and reader.is_list():
                for number in reader.elements():
                    yield _raw(reader, f"{document.name}[{number}]")
    except Damaged as error:
        yield Raw(document.name, Malformed(str(error)))


def _raw(reader: Reader, name: str) -> Raw:
    try:
        return Raw(name, reader.value())
    except Malformed as error:
        return Raw(name, error)


def _of_csv(document: Document) -> Iterator[Raw]:
    try:
        text = document.read(TEXT_LIMIT).decode("utf-8-sig", "replace")
        for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), 2):
            known = {COLUMNS.get(key, key): value for key, value in row.items() if isinstance(key, str)}
            yield Raw(f"line {number}", known)
    except (csv.Error, Malformed) as error:
        yield Raw(document.name, Malformed(str(error)))


def rows(value: object) -> tuple[str, list[Row]]:
    entry: Table = table(value, "the entry")
    name = id_at(entry, "cveID")
    added = day_at(entry, "dateAdded")
    if not CVE.fullmatch(name) or added is None:
        raise Malformed(f"{name}: has no day on which it was added" if added is None else f"{name}: is no CVE")
    is_ransom = text_at(entry, "knownRansomwareCampaignUse").lower() == "known"
    return "", [Exploited(name, KnownExploited(added, day_at(entry, "dueDate"), is_ransom))]


def plan(remote: Remote) -> Plan:
    return Plan(Extent.WHOLE, remote.document(URL))


FEED = Feed(NAME, "CISA KEV", URL, records, rows, plan)
