"""One record of the CVE program (CVE JSON 5): what its CNA says of a vulnerability, and what others (ADP) added.

Each container speaks for itself, by the short name of who wrote it. An entry of `affected` names a product in the
author's words, as a package of a collection, or by CPE names: it is kept under each of them. `versions` have a status
each, and `defaultStatus` is that of all others: it is kept as a claim on any version, which counts less than what the
same author says of a range.

The kernel's CNA says for each branch since when and until when: that makes a flaw with pairs, and no claims, since its
ranges overlap where they are read one by one.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.model.vulnerability import KnownExploited, Score
from firmward.vulns.applicability import CPE_LIMIT, applicability, names_of, parse_cpe
from firmward.vulns.fields import (
    DESCRIPTION_LIMIT,
    ID_LIMIT,
    TITLE_LIMIT,
    Table,
    day_at,
    id_at,
    list_at,
    prose_at,
    score,
    table_at,
    tables_at,
    text,
    text_at,
    weaknesses,
)
from firmward.vulns.record import About, Claim, KernelFlaw, Product, Range, Scheme, Status
from firmward.vulns.rows import Exploited, Row
from firmward.vulns.version_words import EVERYTHING, ranges_of, status_of

KERNEL_CNA = "f4215fc3-5b6b-47ff-a258-f7189bd81038"
"""Who assigns for the kernel, by its id in the CVE program."""
FILES_LIMIT = 10_000
LONG = 2048
"""Characters that the format lets a vendor, product, package or address have: some list all that they make."""
CVSS = ("cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0")
UNNAMED = frozenset({"", "n/a", "na", "-", "none", "unknown", "unspecified", "*"})
ECOSYSTEMS = {
    "pypi": "PyPI",
    "npmjs": "npm",
    "golang": "Go",
    "go": "Go",
    "crates": "crates.io",
    "rubygems": "RubyGems",
    "packagist": "Packagist",
    "nuget": "NuGet",
    "maven": "Maven",
}
"""OSV's names, by the part of the host in `collectionURL` that tells the collection."""
KERNEL_VERSION = re.compile(r"\d[0-9A-Za-z.+~-]{0,39}")
_GHSA = re.compile(r"GHSA(?:-[a-z0-9]{4}){3}")
_HOST = re.compile(r"https?://(?:www\.)?([^/:]+)")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON record, and whether it lies among those that were taken back: older ones do not say so themselves."""

    record: Table
    is_rejected: bool = False


def rows_of_cve(record: Table, feed: str, *, is_rejected: bool = False) -> tuple[str, list[Row]]:
    """The vulnerability's name, and what is said of it. Raises Malformed."""
    metadata = table_at(record, "cveMetadata")
    name = id_at(metadata, "cveId" if "cveId" in metadata else "cveID")
    containers = table_at(record, "containers")
    cna = table_at(containers, "cna")
    if is_rejected or text_at(metadata, "state").upper() == "REJECTED":
        return name, [About(name, modified=day_at(metadata, "dateUpdated"), is_rejected=True)]
    everyone = [(_author(cna, text_at(metadata, "assignerShortName")), cna)]
    everyone += [(_author(adp, ""), adp) for adp in tables_at(containers, "adp")]
    rows: list[Row] = [_about(name, metadata, everyone)]
    rows += _exploited(name, everyone)
    if text_at(metadata, "assignerOrgId") == KERNEL_CNA:
        return name, [*rows, kernel_flaw(name, cna)]
    for by, container in everyone:
        rows += dict.fromkeys(_claims(name, feed, by, container))
    return name, rows


def _author(container: Table, otherwise: str) -> str:
    provider = table_at(container, "providerMetadata")
    return text_at(provider, "shortName", ID_LIMIT) or otherwise or text_at(provider, "orgId", ID_LIMIT)


def _about(name: str, metadata: Table, everyone: list[tuple[str, Table]]) -> About:
    _, cna = everyone[0]
    kinds = [kind for _, one in everyone for problem in tables_at(one, "problemTypes") for kind in _kinds(problem)]
    advisory = table_at(cna, "source").get("advisory")
    alias = _GHSA.fullmatch(advisory) if isinstance(advisory, str) else None
    return About(
        name,
        prose_at(cna, "title", TITLE_LIMIT),
        english(tables_at(cna, "descriptions")),
        day_at(metadata, "datePublished") or day_at(cna, "datePublic"),
        day_at(metadata, "dateUpdated"),
        weaknesses(kinds),
        (alias[0],) if alias else (),
        tuple(dict.fromkeys(one for by, container in everyone for one in _scores(container, by))),
    )


def english(descriptions: list[Table]) -> str:
    for one in descriptions:
        if text_at(one, "lang").lower().startswith("en"):
            return prose_at(one, "value", DESCRIPTION_LIMIT)
    return ""


def _kinds(problem: Table) -> list[str]:
    return [text_at(one, "cweId", ID_LIMIT) for one in tables_at(problem, "descriptions")]


