"""OSV: vulnerabilities of packages by their ecosystems, in the OSV format (schema 1).

Upstream has one zip of records for each ecosystem, and beside it a list of what was modified when, newest first. A
package's `ranges` are events in order: introduced, then fixed or last affected; `versions` names each and serves where
there are commits alone. Records of distributions also say which of their versions mends it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from firmward.formats.malformed import Malformed
from firmward.model.vulnerability import Score
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import (
    DESCRIPTION_LIMIT,
    ID,
    TITLE_LIMIT,
    VERSION_LIMIT,
    Table,
    day_at,
    id_at,
    list_at,
    prose_at,
    table,
    table_at,
    tables_at,
    text,
    text_at,
    weaknesses,
)
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import parse
from firmward.vulns.record import About, Claim, Fix, Product, Range, Scheme
from firmward.vulns.rows import Raw, Row

NAME = "osv"
URL = "https://storage.googleapis.com/osv-vulnerabilities"
ECOSYSTEMS = ("PyPI", "npm", "Go", "crates.io")
"""Those that firmware has packages of. Distributions have feeds of their own."""
ECOSYSTEM = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,40}(?::[A-Za-z0-9 ._:-]{1,40})?")
LIST_LIMIT = 64 << 20
CHANGES_LIMIT = 2000
"""Records of an ecosystem that are fetched one by one; of more its zip is the shorter way."""
VERSIONS_LIMIT = 2000
SCHEMES = {
    "PyPI": Scheme.PYPI,
    "npm": Scheme.NPM,
    "Go": Scheme.GO,
    "Debian": Scheme.DPKG,
    "Ubuntu": Scheme.DPKG,
    "Alpine": Scheme.APK,
    "Chainguard": Scheme.APK,
    "Wolfi": Scheme.APK,
    "Red Hat": Scheme.RPM,
    "Rocky Linux": Scheme.RPM,
    "AlmaLinux": Scheme.RPM,
    "SUSE": Scheme.RPM,
    "openSUSE": Scheme.RPM,
}
"""By the ecosystem's name without its release; others order as SemVer does."""
DISTRIBUTIONS = ("Debian", "Alpine")
VECTOR = re.compile(r"CVSS:(?:3\.[01]|4\.0)/[A-Za-z:/]{1,300}|AV:[A-Za-z:/]{1,100}")


def records(document: Document) -> Iterator[Raw]:
    if not document.name.endswith(".json"):
        return
    name = document.name.rpartition("/")[2]
    try:
        yield Raw(name, parse(document.read(TEXT_LIMIT)))
    except Malformed as error:
        yield Raw(name, error)


def rows(value: object) -> tuple[str, list[Row]]:
    record = table(value, "the record")
    name = id_at(record, "id")
    modified = day_at(record, "modified")
    if text_at(record, "withdrawn"):
        return name, [About(name, modified=modified, is_rejected=True)]
    listed = [one for key in ("aliases", "upstream") for one in list_at(record, key) if isinstance(one, str)]
    kinds = [one for one in list_at(table_at(record, "database_specific"), "cwe_ids") if isinstance(one, str)]
    made: list[Row] = [
        About(
            name,
            prose_at(record, "summary", TITLE_LIMIT),
            prose_at(record, "details", DESCRIPTION_LIMIT),
            day_at(record, "published"),
            modified,
            weaknesses(kinds),
            tuple(dict.fromkeys(one for one in listed if ID.fullmatch(one) and one != name)),
            tuple(_scores(record)),
        )
    ]
    for entry in tables_at(record, "affected"):
        made += _of_package(name, entry)
    return name, made


def _scores(record: Table) -> Iterator[Score]:
    """Vectors alone: their scores are worked out where they are shown."""
    for one in tables_at(record, "severity"):
        vector = text_at(one, "score")
        if VECTOR.fullmatch(vector):
            yield Score(vector, 0.0, NAME)


