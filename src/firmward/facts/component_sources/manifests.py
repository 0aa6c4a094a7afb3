"""The packages that build systems listed, as components. Nobody keeps what a maker built."""

import re
from collections.abc import Iterator

from firmward.facts.build_manifests import Build, BuildManifests, Found, Listed
from firmward.model.component import Component, Evidence, Witness
from firmward.model.cpe import cpe
from firmward.model.purl import purl

RECIPE = re.compile(r"-(?:r|git)\d+(?:\.\d+)*$")
"""What Yocto and OpenWrt put behind a version: the revision of the recipe."""
CPE = re.compile(r"cpe:2\.3:a:(?P<vendor>[^:]{1,100}):(?P<product>[^:]{1,100}):")
PURLS = {Build.YOCTO: "generic", Build.BUILDROOT: "generic", Build.OPENWRT: "opkg"}


def components(manifests: BuildManifests) -> Iterator[Component]:
    for found in manifests.found:
        for one in found.listed:
            yield _component(one, found)


def _component(one: Listed, found: Found) -> Component:
    version = RECIPE.sub("", one.version) if found.build is Build.YOCTO else one.version
    named = CPE.match(one.cpe)
    return Component(
        one.name,
        version,
        vendor=named["vendor"] if named is not None else "",
        purl=purl(PURLS[found.build], one.name, version, qualifiers={"arch": one.architecture}),
        cpes=() if named is None else (cpe(named["vendor"], named["product"], version),),
        licences=(one.licence,) if one.licence else (),
        source=one.source or one.name,
        source_version=version,
        evidence=(Evidence(Witness.MANIFEST, found.at, f"{one.name} {one.version}"[:200]),),
    )
