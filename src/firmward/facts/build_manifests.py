"""The lists of packages that build systems left: in the root itself, or given by hand (`--manifest`).

Yocto puts its list of licences into the image where it is asked to (COPY_LIC_MANIFEST). A list that was given is of the
one root of the image; where there are several it is not known of which, and is taken for each.
"""

from dataclasses import dataclass

from firmward.facts.parts_of_kind import read_each
from firmward.formats import build_manifest
from firmward.formats.build_manifest import Build, Listed, Manifest
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.parts import Content, Parts
from firmward.model.tree import Tree

KIND = "build-manifest"
PLACES = ("usr/share/common-licenses/license.manifest",)

__all__ = ["Build", "BuildManifests", "Found", "Listed", "collect"]


@dataclass(frozen=True, slots=True)
class Found:
    """A list of what a `build` put into the image: its packages, `listed`, and where it is, `at`."""

    build: Build
    listed: tuple[Listed, ...]
    at: Location


@dataclass(frozen=True, slots=True)
class BuildManifests:
    """All lists that were `found`; `unread` says in words which could not be read."""

    found: tuple[Found, ...]
    unread: tuple[str, ...] = ()


def collect(tree: Tree, parts: Parts | None) -> BuildManifests | None:
    found, unread = list[Found](), list[str]()
    for path in PLACES:
        try:
            content = tree.read(path, build_manifest.SIZE_LIMIT)
            if content is not None:
                found.append(_found(Location(path), build_manifest.parse(content)))
        except (Unavailable, Malformed) as reason:
            unread.append(f"{path}: {reason}" if isinstance(reason, Malformed) else str(reason))
    given, not_read = read_each(parts, (KIND,), _read) if parts is not None else ((), ())
    every = (*found, *given)
    return BuildManifests(every, (*unread, *not_read)) if every or unread or not_read else None


def _read(at: Location, _: str, content: Content) -> Found:
    if content.size > build_manifest.SIZE_LIMIT:
        raise Malformed(f"{content.size} bytes are no list of packages")
    return _found(at, build_manifest.parse(content.read(0, content.size)))


def _found(at: Location, manifest: Manifest) -> Found:
    return Found(manifest.build, manifest.listed, at)
