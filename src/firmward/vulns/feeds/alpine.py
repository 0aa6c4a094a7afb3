"""Alpine's security database: for each package of a release which version mends what.

One file for each release and repository. `secfixes` has the vulnerabilities by the version that mends them; the version
0 says that the package was never affected. There may be remarks behind a name, and several names in one text.
"""

from collections.abc import Iterator

from firmward.facts.lifecycle import shipped
from firmward.formats.malformed import Malformed
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import CVE, VERSION_LIMIT, Table, list_at, plain, table, table_at, text, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import Damaged, Reader
from firmward.vulns.record import Fix
from firmward.vulns.rows import Raw, Row

NAME = "alpine"
URL = "https://secdb.alpinelinux.org"
REPOSITORIES = ("main", "community")
OLDEST = (3, 10)


def records(document: Document) -> Iterator[Raw]:
    """The release stands before the packages or behind them, so that these wait where it does not come first."""
    if not document.name.endswith(".json"):
        return
    reader = Reader(document.stream, TEXT_LIMIT)
    waiting: list[tuple[str, object]] = []
    release = ""
    try:
        for key in reader.entries():
            if key == "distroversion":
                release = _release(reader)
            elif key == "packages" and reader.is_list():
                for number in reader.elements():
                    one = _value(reader)
                    name = f"{document.name}[{number}]"
                    if isinstance(one, Malformed):
                        yield Raw(name, one)
                    elif release:
                        yield Raw(name, {"release": release, "package": one})
                    else:
                        waiting.append((name, one))
    except Damaged as error:
        yield Raw(document.name, Malformed(str(error)))
    release = release or _told_by(document.name)
    if waiting and not release:
        yield Raw(document.name, Malformed("says no release (distroversion)"))
        return
    yield from (Raw(name, {"release": release, "package": one}) for name, one in waiting)


def _value(reader: Reader) -> object:
    try:
        return reader.value()
    except Malformed as error:
        return error


def _release(reader: Reader) -> str:
    value = _value(reader)
    return plain(value)[:40].removeprefix("v") if isinstance(value, str) else ""


def _told_by(name: str) -> str:
    """The release by the folder that the file lies in, as upstream has them: v3.20/main.json."""
    folder = name.rpartition("/")[0].rpartition("/")[2]
    return folder.removeprefix("v") if folder == "edge" or folder.startswith("v3.") else ""


def rows(value: object) -> tuple[str, list[Row]]:
    entry = table(value, "the entry")
    package = table_at(table_at(entry, "package"), "pkg")
    name = text_at(package, "name")
    if not name:
        raise Malformed("has a package without a name")
    distribution = f"alpine:{text_at(entry, 'release')}"
    made = dict(_fixes(distribution, name, table_at(package, "secfixes")))
    return "", list(made.values())


def _fixes(distribution: str, package: str, secfixes: Table) -> Iterator[tuple[str, Fix]]:
    for version, _ in secfixes.items():
        fixed = text(version, "a version", VERSION_LIMIT)
        for words in list_at(secfixes, version):
            for name in text(words, version).split():
                if CVE.fullmatch(name):
                    yield name, Fix(name, distribution, package, fixed)


def plan(remote: Remote) -> Plan:
    """Of releases that this firmward knows; one that is younger than it comes with its next version."""
    lines = [one.line for one in shipped().products["alpine"].lines if one.line.startswith("3.")]
    releases = [f"v{line}" for line in lines if tuple(map(int, line.split("."))) >= OLDEST]
    urls = [f"{URL}/{release}/{repository}.json" for release in sorted(releases) for repository in REPOSITORIES]
    whole = not remote.cursor
    found = (document for url in urls for document in remote.document(url, fresh=whole, optional=True))
    return Plan(Extent.WHOLE if whole else Extent.CHANGES, found, "all")


FEED = Feed(NAME, "Alpine secdb", URL, records, rows, plan, alone=Extent.CHANGES)
