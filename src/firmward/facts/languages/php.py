"""PHP: Composer lists what it installed in vendor/composer/installed.json, an array or an object with `packages`."""

import json
import re
from collections.abc import Iterator

from firmward.model.component import Component, Evidence, Witness
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.purl import purl
from firmward.model.tree import Entry, Tree

ENDS = ("/composer/installed.json",)
PATH = re.compile(r"(?:.*/)?vendor/composer/installed\.json")
SIZE_LIMIT = 16 << 20
NAME = re.compile(r"(?P<vendor>[\w.-]{1,100})/(?P<name>[\w.-]{1,100})", re.ASCII)
LIMIT = 5000


def components(tree: Tree, entry: Entry, _: re.Match[str]) -> Iterator[Component]:
    try:
        said = json.loads(tree.text(entry.path, SIZE_LIMIT) or "")
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{entry.path}: is no JSON") from error
    listed = said.get("packages") if isinstance(said, dict) else said
    for one in listed[:LIMIT] if isinstance(listed, list) else ():
        name = NAME.fullmatch(str(one.get("name"))) if isinstance(one, dict) else None
        version = str(one.get("version") or "").removeprefix("v")[:128] if isinstance(one, dict) else ""
        if name is None or not version:
            continue
        licences = one.get("license")
        yield Component(
            name[0],
            version,
            purl=purl("composer", name["name"], version, name["vendor"]),
            licences=tuple(str(item)[:300] for item in licences[:5]) if isinstance(licences, list) else (),
            files=(entry.path,),
            evidence=(Evidence(Witness.METADATA, Location(entry.path), f"{name[0]} {version}"[:200]),),
        )
