"""The list of the CVE program: one JSON 5 record for each vulnerability, from its CNA, with what others added.

Upstream keeps them in a repository as `cves/2024/1xxx/CVE-2024-1234.json`; releases hold the same in a zip, or a zip in
a zip. `cves/deltaLog.json` tells what was new and changed in each of the last thirty days' fetches, so that an update
takes only these; where it does not reach back to the last update, or names too many, the whole is taken.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.vulns.cve_record import Record, rows_of_cve
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import CVE, table, tables_at, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import parse
from firmward.vulns.rows import Raw, Row

NAME = "cve"
URL = "https://github.com/CVEProject/cvelistV5"
WHOLE = f"{URL}/archive/refs/heads/main.zip"
LOG = f"{URL}/raw/main/cves/deltaLog.json"
LOG_LIMIT = 256 << 20
CHANGES_LIMIT = 3000
"""Records that are fetched one by one; of more the whole archive is the shorter way."""
FILE = re.compile(r".*CVE-\d{4}-\d{4,12}[^/]*\.json", re.S)


def records(document: Document) -> Iterator[Raw]:
    """Other files of the repository are none of ours."""
    if not FILE.fullmatch(document.name):
        return
    name = PurePosixPath(document.name).name
    try:
        is_rejected = "rejected" in document.name.lower()
        yield Raw(name, Record(table(parse(document.read(TEXT_LIMIT)), "the record"), is_rejected))
    except Malformed as error:
        yield Raw(name, error)


def rows(value: object) -> tuple[str, list[Row]]:
    record = value if isinstance(value, Record) else Record(table(value, "the record"))
    return rows_of_cve(record.record, NAME, is_rejected=record.is_rejected)


def plan(remote: Remote) -> Plan:
    changed, cursor = _changed(remote)
    if changed is None:
        return Plan(Extent.WHOLE, remote.document(WHOLE, fresh=not remote.cursor), cursor)
    found = (document for name in changed for document in remote.document(record_url(name), fresh=True))
    return Plan(Extent.CHANGES, found, cursor)


def record_url(name: str) -> str:
    _, year, number = name.split("-")
    return f"{URL}/raw/main/cves/{year}/{number[:-3]}xxx/{name}.json"


def _changed(remote: Remote) -> tuple[list[str] | None, str]:
    """What changed since the cursor, the moment of the last fetch that was taken; None where that is not told."""
    try:
        log = parse(remote.content(LOG, LOG_LIMIT))
        fetches = [table(one, "an entry") for one in log] if isinstance(log, list) else []
        moments = [text_at(one, "fetchTime") for one in fetches]
        newest = max(moments, default="")
        if not remote.cursor or not moments or min(moments) > remote.cursor:
            return None, newest
        news = [one for one, moment in zip(fetches, moments, strict=True) if moment > remote.cursor]
        named = [
            text_at(one, "cveId") for fetch in news for kind in ("new", "updated") for one in tables_at(fetch, kind)
        ]
    except Malformed as error:
        raise InputError(f"{LOG}: is no log of changes: {error}") from error
    changed = sorted({name for name in named if CVE.fullmatch(name)})
    return (None if len(changed) > CHANGES_LIMIT else changed), newest


FEED = Feed(NAME, "CVE list", URL, records, rows, plan, alone=Extent.CHANGES)
