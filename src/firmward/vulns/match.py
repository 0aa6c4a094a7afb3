"""Which vulnerabilities a component has, by all that a database knows, and what could not be told.

The order in which sources count is that of vulns/distribution.py (a distribution on its own packages), vulns/kernel.py
(the kernel's CNA) and vulns/verdict.py (everybody else). Nothing is dropped because it could not be compared: that is a
doubt, told apart. A rejected CVE is none, and a GHSA and the CVE that it stands for are one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.vulns import distribution, kernel, ranges, verdict
from firmward.vulns.conditions import NOTHING_KNOWN, Surroundings
from firmward.vulns.distribution import Word
from firmward.vulns.identifiers import Identities
from firmward.vulns.names import is_kernel, is_of_kernel, names
from firmward.vulns.record import About, Claim, Knowledge, Scheme
from firmward.vulns.versions import order

KERNEL_FEED, KERNEL_CNA = "kernel", "kernel.org"
SPEAKERS = {
    "nvd": "NVD",
    "osv": "OSV",
    "mitre": "MITRE",
    "redhat": "Red Hat",
    "openssl": "OpenSSL",
    "eclipse": "Eclipse",
    "apache": "Apache",
    "GitHub_M": "GitHub",
    "CISA-ADP": "CISA",
}
"""How those are called whose short names in CVE's list are no words; the others as they are there."""
CAME_BACK = "by its record it was mended, and is there again later, or came in meanwhile: see to it as if it applied"


@dataclass(frozen=True, slots=True)
class Match:
    """That a component has a `vulnerability`, by the word of `by` in the `feed`: the `reason` in words, `notes` on what
    of it is not known, the versions that mend it, `fixed`, nearest first, or where none is named the `last` that has
    it, and the source `files` of the flaw. `urgency` is what the distribution calls it."""

    vulnerability: str
    feed: str
    by: str
    reason: str
    notes: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    last: str = ""
    files: tuple[str, ...] = ()
    urgency: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """That it is not known whether a component has a `vulnerability`, for the `reason`."""

    vulnerability: str
    reason: str


@dataclass(frozen=True, slots=True)
class Matches:
    """What is known of a `component`: the vulnerabilities that were `found`, the `doubts`, what is `unknown` of it as a
    whole, and what the database says `about` each of those found and doubted."""

    component: Component
    found: tuple[Match, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    unknown: tuple[str, ...] = ()
    about: Mapping[str, About] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class _Judged:
    """What was decided so far. `settled` are vulnerabilities that nobody else is asked about."""

    found: dict[str, Match] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)

    def has(self, match: Match) -> None:
        self.settled.add(match.vulnerability)
        self.found[match.vulnerability] = match

    def doubt(self, vulnerability: str, reason: str) -> None:
        self.settled.add(vulnerability)
        self.doubts[vulnerability] = Doubt(vulnerability, reason)


def of_image(components: Sequence[Component], knowledge: Knowledge) -> Iterator[Matches]:
    """Of all components of an image, in their order."""
    around = Surroundings(components)
    return (matches(component, knowledge, around) for component in components)


def matches(component: Component, knowledge: Knowledge, around: Surroundings = NOTHING_KNOWN) -> Matches:
    """Of one component, with what is known of the others `around` it."""
    if not distribution.version(component):
        return Matches(component, unknown=("its version is not known",))
    if is_of_kernel(component) and not is_kernel(component):
        return Matches(component)  # headers and programs that are built from the kernel's source, and are none
    judged = _Judged()
    _by_distribution(component, knowledge, judged)
    if is_kernel(component):
        _by_pairs(component, knowledge, judged)
    _by_claims(component, knowledge, around, judged)
    return _as_one(component, knowledge, judged)


def _by_distribution(component: Component, knowledge: Knowledge, judged: _Judged) -> None:
    name = component.distribution
    if name and not knowledge.covers(name):
        judged.unknown.append(f"there are no data of {name}: what it mended in {component.name} is not known")
    for identifier, word in distribution.words(component, knowledge).items():
        if word.has is None:
            judged.doubt(identifier, word.reason)
        elif word.has:
            judged.has(_of_distribution(identifier, word))
        else:
            judged.settled.add(identifier)


def _of_distribution(identifier: str, word: Word) -> Match:
    fixed = (word.fix.fixed,) if word.fix.fixed else ()
    name = word.fix.distribution
    return Match(identifier, name.partition(":")[0], name, word.reason, fixed=fixed, urgency=word.fix.urgency)


