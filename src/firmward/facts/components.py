"""All that a system is made of, from every source at hand, each component once.

Sources, most trusted first: databases of packages, lists of build systems, packages of programming languages, programs
and libraries themselves, libraries in pages, kernels and boot loaders, bills of materials. A file that a package
brought tells nothing of its own: it is evidence for the package, whose version counts. What a list of a build system
names a second time adds its licence and CPE name.

References among components are those of their package URLs; what is needed and not there is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from firmward.facts.bills import Bills
from firmward.facts.boot_firmware import BootFirmware
from firmward.facts.build_manifests import BuildManifests
from firmward.facts.component_sources import boot, manifests, packages, pages, programs
from firmward.facts.distribution import Distribution
from firmward.facts.identified import Identified
from firmward.facts.language_packages import LanguagePackages
from firmward.facts.linkage import Linkage
from firmward.facts.package_files import PackageFiles
from firmward.facts.packages import Packages
from firmward.facts.running_kernels import RunningKernels
from firmward.facts.uboots import Uboots
from firmward.facts.web_libraries import WebLibraries
from firmward.model.component import Component, Witness
from firmward.model.facts import Unknown
from firmward.model.parts import Parts

LIMIT = 50_000
EVIDENCE_LIMIT = 20
"""Pieces of evidence that are kept for one component."""


@dataclass(frozen=True, slots=True)
class Components:
    """All that were `found`; `unread` says in words which sources could not be read."""

    found: tuple[Component, ...] = field(repr=False)
    unread: tuple[str, ...] = ()


def collect(
    packaged: Packages | None | Unknown,
    owned: PackageFiles | None | Unknown,
    distribution: Distribution | None | Unknown,
    listed: BuildManifests | None | Unknown,
    languages: LanguagePackages | None | Unknown,
    identified: Identified | None | Unknown,
    libraries: WebLibraries | None | Unknown,
    linkage: Linkage | None | Unknown,
    kernels: RunningKernels | None | Unknown,
    uboots: Uboots | None | Unknown,
    firmware: BootFirmware | None | Unknown,
    parts: Parts | None,
    bills: Bills,
) -> Components | None:
    families = (packaged, listed, languages, identified, libraries, linkage, kernels, uboots, firmware)
    own = distribution if isinstance(distribution, Distribution) else None
    merged = _Merged(owned.owners if isinstance(owned, PackageFiles) else {})
    if isinstance(packaged, Packages):
        merged.packages(packages.components(packaged, own))
    if isinstance(listed, BuildManifests):
        merged.listed(manifests.components(listed))
    if isinstance(languages, LanguagePackages):
        merged.files(languages.found)
    if isinstance(identified, Identified):
        merged.files(programs.components(identified))
    if isinstance(libraries, WebLibraries):
        merged.files(pages.components(libraries))
    if isinstance(kernels, RunningKernels):
        merged.kernels(boot.kernels(kernels, packages.kept_by(own)))
    boots = (uboots if isinstance(uboots, Uboots) else None, firmware if isinstance(firmware, BootFirmware) else None)
    merged.others(boot.loaders(*boots))
    merged.others(bills.components)
    unread = dict.fromkeys(reason for family in families for reason in _unread(family))
    if isinstance(linkage, Linkage):
        merged.linked(linkage)
    found = tuple(merged.finished("" if parts is None else parts.here))
    return Components(found, tuple(unread)) if found or unread else None


def _part(one: Component) -> str | None:
    return one.evidence[0].at.part if one.evidence else None


def _unread(family: object) -> Iterable[str]:
    return (family.reason,) if isinstance(family, Unknown) else getattr(family, "unread", ())


class _Merged:
    """What was found so far: `owners` has the package that brought each file."""

    def __init__(self, owners: Mapping[str, str]) -> None:
        self._owners = owners
        self._found: list[Component] = []
        self._names: dict[str, int] = {}
        """The place of the component that is called so, as packages and lists of builds call it."""
        self._purls: dict[str, int] = {}
        """The place of the component of this package URL that files told of."""
        self._needs: dict[int, dict[int, None]] = {}
        """Places of what is linked to each, by its own place."""

    def packages(self, components: Iterable[Component]) -> None:
        for one in components:
            self._names.setdefault(one.name, len(self._found))
            self._add(one)

    def listed(self, components: Iterable[Component]) -> None:
        for one in components:
            known = self._names.get(one.name)
            if known is None:
                self._names[one.name] = len(self._found)
                self._add(one)
            else:
                self._found[known] = _with(self._found[known], one)

    def files(self, components: Iterable[Component]) -> None:
        """Those that files tell of: of files that a package brought, it is the package; what a build's list has under
        this name and version is the same, and so is what other files told of by the same package URL."""
        for one in components:
            own = tuple(path for path in one.files if path not in self._owners)
            for owner in dict.fromkeys(self._owners[path] for path in one.files if path in self._owners):
                place = self._names.get(owner)
                if place is not None:
                    self._found[place] = _proven(self._found[place], one)
            listed = self._names.get(one.name)
            if listed is not None and own and _is_same(self._found[listed], one):
                self._found[listed] = replace(_with(self._found[listed], one), files=own)
            elif own and one.purl in self._purls:
                known = self._found[self._purls[one.purl]]
                self._found[self._purls[one.purl]] = replace(_with(known, one), files=_both(known.files, own))
            elif own:
                self._add(replace(one, files=own))

    def linked(self, linkage: Linkage) -> None:
        """By what their files need."""
        places = {path: place for place, one in enumerate(self._found) for path in one.files}
        names = ((path, self._names.get(owner)) for path, owner in self._owners.items())
        places |= {path: place for path, place in names if place is not None}
        for path, needed in linkage.needs.items():
            for one in (places[other] for other in needed if other in places and path in places):
                self._needs.setdefault(places[path], {})[one] = None

    def kernels(self, components: Iterable[Component]) -> None:
        """A kernel that a package brought is known by that."""
        packaged = [one for one in self._found if one.name.startswith(KERNELS)]
        for one in components:
            release = one.evidence[0].text.split(" ", 1)[0]
            if not any(package.name.endswith(release) for package in packaged):
                self.others((one,))

    def others(self, components: Iterable[Component]) -> None:
        known = {one.ref for one in self._found}
        for one in components:
            if one.ref not in known:
                known.add(one.ref)
                self._add(one)

    def finished(self, here: str) -> Iterator[Component]:
        """All, each in its part: a kernel and a boot loader lie beside the root."""
        placed = [replace(one, part=one.part or _part(one) or here) for one in self._found]
        by_name = {one.name: one.ref for one in reversed(placed)}
        by_purl = {one.purl.rpartition("@")[0] or one.purl: one.ref for one in placed if one.purl}
        for place, one in enumerate(placed):
            named = [by_name.get(name) or by_purl.get(name) for name in one.depends]
            linked = [placed[other].ref for other in self._needs.get(place, ())]
            needed = dict.fromkeys(ref for ref in (*named, *linked) if ref and ref != one.ref)
            yield replace(one, depends=tuple(needed))

    def _add(self, one: Component) -> None:
        if len(self._found) < LIMIT:
            if one.purl and one.files:
                self._purls.setdefault(one.purl, len(self._found))
            self._found.append(one)


def _both(files: tuple[str, ...], also: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*files, *also)))[: programs.FILES_LIMIT]


def _is_same(known: Component, also: Component) -> bool:
    return known.evidence[0].witness is Witness.MANIFEST and also.version in ("", known.version)


KERNELS = ("linux-image-", "kernel-image-", "kernel-", "linux-lts", "linux-virt")
"""How packages of kernels are called, with the release behind."""


def _with(known: Component, also: Component) -> Component:
    """With what another source says beside."""
    return replace(
        _proven(known, also),
        licences=known.licences or also.licences,
        cpes=known.cpes or also.cpes,
        vendor=known.vendor or also.vendor,
    )


def _proven(known: Component, also: Component) -> Component:
    return replace(known, evidence=(*known.evidence, *also.evidence)[:EVIDENCE_LIMIT])
