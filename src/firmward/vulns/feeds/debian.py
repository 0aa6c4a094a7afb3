"""Debian's security tracker: for each source package and CVE its state in each release.

One table of source packages; below them by CVE the `releases` by codename, `resolved` with the `fixed_version` (0:
never affected), `open`, or `undetermined`, which says nothing. What has no CVE yet (TEMP-...) is passed over.
"""

from collections.abc import Iterator

from firmward.facts.lifecycle import Line, shipped
from firmward.formats.malformed import Malformed
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import CVE, NAME_LIMIT, VERSION_LIMIT, Table, table, table_at, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import Damaged, Reader
from firmward.vulns.record import Fix
from firmward.vulns.rows import Raw, Row

NAME = "debian"
URL = "https://security-tracker.debian.org/tracker/data/json"
RELEASES_LIMIT = 40


def records(document: Document) -> Iterator[Raw]:
    """One for each package and CVE: the kernel's alone have millions of characters."""
    reader = Reader(document.stream, TEXT_LIMIT)
    try:
        for package in reader.entries():
            if not reader.is_table():
                yield Raw(package[:NAME_LIMIT], Malformed("is no table"))
                continue
            for name in reader.entries():
                if name.startswith("CVE-"):
                    yield _raw(reader, package, name)
    except Damaged as error:
        yield Raw(document.name, Malformed(str(error)))


def _raw(reader: Reader, package: str, name: str) -> Raw:
    where = f"{package[:NAME_LIMIT]} {name[:40]}"
    try:
        return Raw(where, {"package": package, "name": name, "state": reader.value()})
    except Malformed as error:
        return Raw(where, error)


def rows(value: object) -> tuple[str, list[Row]]:
    entry = table(value, "the entry")
    package, name = text_at(entry, "package"), text_at(entry, "name")
    if not CVE.fullmatch(name):
        raise Malformed(f"is no CVE: {name[:40]!r}")
    releases = table_at(table_at(entry, "state"), "releases")
    if len(releases) > RELEASES_LIMIT:
        raise Malformed(f"has {len(releases)} releases, more than {RELEASES_LIMIT}")
    made: list[Row] = []
    for codename, state in releases.items():
        fix = _fix(name, package, codename, table(state, codename))
        made += [] if fix is None else [fix]
    return "", made


def _fix(name: str, package: str, codename: str, state: Table) -> Fix | None:
    status = text_at(state, "status")
    fixed = text_at(state, "fixed_version", VERSION_LIMIT) if status == "resolved" else ""
    if status not in ("resolved", "open") or (status == "resolved" and not fixed):
        return None
    return Fix(name, f"debian:{release(codename)}", package, fixed, text_at(state, "urgency").removesuffix("**"))


def release(codename: str) -> str:
    """12 for bookworm; the name itself of what has no number, such as sid."""
    line: Line | None = shipped().named("debian", codename)
    return codename.lower() if line is None else line.line


def plan(remote: Remote) -> Plan:
    return Plan(Extent.WHOLE, remote.document(URL))


FEED = Feed(NAME, "Debian security tracker", URL, records, rows, plan)
