"""Node.js: package.json in node_modules/NAME or node_modules/@SCOPE/NAME (npm's package.json)."""

import json
import re
from collections.abc import Iterator

from firmward.model.component import Component, Evidence, Witness
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.purl import purl
from firmward.model.tree import Entry, Tree

ENDS = ("/package.json",)
PATH = re.compile(r"(?:.*/)?node_modules/(?P<scope>@[^/]{1,100}/)?(?P<folder>[^/@]{1,214})/package\.json")
SIZE_LIMIT = 1 << 20
NAME = re.compile(r"(?:@(?P<scope>[\w.~-]{1,100})/)?(?P<name>[\w.~-]{1,214})", re.ASCII)
NEEDS_LIMIT = 200


def components(tree: Tree, entry: Entry, match: re.Match[str]) -> Iterator[Component]:
    try:
        said = json.loads(tree.text(entry.path, SIZE_LIMIT) or "")
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{entry.path}: is no JSON") from error
    if not isinstance(said, dict):
        return
    name = NAME.fullmatch(str(said.get("name") or f"{match['scope'] or ''}{match['folder']}"))
    version = str(said.get("version") or "")[:128]
    if name is None or not version:
        return
    licence = said.get("license")
    needed = said.get("dependencies")
    needs = [NAME.fullmatch(str(one)) for one in list(needed)[:NEEDS_LIMIT]] if isinstance(needed, dict) else []
    yield Component(
        name[0],
        version,
        purl=_purl(name, version),
        licences=(licence[:300],) if isinstance(licence, str) and licence else (),
        files=(entry.path,),
        depends=tuple(_purl(one) for one in needs if one is not None),
        evidence=(Evidence(Witness.METADATA, Location(entry.path), f"{name[0]} {version}"[:200]),),
    )


def _purl(name: re.Match[str], version: str = "") -> str:
    return purl("npm", name["name"], version, f"@{name['scope']}" if name["scope"] else "")