def _scores(container: Table, by: str) -> Iterator[Score]:
    for metric in tables_at(container, "metrics"):
        for kind in CVSS:
            one = score(table_at(metric, kind), by)
            if one is not None:
                yield one


def _exploited(name: str, everyone: list[tuple[str, Table]]) -> Iterator[Row]:
    """CISA tells its list within the records too."""
    for _, container in everyone:
        for metric in tables_at(container, "metrics"):
            other = table_at(metric, "other")
            added = day_at(table_at(other, "content"), "dateAdded") if other.get("type") == "kev" else None
            if added is not None:
                yield Exploited(name, KnownExploited(added))


def _claims(name: str, feed: str, by: str, container: Table) -> Iterator[Claim]:
    for entry in tables_at(container, "affected"):
        for vendor, product, ecosystem in dict.fromkeys(_names(entry)):
            for status, versions in _versions(entry, Product(vendor, product, ecosystem)):
                yield Claim(name, feed, by, versions, status)
    yield from applicability(tables_at(container, "cpeApplicability"), name, feed, by)


def _names(entry: Table) -> Iterator[tuple[str, str, str]]:
    """Vendor, product and ecosystem, under each name that the entry has."""
    vendor, product = (_SPACES.sub("_", text_at(entry, key, LONG).lower()) for key in ("vendor", "product"))
    if product not in UNNAMED:
        yield "" if vendor in UNNAMED else vendor, product, ""
    package, host = text_at(entry, "packageName", LONG), _HOST.match(text_at(entry, "collectionURL", LONG))
    told = [ECOSYSTEMS[label] for label in host[1].lower().split(".") if label in ECOSYSTEMS] if host else []
    if package and (told or product in UNNAMED):
        yield "", package, told[0] if told else ""
    for one in names_of(entry):
        yield *one, ""


def _versions(entry: Table, named: Product) -> Iterator[tuple[Status, Product]]:
    """The product once for each status and way to compare, with the versions."""
    found: dict[tuple[Status, Scheme], list[Range]] = defaultdict(list)
    for one in tables_at(entry, "versions"):
        for status, scheme, versions in ranges_of(one):
            found[status, scheme].append(versions)
    default = status_of(text_at(entry, "defaultStatus"))
    if default is not Status.UNKNOWN:
        found[default, Scheme.GENERIC].append(EVERYTHING)
    for (status, scheme), ranges in found.items():
        if EVERYTHING in ranges:
            if status is not Status.UNKNOWN:
                yield status, Product(named.vendor, named.product, named.ecosystem, is_any=True, scheme=scheme)
        else:
            distinct = tuple(dict.fromkeys(ranges))
            yield status, Product(named.vendor, named.product, named.ecosystem, distinct, scheme=scheme)


def kernel_flaw(name: str, cna: Table) -> KernelFlaw:
    """The pairs and files of a record by the kernel's CNA. Raises Malformed."""
    files: dict[str, None] = {}
    pairs: dict[tuple[str, str], None] = dict.fromkeys(_pairs_by_cpe(cna))
    for entry in tables_at(cna, "affected"):
        files.update((text(one, "programFiles", LONG), None) for one in list_at(entry, "programFiles"))
    if not pairs:
        pairs = dict.fromkeys(_pairs_by_versions(cna))
    if len(files) > FILES_LIMIT:
        raise Malformed(f"names {len(files)} files, more than {FILES_LIMIT}")
    return KernelFlaw(name, tuple(pairs), tuple(one for one in files if one and "\n" not in one))


def _pairs_by_cpe(cna: Table) -> Iterator[tuple[str, str]]:
    for configuration in tables_at(cna, "cpeApplicability"):
        for node in tables_at(configuration, "nodes"):
            for match in tables_at(node, "cpeMatch"):
                if parse_cpe(text_at(match, "criteria", CPE_LIMIT)).product != "linux_kernel":
                    continue
                start, end = text_at(match, "versionStartIncluding"), text_at(match, "versionEndExcluding")
                yield kernel_version(start or "0"), kernel_version(end or "0")


def _pairs_by_versions(cna: Table) -> Iterator[tuple[str, str]]:
    """Of records from before CPE: affected since one version, and not any more from the first of each branch on."""
    for entry in tables_at(cna, "affected"):
        if status_of(text_at(entry, "defaultStatus")) is not Status.AFFECTED:
            continue
        versions = [
            (status_of(text_at(one, "status")), text_at(one, "version")) for one in tables_at(entry, "versions")
        ]
        starts = [version for status, version in versions if status is Status.AFFECTED] or ["0"]
        ends = [version for status, version in versions if status is Status.UNAFFECTED and version != "0"] or ["0"]
        yield from ((kernel_version(start), kernel_version(end)) for start in starts for end in ends)


def kernel_version(words: str) -> str:
    if not KERNEL_VERSION.fullmatch(words):
        raise Malformed(f"is no version of the kernel: {words[:40]!r}")
    return words
