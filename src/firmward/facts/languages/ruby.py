"""Ruby: RubyGems keeps specifications/NAME-VERSION.gemspec for each gem, in default/ for those that Ruby brings."""

import re
from collections.abc import Iterator

from firmward.model.component import Component, Evidence, Witness
from firmward.model.location import Location
from firmward.model.purl import purl
from firmward.model.tree import Entry, Tree

ENDS = (".gemspec",)
PATH = re.compile(
    r"(?:.*/)?specifications/(?:default/)?(?P<name>[\w.-]{1,128}?)-(?P<version>\d[\w.]{0,63})(?:-[\w-]{1,40})?\.gemspec",
    re.ASCII,
)


def components(tree: Tree, entry: Entry, match: re.Match[str]) -> Iterator[Component]:
    name, version = match["name"], match["version"]
    yield Component(
        name,
        version,
        purl=purl("gem", name, version),
        files=(entry.path,),
        evidence=(Evidence(Witness.METADATA, Location(entry.path), f"{name} {version}"),),
    )
