"""Documents of feeds in their upstreams' layouts, with facts of a few vulnerabilities, and archives of them."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping

KERNEL_CNA = "f4215fc3-5b6b-47ff-a258-f7189bd81038"
Table = dict[str, object]


def cve(name: str, *affected: Table, by: str = "someone", state: str = "PUBLISHED", **cna: object) -> Table:
    year_changed = "2026-03-04T05:06:07.000Z"
    provider = {"orgId": "00000000-0000-4000-9000-000000000000", "shortName": by}
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {"cveId": name, "state": state, "assignerShortName": by, "dateUpdated": year_changed},
        "containers": {"cna": {"providerMetadata": provider, "affected": list(affected), **cna}},
    }


def affected(vendor: str, product: str, *versions: Table, default: str = "unaffected", **rest: object) -> Table:
    return {"vendor": vendor, "product": product, "defaultStatus": default, "versions": list(versions), **rest}


def below(start: str, end: str, status: str = "affected", kind: str = "semver") -> Table:
    return {"version": start, "lessThan": end, "status": status, "versionType": kind}


def kernel_record(name: str, *pairs: tuple[str, str], files: tuple[str, ...] = ()) -> Table:
    """As the kernel's CNA writes it, without dates."""
    matches = [
        {
            "vulnerable": True,
            "criteria": "cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*",
            "versionStartIncluding": start,
            "versionEndExcluding": end,
        }
        for start, end in pairs
    ]
    record = cve(name, affected("Linux", "Linux", default="unaffected", programFiles=list(files)))
    record["cveMetadata"] = {"cveId": name, "state": "PUBLISHED", "assignerOrgId": KERNEL_CNA}
    containers = record["containers"]
    assert isinstance(containers, dict)
    containers["cna"]["cpeApplicability"] = [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": matches}]}]
    return record


def dyad(*pairs: tuple[str, str]) -> bytes:
    lines = ["# dyad version: 1.2.0", "# \tgetting pairs", *(f"{a}:{'a' * 40}:{b}:{'b' * 40}" for a, b in pairs)]
    return "\n".join(lines).encode() + b"\n"


def nvd(name: str, *configurations: Table, status: str = "Analyzed", **rest: object) -> Table:
    return {
        "cve": {
            "id": name,
            "published": "2026-01-02T03:04:05.000",
            "lastModified": "2026-02-03T04:05:06.000",
            "vulnStatus": status,
            "descriptions": [{"lang": "es", "value": "otra"}, {"lang": "en", "value": f"What {name} is."}],
            "configurations": list(configurations),
            **rest,
        }
    }


def match(criteria: str, *, vulnerable: bool = True, **bounds: str) -> Table:
    return {"vulnerable": vulnerable, "criteria": f"cpe:2.3:{criteria}", **bounds}


def node(*matches: Table, operator: str = "OR") -> Table:
    return {"operator": operator, "negate": False, "cpeMatch": list(matches)}


def nvd_page(*records: Table, total: int | None = None) -> bytes:
    return packed(
        {
            "resultsPerPage": len(records),
            "startIndex": 0,
            "totalResults": len(records) if total is None else total,
            "format": "NVD_CVE",
            "version": "2.0",
            "vulnerabilities": list(records),
        }
    )


def osv(name: str, ecosystem: str, package: str, *events: Table, **rest: object) -> Table:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    entry = {"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}
    return {"id": name, "modified": "2026-04-05T06:07:08Z", "affected": [entry], **rest}


def kev(*names: str) -> bytes:
    entries = [
        {"cveID": name, "dateAdded": "2026-01-02", "dueDate": "2026-01-23", "knownRansomwareCampaignUse": "Known"}
        for name in names
    ]
    return packed({"title": "list", "count": len(names), "vulnerabilities": entries})


def epss(**numbers: float) -> bytes:
    lines = ["#model_version:v1,score_date:2026-01-01T00:00:00+0000", "cve,epss,percentile"]
    lines += [f"{name.replace('_', '-')},{number},0.5" for name, number in numbers.items()]
    return gzip.compress("\n".join(lines).encode())


def packed(value: object) -> bytes:
    return json.dumps(value).encode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return output.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return output.getvalue()