def _of_package(name: str, entry: Table) -> Iterator[Row]:
    package = table_at(entry, "package")
    ecosystem, product = text_at(package, "ecosystem"), text_at(package, "name")
    ranges: dict[Scheme, list[Range]] = defaultdict(list)
    scheme = SCHEMES.get(ecosystem.partition(":")[0], Scheme.SEMVER)
    for one in tables_at(entry, "ranges"):
        kind = Scheme.GIT if text_at(one, "type").upper() == "GIT" else scheme
        ranges[kind] += _ranges(tables_at(one, "events"))
    if not product:
        return  # commits alone, which are of a repository and no package
    if not ranges.get(scheme):
        ranges[scheme] = [Range(exact=one) for one in _listed(entry)]
    for kind, found in ranges.items():
        is_any = Range() in found
        if is_any or found:
            made = Product("", product, ecosystem, () if is_any else tuple(dict.fromkeys(found)), is_any, kind)
            yield Claim(name, NAME, NAME, made)
    if ecosystem.partition(":")[0] in DISTRIBUTIONS and ":" in ecosystem:
        yield _fix(name, entry, ecosystem, product, ranges[scheme])


def _listed(entry: Table) -> list[str]:
    versions = list_at(entry, "versions")
    if len(versions) > VERSIONS_LIMIT:
        raise Malformed(f"versions has {len(versions)} entries, more than {VERSIONS_LIMIT}")
    return [text(one, "versions", VERSION_LIMIT) for one in versions]


def _ranges(events: list[Table]) -> Iterator[Range]:
    """From each introduction to the next end; an introduction of 0 is none."""
    start: str | None = None
    for event in events:
        if "introduced" in event:
            if start is not None:
                yield Range(start)
            start = text_at(event, "introduced", VERSION_LIMIT)
            start = "" if start == "0" else start
        elif start is not None and ("fixed" in event or "last_affected" in event):
            key = "fixed" if "fixed" in event else "last_affected"
            yield Range(start, text_at(event, key, VERSION_LIMIT), through=key == "last_affected")
            start = None
    if start is not None:
        yield Range(start)


def _fix(name: str, entry: Table, ecosystem: str, package: str, ranges: list[Range]) -> Fix:
    """The last end: what came before it was introduced anew."""
    system, _, release = ecosystem.lower().partition(":")
    ends = [one.end for one in ranges if one.end and not one.through]
    urgency = text_at(table_at(entry, "ecosystem_specific"), "urgency")
    open_end = any(not one.end for one in ranges)
    return Fix(
        name, f"{system}:{release.removeprefix('v')}", package, "" if open_end or not ends else ends[-1], urgency
    )


def plan(remote: Remote) -> Plan:
    wanted = remote.ecosystems or ECOSYSTEMS
    lists = {one: _modified(remote, one) for one in wanted}
    newest = max((moment for listed in lists.values() for moment, _ in listed), default="")
    cursor = f"{','.join(wanted)} {newest}"
    of_before, _, since = remote.cursor.partition(" ")
    if of_before != ",".join(wanted) or not since:
        return Plan(Extent.WHOLE, (one for name in wanted for one in remote.document(_zip(name), fresh=True)), cursor)
    return Plan(Extent.CHANGES, _changed(remote, lists, since), cursor)


def _zip(ecosystem: str) -> str:
    return f"{URL}/{quote(ecosystem)}/all.zip"


def _modified(remote: Remote, ecosystem: str) -> list[tuple[str, str]]:
    """Moment and name of each record, as `modified_id.csv` lists them; lines that are none are passed over."""
    content = remote.content(f"{URL}/{quote(ecosystem)}/modified_id.csv", LIST_LIMIT)
    lines = (line.split(",", 1) for line in content.decode("utf-8", "replace").splitlines())
    return [(parts[0], parts[1].strip()) for parts in lines if len(parts) == 2 and _is_moment(parts[0])]


def _is_moment(words: str) -> bool:
    try:
        datetime.fromisoformat(words)
    except ValueError:
        return False
    return True


def _changed(remote: Remote, lists: dict[str, list[tuple[str, str]]], since: str) -> Iterator[Document]:
    for ecosystem, listed in lists.items():
        news = sorted({name for moment, name in listed if moment > since and ID.fullmatch(name)})
        if len(news) > CHANGES_LIMIT:
            yield from remote.document(_zip(ecosystem), fresh=True)
            continue
        for name in news:
            yield from remote.document(f"{URL}/{quote(ecosystem)}/{quote(name)}.json", fresh=True, optional=True)


FEED = Feed(NAME, "OSV", URL, records, rows, plan, alone=Extent.CHANGES, archived=Extent.CHANGES)
