"""What a local database says of the components of an image: the advisories that an audit asks (facts/advisories.py).

The file is opened where it is asked, which may be a process of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from firmward.facts.advisories import Advisories, Surroundings
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.component import Component
from firmward.model.errors import InputError
from firmward.model.facts import Unknown
from firmward.model.vulnerability import KnownVulnerabilities, Vulnerability, urgency
from firmward.vulns.database import Database
from firmward.vulns.kernel_build import KernelBuild, names
from firmward.vulns.match import Matches, of_image
from firmward.vulns.names import is_kernel
from firmward.vulns.rank import ranked

NAMED = 3
"""Components that a note names."""


class DatabaseAdvisories(Advisories):
    """By the database in a file. `today` is the day that decisions are dated with."""

    def __init__(self, path: Path, today: date) -> None:
        self._path = path
        self._today = today

    @property
    def places(self) -> tuple[Path, ...]:
        return (self._path,)

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        try:
            with Database(self._path) as database:
                days = database.days()
                if not days:
                    return Unknown(f"{self._path.name} has no data yet: firmward vulns update gets them")
                every = list(of_image(components, database))
        except InputError as error:
            return Unknown(str(error))
        found = tuple(sorted(self._filtered(ranked(every, surroundings.ways), every, surroundings), key=urgency))
        feeds = tuple((name, day.isoformat()) for name, day in days)
        doubtful = frozenset(one.component.ref for one in every if one.unknown or one.doubts)
        return KnownVulnerabilities(found, min(day for _, day in days), tuple(_notes(every)), feeds, doubtful)

    def _filtered(
        self, found: Iterable[Vulnerability], every: Iterable[Matches], surroundings: Surroundings
    ) -> Iterator[Vulnerability]:
        """With the word that the code of a kernel's flaw is not there, where it was surely not built."""
        components = (one.component for one in every if is_kernel(one.component))
        builds = {one.ref: build for one in components if (build := _build(one, surroundings)) is not None}
        for one in found:
            build = builds.get(one.component)
            vex = None if build is None or not one.files else build.vex(one.files)
            yield one if vex is None else replace(one, vex=replace(vex, decided=self._today))


def _build(component: Component, surroundings: Surroundings) -> KernelBuild | None:
    """What a kernel was built from, by its own configuration and modules; None where neither is known."""
    release = component.evidence[0].text.partition(" ")[0] if component.evidence else component.version
    options = _options(component, release, surroundings.configs)
    modules = None if surroundings.modules is None else names(surroundings.modules, release)
    if options is None and modules is None:
        return None
    architecture = options.architecture if options is not None else ""
    return KernelBuild(component.version or release, architecture, options, modules)


def _options(component: Component, release: str, configs: KernelConfigs | None) -> KernelOptions | None:
    """The configuration that goes with a kernel: its own, the one for its release, or the only one for its version."""
    found = () if configs is None else configs.found
    own = [one for one in found if one.kernel is not None and one.kernel == component.part]
    named = [one for one in found if one.release and one.release == release]
    alike = [one for one in found if one.version and one.version.partition("-")[0] == component.version]
    return next((group[0] for group in (own, named, alike) if len(group) == 1), None)


def _notes(every: Iterable[Matches]) -> Iterator[str]:
    """What could not be told, alike of several components at once."""
    reasons: dict[str, list[str]] = {}
    doubts: dict[str, int] = {}
    for one in every:
        name = one.component.name
        for reason in one.unknown:
            reasons.setdefault(reason.replace(name, "it"), []).append(name)
        if one.doubts:
            doubts[f"{name} {one.component.version}".strip()] = len(one.doubts)
    for reason, named in reasons.items():
        yield f"{_listed(named)}: {reason}"
    if doubts:
        yield f"it is not known whether {sum(doubts.values())} more vulnerabilities apply, to {_listed(list(doubts))}"


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(names[:NAMED])
    return f"{told} and {len(names) - NAMED} more" if len(names) > NAMED else told
