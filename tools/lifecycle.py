"""Renew the dates of support that firmward ships, from a file of such facts: `python tools/lifecycle.py eol.json`.

The file has, for each product, its release cycles as endoflife.date names them: `releaseCycle`, `releaseDate`, and
`eol`, a date, or whether it is over. Kept are the products that firmware is made of. What nobody lists there is written
down here, with where it is said.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from firmward.facts.lifecycle import SCHEMA, SHIPPED, read_lifecycle
from firmward.vulns.lifecycle import CODENAMES, PRODUCTS, Kept

Row = dict[str, object]


YEARS = 2
"""After which a release of a boot loader without a long-term line is past support: eight releases of U-Boot later."""
LONG_YEARS = 5
"""For which TF-A keeps a long-term line (docs/about/lts.rst)."""
TF_A = {
    "1.0": "2014-08-28", "1.1": "2015-02-04", "1.2": "2015-12-22", "1.3": "2016-10-13", "1.4": "2017-07-07",
    "1.5": "2018-03-20", "1.6": "2018-09-21", "2.0": "2018-10-02", "2.1": "2019-03-29", "2.2": "2019-10-22",
    "2.3": "2020-04-20", "2.4": "2020-11-17", "2.5": "2021-05-18", "2.6": "2021-11-23", "2.7": "2022-06-01",
    "2.8": "2022-11-21", "2.9": "2023-05-23", "2.10": "2023-11-22", "2.11": "2024-05-23", "2.12": "2024-11-21",
    "2.13": "2025-05-22", "2.14": "2025-11-24", "2.15": "2026-05-29",
}  # fmt: skip
TF_A_LONG = ("2.8", "2.10", "2.12", "2.14")
OP_TEE = {
    "3.2": "2018-07-04", "3.3": "2018-10-12", "3.4": "2019-01-25", "3.5": "2019-04-26", "3.6": "2019-07-05",
    "3.7": "2019-10-18", "3.8": "2020-01-24", "3.9": "2020-05-22", "3.12": "2021-01-20", "3.13": "2021-04-30",
    "3.14": "2021-07-16", "3.15": "2021-10-18", "3.16": "2022-01-28", "3.17": "2022-04-15", "3.18": "2022-07-15",
    "3.19": "2022-10-14", "3.20": "2023-01-20", "3.21": "2023-04-14", "3.22": "2023-07-07", "4.0": "2023-10-20",
    "4.1": "2024-01-19", "4.2": "2024-04-12", "4.3": "2024-07-12", "4.4": "2024-10-18", "4.5": "2025-01-17",
    "4.6": "2025-04-25", "4.7": "2025-07-11", "4.8": "2025-10-24", "4.9": "2026-01-16", "4.10": "2026-04-17",
}  # fmt: skip
"""When each was released, by the tags of its repository."""
CIP = {"4.4": "2027-01-31", "4.19": "2029-01-31", "5.10": "2031-01-31", "6.1": "2033-08-31", "6.12": "2035-06-30"}
"""The months in which the Civil Infrastructure Platform ends its lines (its wiki, civilinfrastructureplatform)."""
BUILDROOT = (2017, 2026)
"""Years of which Buildroot's releases are listed: in February, May, August and November."""


def shipped(facts: Row) -> Row:
    """The document that firmward reads."""
    products = facts["products"]
    assert isinstance(products, dict)
    made = {name: _product(kept, products[kept.source]["releases"], name) for name, kept in PRODUCTS.items()}
    provenance = facts["provenance"]
    assert isinstance(provenance, dict)
    told = re.search(r"\d{4}-\d\d-\d\d", provenance["endoflife"])
    assert told is not None, "the provenance names the day of the facts"
    return {
        "schema": SCHEMA,
        "as_of": told[0],
        "source": provenance["endoflife"] + "; boot loaders, CIP and Buildroot by their makers' words",
        "products": {**made, **_own()},
    }


def _product(kept: Kept, releases: list[Row], name: str) -> Row:
    return {"title": kept.title, "by": kept.by, "lines": [_line(one, kept.counts, name) for one in releases]}


def _line(release: Row, counts: str, name: str) -> Row:
    said = release.get(counts, release["eol"])
    if isinstance(said, bool) and counts != "eol":
        said = release["eol"]
    row: Row = {"line": release["releaseCycle"], "released": release["releaseDate"], "end": said}
    if release.get("lts") is True:
        row["long"] = True
    if name in CODENAMES and "codename" in release:
        row["codename"] = str(release["codename"]).lower()
    return row


def _own() -> Row:
    return {
        "u-boot": {"title": "U-Boot", "by": "U-Boot", "years": YEARS, "dated": True, "lines": []},
        "barebox": {"title": "barebox", "by": "barebox", "years": YEARS, "dated": True, "lines": []},
        "tf-a": {"title": "TF-A", "by": "Trusted Firmware", "years": YEARS, "lines": list(_by_years(TF_A, TF_A_LONG))},
        "op-tee": {"title": "OP-TEE", "by": "Trusted Firmware", "years": YEARS, "lines": list(_by_years(OP_TEE))},
        "cip": {
            "title": "Linux of the Civil Infrastructure Platform",
            "by": "Civil Infrastructure Platform",
            "lines": [{"line": line, "end": end, "long": True} for line, end in CIP.items()],
        },
        "buildroot": {"title": "Buildroot", "by": "Buildroot", "lines": list(_buildroot())},
    }


def _by_years(released: dict[str, str], long: tuple[str, ...] = ()) -> Iterator[Row]:
    for line, day in released.items():
        end = date.fromisoformat(day)
        end = end.replace(year=end.year + (LONG_YEARS if line in long else YEARS))
        yield {"line": line, "released": day, "end": end.isoformat(), **({"long": True} if line in long else {})}


def _buildroot() -> Iterator[Row]:
    """Its manual (release engineering): a release is kept until the next, that of February for a year; since 2025 that
    of February of every odd year for three, and no other is a long-term one. A month is added since no release comes on
    its first day."""
    for year in range(BUILDROOT[0], BUILDROOT[1] + 1):
        for month in (2, 5, 8, 11):
            long = month == 2 and (year < 2025 or year % 2 == 1)
            months = 4 if not long else 13 if year < 2025 else 37
            last = year * 12 + month - 1 + months
            end = date(last // 12, last % 12 + 1, 1)
            row: Row = {"line": f"{year}.{month:02}", "released": f"{year}-{month:02}-01", "end": end.isoformat()}
            yield {**row, "long": True} if long else row


def written(document: Row) -> str:
    """As text, one line of support on each line, so that a renewal can be read as a difference."""
    products = document["products"]
    assert isinstance(products, dict)
    head = {name: value for name, value in document.items() if name != "products"}
    blocks = []
    for name, product in sorted(products.items()):
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in product["lines"])
        about = json.dumps({key: value for key, value in product.items() if key != "lines"})[:-1]
        listed = f"\n{rows}\n" if rows else ""
        blocks.append(f'{json.dumps(name)}: {about}, "lines": [{listed}]}}')
    return f'{json.dumps(head)[:-1]}, "products": {{\n' + ",\n".join(blocks) + "\n}}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Renew firmward's dates of support.")
    parser.add_argument("facts", type=Path)
    parser.add_argument("--check", action="store_true", help="only say whether they are those that are shipped")
    options = parser.parse_args()
    text = written(shipped(json.loads(options.facts.read_text(encoding="utf-8"))))
    read_lifecycle(text, "what was made")
    if options.check:
        return 0 if text == SHIPPED.read_text(encoding="utf-8") else 1
    SHIPPED.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
