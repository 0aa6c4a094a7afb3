"""Packages as components: with the package URL of their manager, and the distribution that keeps them.

A distribution keeps the packages that it built. What comes from its makers' own feeds is kept by these; a maker's own
build is kept by nobody, whatever packages it is made of.
"""

import re
from collections.abc import Iterator

from firmward.facts.distribution import Distribution
from firmward.facts.packages import Manager, Package, Packages
from firmward.model.component import Component, Evidence, Witness
from firmward.model.cpe import cpe
from firmward.model.facts import Unknown
from firmward.model.purl import purl

OTHERS_NAMES = ("docker-ce", "containerd.io")
OTHERS_VERSIONS = re.compile(r"nodesource|deb\.sury|pgdg")
"""Packages that come from their makers' own feeds, and not from the distribution that they are installed in."""
KINDS = {Manager.DPKG: "deb", Manager.OPKG: "opkg", Manager.APK: "apk", Manager.RPM: "rpm"}
NAMESPACES = {Manager.DPKG: "debian", Manager.OPKG: "", Manager.APK: "alpine", Manager.RPM: ""}
"""Of package URLs, where the distribution is not known."""
AROUND = re.compile(r"^\d{1,3}:|-[^-]*$")
"""An epoch before a version, and a revision behind."""
CPE = re.compile(r"cpe:/(?P<part>[aoh]):(?P<vendor>[^:\s]{1,100}):(?P<product>[^:\s]{1,100})")


def components(packages: Packages, distribution: Distribution | None | Unknown) -> Iterator[Component]:
    """In the order of the packages, each with the names of what it needs in place of references."""
    own = distribution if isinstance(distribution, Distribution) else None
    for package in packages.found:
        yield _component(package, own)


def kept_by(distribution: Distribution | None) -> str:
    """`debian:12`; empty where no distribution is known, and `debian` where of which release is not."""
    if distribution is None or not distribution.product:
        return ""
    line = "" if isinstance(distribution.line, Unknown) else distribution.line.line
    return f"{distribution.product}:{line}" if line else distribution.product


def upstream(version: str) -> str:
    """What the makers called it: without a distribution's epoch and revision."""
    return AROUND.sub("", version)


def _component(package: Package, distribution: Distribution | None) -> Component:
    keeper = "" if _is_from_elsewhere(package) else kept_by(distribution)
    named = CPE.match(package.cpe)
    return Component(
        package.name,
        package.version,
        vendor=named["vendor"] if named is not None else "",
        purl=_purl(package, distribution),
        cpes=()
        if named is None
        else (cpe(named["vendor"], named["product"], upstream(package.version), named["part"]),),
        licences=(package.licence,) if package.licence else (),
        source=package.source or package.name,
        source_version=package.source_version or package.version,
        distribution=keeper,
        files=package.files,
        depends=package.needs,
        evidence=(Evidence(Witness.PACKAGE, package.at, f"{package.name} {package.version}"[:200]),),
    )


def _purl(package: Package, distribution: Distribution | None) -> str:
    product = "" if distribution is None else distribution.product
    epoch, colon, rest = package.version.partition(":")
    is_rpm = package.manager is Manager.RPM and bool(colon)
    return purl(
        KINDS[package.manager],
        package.name,
        rest if is_rpm else package.version,
        product or NAMESPACES[package.manager],
        {
            "arch": package.architecture,
            "epoch": epoch if is_rpm else "",
            "distro": kept_by(distribution).replace(":", "-"),
        },
    )


def _is_from_elsewhere(package: Package) -> bool:
    return package.name in OTHERS_NAMES or OTHERS_VERSIONS.search(package.version) is not None
