"""Lua: LuaRocks keeps a folder rocks[-LUA]/NAME/VERSION with a list of the rock's files."""

import re
from collections.abc import Iterator

from firmward.model.component import Component, Evidence, Witness
from firmward.model.location import Location
from firmward.model.purl import purl
from firmward.model.tree import Entry, Tree

ENDS = ("/rock_manifest",)
PATH = re.compile(
    r"(?:.*/)?lib/luarocks/rocks(?:-\d\.\d)?/(?P<name>[\w.-]{1,128})/(?P<version>[\w.-]{1,64})/rock_manifest", re.ASCII
)
REVISION = re.compile(r"-\d{1,4}$")
"""Of the rock, behind the version of what is in it."""


def components(tree: Tree, entry: Entry, match: re.Match[str]) -> Iterator[Component]:
    name, version = match["name"], match["version"]
    yield Component(
        name,
        REVISION.sub("", version),
        purl=purl("luarocks", name, version),
        files=(entry.path,),
        evidence=(Evidence(Witness.METADATA, Location(entry.path), f"{name} {version}"),),
    )
