"""What a bill of materials says, whatever its format, and what its readers have in common."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from firmward.model.component import Component, Evidence, Witness
from firmward.model.errors import InputError
from firmward.model.location import Location
from firmward.vulns import identity

COMPONENTS_LIMIT = 100_000
RELATIONS_LIMIT = 2_000_000
"""Dependencies in all."""

RELEASES = {
    "debian": {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"},
    "ubuntu": {"focal": "20.04", "jammy": "22.04", "noble": "24.04"},
}
"""Names of releases that stand for numbers in package URLs."""
DISTRIBUTED = ("deb", "apk", "opkg", "rpm")
"""Types of package URLs whose packages a distribution keeps."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a bill names: the `name` and `version` of what it is of, and its `components`. `format` is what it is
    written in, as `CycloneDX 1.6`. `notes` say what of it was not taken."""

    name: str
    version: str
    format: str
    components: tuple[Component, ...]
    notes: tuple[str, ...] = ()


def check_count(count: int, place: str) -> None:
    if count > COMPONENTS_LIMIT:
        raise InputError(f"{place}: has more than {COMPONENTS_LIMIT} components")


def known_by(format_: str, ref: str) -> tuple[Evidence, ...]:
    """That a bill names it, and as what."""
    return (Evidence(Witness.SBOM, Location(), f"{format_}: {ref}"[:200]),)


def with_package(component: Component) -> Component:
    """The component with what its package URL says beside the name: the distribution, and the source package."""
    purl = identity.purl_of(component.purl)
    if purl is None:
        return component
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    upstream, _, version = qualifiers.get("upstream", "").partition("@")
    source_version = component.source_version or version
    if upstream and not source_version and purl.type in DISTRIBUTED:
        source_version = component.version  # a source package is named with a version only where that differs
    return replace(
        component,
        version=component.version or purl.version or "",
        distribution=component.distribution or _distribution(purl.type, purl.namespace or "", qualifiers),
        source=component.source or upstream,
        source_version=source_version,
    )


def _distribution(type_: str, namespace: str, qualifiers: dict[str, str]) -> str:
    """`debian:12` for `distro=debian-12`, `distro=bookworm` or `distro=12` of a package of Debian."""
    if type_ not in DISTRIBUTED or not namespace:
        return ""
    release = qualifiers.get("distro", "").removeprefix(f"{namespace}-")
    release = RELEASES.get(namespace, {}).get(release, release)
    if namespace == "debian":
        release = release.partition(".")[0]
    if namespace == "alpine":
        release = ".".join(release.split(".")[:2])
    return f"{namespace}:{release}" if release[:1].isdigit() else ""


def renamed(needs: Iterable[str], known: dict[str, Component]) -> tuple[str, ...]:
    """What the document's own names mean in a report."""
    return tuple(dict.fromkeys(known[ref].ref for ref in needs if ref in known))
