"""Tell a bill of materials by its head: CycloneDX in JSON, SPDX in JSON or tag and value.

It is a part like any other, of the kind `sbom`. What it says is read where components are (vulns/sbom), and never by
whoever opens images.
"""

import re

KIND = "sbom"
HEAD = 4096
"""Bytes in which a bill says what it is."""

START = rb"(?:\xef\xbb\xbf)?\s*"
TAGS = re.compile(START + rb"(?:#[^\n]*\s+)*SPDXVersion:")
MARKS = re.compile(START + rb'\{.*?(?:"bomFormat"\s*:\s*"CycloneDX"|"(?:spdxVersion|SPDXID)"\s*:\s*"SPDX)', re.DOTALL)


def is_tags(head: bytes) -> bool:
    """Whether a file that begins so is SPDX in tag and value."""
    return TAGS.match(head[:HEAD]) is not None


def is_bill(head: bytes) -> bool:
    return is_tags(head) or MARKS.match(head[:HEAD]) is not None
