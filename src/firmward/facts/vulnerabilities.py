"""What is known of the vulnerabilities of a system's components: asked of the advisories that a collection is given.

How an attacker comes to a component is told by the ways to its files (reach.py), and decides with what is known of a
vulnerability how grave it is here. Nothing is known without data, and nothing that cannot be compared is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from firmward.facts.advisories import Advisories, Surroundings
from firmward.facts.components import Components
from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.linkage import Linkage
from firmward.facts.package_files import PackageFiles
from firmward.facts.reach import WORDS_LIMIT, How, Reach, Way
from firmward.facts.shipped_modules import ShippedModules
from firmward.facts.web_libraries import WebLibraries
from firmward.model.component import Component, Witness
from firmward.model.facts import Unavailable, Unknown
from firmward.model.vulnerability import KnownVulnerabilities, Vulnerability

RUNS = Way(How.BOOT, "runs as long as the device does")


@dataclass(frozen=True, slots=True)
class Vulnerabilities:
    """What is `known` of the components. `pages` are the paths of those that are libraries in the device's pages, by
    their ref: what runs in a visitor's browser is told by another check than what runs on the device."""

    known: KnownVulnerabilities
    pages: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def of_system(self) -> tuple[Vulnerability, ...]:
        """Those that count, of all but the pages."""
        return tuple(one for one in self.known.affecting if one.component not in self.pages)

    @property
    def of_pages(self) -> tuple[Vulnerability, ...]:
        return tuple(one for one in self.known.affecting if one.component in self.pages)

    def is_open(self, purl: str) -> bool:
        """Whether not all could be told of the component that has this package URL."""
        return any(ref.endswith(purl) for ref in self.known.open)


def collect(
    components: Components,
    advisories: Advisories,
    reach: Reach | None | Unknown,
    configs: KernelConfigs | None | Unknown,
    modules: ShippedModules | None | Unknown,
    linkage: Linkage | None | Unknown,
    libraries: WebLibraries | None | Unknown,
    owned: PackageFiles | None | Unknown,
) -> Vulnerabilities:
    known = _through(reach, linkage) if isinstance(reach, Reach) else None
    brought = _brought(known, owned)
    surroundings = Surroundings(
        {one.ref: ways for one in components.found if (ways := _ways(one, known, brought))},
        configs if isinstance(configs, KernelConfigs) else None,
        modules if isinstance(modules, ShippedModules) else None,
    )
    found = advisories.known(components.found, surroundings)
    if isinstance(found, Unknown):
        raise Unavailable(found.reason)
    return Vulnerabilities(found, _pages(components, libraries))


def _pages(components: Components, libraries: WebLibraries | None | Unknown) -> dict[str, tuple[str, ...]]:
    """What a package brought, or lies among a program's packages, is told with these."""
    found = {one.purl for one in libraries.found} if isinstance(libraries, WebLibraries) else set()
    own = (one for one in components.found if one.purl in found)
    return {one.ref: one.files for one in own if one.evidence[0].witness in (Witness.TEXT, Witness.NAME)}


def _through(reach: Reach, linkage: Linkage | None | Unknown) -> Reach:
    """With the ways to libraries: through each program that needs them. The nearest are told first, and what is full of
    ways is not looked behind again: what it needs has them all."""
    if not isinstance(linkage, Linkage):
        return reach
    through: dict[str, dict[Way, None]] = {}
    named = ((_behind(way, path.rpartition("/")[2]), path) for path, own in reach.ways.items() for way in own)
    for way, path in sorted(named, key=lambda one: (list(How).index(one[0].how), one[0].words)):
        pending = [path]
        while pending:
            for library in linkage.needs.get(pending.pop(), ()):
                known = through.setdefault(library, {})
                if way not in known and len(known) < WORDS_LIMIT and library != path:
                    known[way] = None
                    pending.append(library)
    paths = dict.fromkeys((*reach.ways, *through))
    return Reach({path: (*reach.ways.get(path, ()), *through.get(path, ())) for path in paths}, reach.unread)


def _behind(way: Way, name: str) -> Way:
    return replace(way, words=f"{name} {way.words}", through=name)


def _brought(reach: Reach | None, owned: PackageFiles | None | Unknown) -> dict[str, list[str]]:
    """The files that have a way to them, by the name of the package that brought them."""
    found: dict[str, list[str]] = {}
    if reach is None or not isinstance(owned, PackageFiles):
        return found
    for path in reach.ways:
        owner = owned.owners.get(path)
        if owner is not None:
            found.setdefault(owner, []).append(path)
    return found


def _ways(one: Component, reach: Reach | None, brought: Mapping[str, list[str]]) -> tuple[Way, ...]:
    if any(evidence.witness is Witness.KERNEL for evidence in one.evidence):
        return (RUNS,)
    is_package = any(evidence.witness is Witness.PACKAGE for evidence in one.evidence)
    own = brought.get(one.name, ()) if is_package else ()
    paths = (*one.files, *own, *(evidence.at.path for evidence in one.evidence if evidence.at.path))
    return () if reach is None else reach.of(paths)