def _by_pairs(component: Component, knowledge: Knowledge, judged: _Judged) -> None:
    of = _release(component)
    flaws = tuple(knowledge.kernel())
    if isinstance(of, Unknown):
        judged.unknown.append(of.reason)
    else:
        notes = _unmended(component, judged)
        reason = f"Linux {of.line_name} has it, and it is not mended in {_named(of)}"
        standing = kernel.standing(flaws, of)
        for flaw in standing.apply:
            if flaw.vulnerability not in judged.settled:
                fixed = kernel.fixes(flaw, of)
                judged.has(Match(flaw.vulnerability, KERNEL_FEED, KERNEL_CNA, reason, notes, fixed, files=flaw.files))
        for flaw in standing.doubtful:
            if flaw.vulnerability not in judged.settled:
                judged.doubt(flaw.vulnerability, CAME_BACK)
    judged.settled.update(flaw.vulnerability for flaw in flaws)


def _release(component: Component) -> kernel.Release | Unknown:
    """Debian's source is an upstream release with a revision; others count builds, which kernel.release refuses."""
    is_debian = component.distribution.startswith("debian")
    return kernel.release(distribution.upstream(component) if is_debian else distribution.version(component))


def _upstream(component: Component) -> str:
    """The release that others' ranges mean, without what a builder wrote behind a kernel's."""
    of = _release(component) if is_kernel(component) else Unknown("no kernel")
    return distribution.upstream(component) if isinstance(of, Unknown) else _named(of)


def _named(of: kernel.Release) -> str:
    candidate = f"-rc{of.candidate}" if of.candidate else ""
    return f"{of.line_name}{f'.{of.patch}' if of.patch else ''}{candidate}"


def _by_claims(component: Component, knowledge: Knowledge, around: Surroundings, judged: _Judged) -> None:
    called = names(component)
    version = _upstream(component)
    notes = _unmended(component, judged)
    if called.loose:
        notes = (*notes, f"{component.name} is known by its name alone")
    for identifier, claims in _grouped(knowledge.claims(called.asked())).items():
        if identifier in judged.settled:
            continue
        meant = [claim for claim in claims if called.mean(claim.product)]
        _judge(identifier, meant, version, around, notes, judged)


def _judge(
    identifier: str,
    claims: Sequence[Claim],
    version: str,
    around: Surroundings,
    notes: tuple[str, ...],
    judged: _Judged,
) -> None:
    held = _held(claims, around)
    found = verdict.verdict([claim for claim, _ in held], version)
    if found.affected is not None:
        said = found.affected
        open_questions = tuple(f"whether {one} is there is not known" for one in _unknown(said.claim, held))
        reason = f"by {SPEAKERS.get(said.claim.by, said.claim.by)}, {ranges.words(said.place)}"
        match = Match(
            identifier, said.claim.feed, said.claim.by, reason, (*notes, *open_questions), found.fixed, found.last
        )
        judged.has(match)
    elif found.doubt:
        judged.doubt(identifier, found.doubt)


def _held(claims: Sequence[Claim], around: Surroundings) -> list[tuple[Claim, tuple[str, ...]]]:
    """The claims whose conditions may hold, each with what is not known of those."""
    conditions = [(claim, around.fulfil(claim.with_all)) for claim in claims]
    return [(claim, condition.unknown) for claim, condition in conditions if condition.holds]


def _unknown(claim: Claim, held: Sequence[tuple[Claim, tuple[str, ...]]]) -> tuple[str, ...]:
    return next(unknown for one, unknown in held if one is claim)


def _unmended(component: Component, judged: _Judged) -> tuple[str, ...]:
    """The note that a distribution's own mending is not in the upstream version."""
    if not component.distribution:
        return ()
    if judged.unknown:
        return (f"what {component.distribution} mended in it is not known",)
    return (f"{component.distribution} does not say whether it mended it",)


def _grouped(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(claim.vulnerability, []).append(claim)
    return found


def _as_one(component: Component, knowledge: Knowledge, judged: _Judged) -> Matches:
    """Each vulnerability once, without those that were rejected, and without those that are settled by another name."""
    known = Identities((*judged.found, *judged.doubts), knowledge)
    closed = judged.settled - judged.found.keys() - judged.doubts.keys()
    found: dict[str, Match] = {}
    for identifier, match in judged.found.items():
        name = known.name(identifier)
        if not known.is_rejected(identifier) and name not in closed:
            first = found.get(name)
            renamed = match if name == identifier else replace(match, vulnerability=name)
            found[name] = renamed if first is None else _both(first, renamed, component)
    doubts: dict[str, Doubt] = {}
    for identifier, doubt in judged.doubts.items():
        name = known.name(identifier)
        is_open = name not in found and name not in closed
        if is_open and not known.is_rejected(identifier):
            doubts.setdefault(name, replace(doubt, vulnerability=name))
    return Matches(component, tuple(found.values()), tuple(doubts.values()), tuple(judged.unknown), known.about)


def _both(one: Match, other: Match, component: Component) -> Match:
    scheme = distribution.scheme(component.distribution) if component.distribution else Scheme.GENERIC
    return replace(one, fixed=order.in_order(scheme, (*one.fixed, *other.fixed)) or one.fixed)
