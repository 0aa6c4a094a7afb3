"""Python: METADATA in NAME-VERSION.dist-info, PKG-INFO in egg-info (core metadata, headers as in mail)."""

import re
from collections.abc import Iterator

from firmward.model.component import Component, Evidence, Witness
from firmward.model.location import Location
from firmward.model.purl import purl
from firmward.model.tree import Entry, Tree

ENDS = (
    ".dist-info/METADATA",
    ".egg-info/PKG-INFO",
    ".egg-info",
)
PATH = re.compile(r"(?:.*/)?[^/]{1,200}\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)")
SIZE_LIMIT = 4 << 20
FIELD = re.compile(r"^(Name|Version|License|License-Expression|Requires-Dist):[ \t]*(.{0,300})", re.MULTILINE)
REQUIRED = re.compile(r"[A-Za-z0-9][\w.-]{0,127}", re.ASCII)
NEEDS_LIMIT = 200


def components(tree: Tree, entry: Entry, _: re.Match[str]) -> Iterator[Component]:
    head = (tree.text(entry.path, SIZE_LIMIT) or "").partition("\n\n")[0]
    fields: dict[str, list[str]] = {}
    for name, value in FIELD.findall(head):
        fields.setdefault(name, []).append(value.strip())
    name, version = (fields.get(field, [""])[0] for field in ("Name", "Version"))
    if not REQUIRED.fullmatch(name) or not version:
        return
    licence = fields.get("License-Expression", fields.get("License", [""]))[0]
    needs = (REQUIRED.match(one) for one in fields.get("Requires-Dist", [])[:NEEDS_LIMIT] if "extra ==" not in one)
    yield Component(
        name,
        version,
        purl=purl("pypi", name, version),
        licences=(licence,) if licence and licence != "UNKNOWN" else (),
        files=(entry.path,),
        depends=tuple(dict.fromkeys(purl("pypi", one[0]) for one in needs if one is not None)),
        evidence=(Evidence(Witness.METADATA, Location(entry.path), f"{name} {version}"[:200]),),
    )
