"""EPSS: how probable it is that a vulnerability is used within 30 days. A compressed CSV, made anew every day."""

from collections.abc import Iterator

from firmward.formats.malformed import Malformed
from firmward.vulns.documents import Document
from firmward.vulns.feed import Feed, Plan, Remote
from firmward.vulns.fields import CVE
from firmward.vulns.intake import Extent
from firmward.vulns.rows import Probability, Raw, Row

NAME = "epss"
URL = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
LINE_LIMIT = 1000


def records(document: Document) -> Iterator[Raw]:
    """`cve,epss,percentile` below a comment with the model and a heading."""
    number = 0
    while line := document.stream.readline(LINE_LIMIT):
        number += 1
        words = line.decode("utf-8", "replace").strip()
        if words and not words.startswith(("#", "cve,")):
            yield Raw(f"line {number}", words)


def rows(value: object) -> tuple[str, list[Row]]:
    name, _, rest = str(value).partition(",")
    try:
        epss = float(rest.partition(",")[0])
    except ValueError:
        epss = -1.0
    if not CVE.fullmatch(name) or not 0 <= epss <= 1:
        raise Malformed(f"is no CVE with a probability: {str(value)[:60]!r}")
    return "", [Probability(name, epss)]


def plan(remote: Remote) -> Plan:
    return Plan(Extent.WHOLE, remote.document(URL))


FEED = Feed(NAME, "EPSS", URL, records, rows, plan)
