"""The kernel's own CNA: for each flaw the versions that introduced and fixed it, by branch, and the source files.

Its repository holds in `cve/published/YEAR/` a JSON record of each, and beside it a `.dyad` whose lines have the
version and commit that introduced a flaw and those that fixed it, `0` where there is none: the pairs that count. What
was taken back lies in `cve/rejected/`. A file with one flaw a line (`id`, `pairs`, `files`) is read too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from firmward.formats.malformed import Malformed
from firmward.model.vulnerability import Score
from firmward.vulns.cve_record import Record, kernel_flaw, kernel_version, rows_of_cve
from firmward.vulns.documents import Document
from firmward.vulns.feed import TEXT_LIMIT, Feed, Plan, Remote
from firmward.vulns.fields import CVE, Table, id_at, identifier, list_at, number, table, table_at, text, text_at
from firmward.vulns.intake import Extent
from firmward.vulns.json_reader import parse
from firmward.vulns.record import About, KernelFlaw
from firmward.vulns.rows import Branches, Raw, Row

NAME = "kernel"
URL = "https://git.kernel.org/pub/scm/linux/security/vulns.git"
WHOLE = f"{URL}/snapshot/vulns-master.tar.gz"
LINE_LIMIT = 1 << 20
PAIRS_LIMIT = 500
AUTHOR = "Linux"


@dataclass(frozen=True, slots=True)
class Dyad:
    """A `.dyad` file: the vulnerability `name` by its file's name, and its `text`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One flaw of a file with one a line."""

    flaw: Table


def records(document: Document) -> Iterator[Raw]:
    place = PurePosixPath(document.name)
    name, suffix = place.name, place.suffix
    if suffix == ".jsonl":
        yield from _lines(document)
    elif suffix in (".json", ".dyad") and "CVE-" in name and _counts(place):
        try:
            content = document.read(TEXT_LIMIT)
            if suffix == ".dyad":
                yield Raw(name, Dyad(place.stem, content.decode("utf-8", "replace")))
            else:
                is_rejected = "rejected" in document.name.lower()
                yield Raw(name, Record(table(parse(content), "the record"), is_rejected))
        except Malformed as error:
            yield Raw(name, error)


def _counts(place: PurePosixPath) -> bool:
    """What the repository has under `cve` beside these two folders is not told yet."""
    return "cve" not in place.parts or not {"published", "rejected"}.isdisjoint(place.parts)


def _lines(document: Document) -> Iterator[Raw]:
    number = 0
    while line := document.stream.readline(LINE_LIMIT + 1):
        number += 1
        name = f"line {number}"
        if len(line) > LINE_LIMIT:
            while not line.endswith(b"\n") and (line := document.stream.readline(LINE_LIMIT)):
                pass
            yield Raw(name, Malformed(f"has more than {LINE_LIMIT} bytes"))
        elif line.strip():
            try:
                value = table(parse(line), "the line")
                yield Raw(str(value.get("id", name))[:40], Line(value))
            except Malformed as error:
                yield Raw(name, error)


def rows(value: object) -> tuple[str, list[Row]]:
    if isinstance(value, Dyad):
        return "", [Branches(identifier(value.name, "the file's name"), tuple(pairs_of_dyad(value.text)))]
    if isinstance(value, Record):
        return _of_record(value)
    return _of_line(table(value.flaw if isinstance(value, Line) else value, "the record"))


def _of_record(record: Record) -> tuple[str, list[Row]]:
    """The repository's records do not name their CNA as CVE's list does."""
    name, made = rows_of_cve(record.record, NAME, is_rejected=record.is_rejected)
    if record.is_rejected or any(isinstance(row, KernelFlaw) for row in made):
        return name, made
    cna = table_at(table_at(record.record, "containers"), "cna")
    return name, [*(row for row in made if isinstance(row, About)), kernel_flaw(name, cna)]


def pairs_of_dyad(words: str) -> Iterator[tuple[str, str]]:
    """Version and commit that introduced it, version and commit that fixed it, between colons. Raises Malformed."""
    lines = [line.strip() for line in words.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if len(lines) > PAIRS_LIMIT:
        raise Malformed(f"has {len(lines)} pairs, more than {PAIRS_LIMIT}")
    for line in lines:
        parts = line.split(":")
        if len(parts) != 4:
            raise Malformed(f"has a line that is no pair: {line[:60]!r}")
        yield kernel_version(parts[0]), kernel_version(parts[2])


def _of_line(flaw: Table) -> tuple[str, list[Row]]:
    name = id_at(flaw, "id")
    if not CVE.fullmatch(name):
        raise Malformed(f"id is no CVE: {name[:40]!r}")
    listed = list_at(flaw, "pairs")
    if len(listed) > PAIRS_LIMIT:
        raise Malformed(f"has {len(listed)} pairs, more than {PAIRS_LIMIT}")
    pairs = tuple(_pair(one) for one in listed)
    files = tuple(text(one, "files") for one in list_at(flaw, "files"))
    vector = text_at(flaw, "v3")
    scores = (Score(vector, number(flaw.get("s3", 0), "s3", 0, 10), AUTHOR),) if vector else ()
    return name, [About(name, scores=scores), KernelFlaw(name, pairs, files)]


def _pair(value: object) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed("pairs has one that is none")
    start, end = (kernel_version(text(one, "a version")) for one in value)
    return start, end


def plan(remote: Remote) -> Plan:
    return Plan(Extent.WHOLE, remote.document(WHOLE))


FEED = Feed(NAME, "Linux kernel CNA", URL, records, rows, plan)
