"""Run inside cve-bin-tool's own environment: what its checkers say of each file named on standard input.

Its scanner is used as it is. Only its start is kept from the network: the database of CVEs, which is not asked here,
and the list of SQLite's builds, which it would fetch while it is imported, are empty. A file is given by its name
alone, from within its folder, since some of its patterns are for names.
"""

import json
import logging
import os
import sys
from pathlib import Path


class Nothing:
    """In the place of what it would fetch."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> "Nothing":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get_mapping_data(self) -> list[object]:
        return []


def run() -> None:
    from cve_bin_tool import cvedb, version_signature  # type: ignore[import-not-found,unused-ignore]

    version_signature.VersionSignatureDb = Nothing
    cvedb.CVEDB = Nothing
    from cve_bin_tool import version_scanner  # type: ignore[import-not-found,unused-ignore]

    logging.disable(logging.CRITICAL)
    scanner = version_scanner.VersionScanner()
    for line in sys.stdin:
        path = Path(line.rstrip("\n").partition("\t")[0])
        os.chdir(path.parent)
        found = (one.product_info for one in scanner.scan_file(path.name))
        said = sorted({(info.vendor, info.product, info.version) for info in found})
        print(json.dumps([str(path), said]))


run()
