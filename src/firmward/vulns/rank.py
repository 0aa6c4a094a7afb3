"""Which vulnerabilities to see to first, why, and what to do.

What is known to be exploited comes first (CISA's list), then what an attacker reaches most easily by the facts of the
image, then what is likely to be exploited (EPSS), then what is gravest (CVSS). Where a score is missing the severity is
medium: it is not known, and no reason to look away.

The words why are a few short sentences, in the same order: that it is used, how an attacker comes to it, who says that
this version has it. Numbers stand beside them, in fields of their own.
"""

from collections.abc import Iterable, Sequence

from firmward.facts.reach import How, Way
from firmward.model.component import Component
from firmward.model.finding import Severity
from firmward.model.vulnerability import Score, Vulnerability, urgency
from firmward.vulns import cvss, reach
from firmward.vulns.distribution import UNIMPORTANT
from firmward.vulns.match import KERNEL_FEED, Match, Matches
from firmward.vulns.names import is_kernel
from firmward.vulns.reach import NO_WAYS, Ways
from firmward.vulns.record import About

LIKELY = 0.1
"""An EPSS from here on is worth a word: one in ten within the next 30 days."""
PROGRAMS_TOLD = 3
"""Programs that are named as the way to a library."""
LISTENS = "listens on "


def ranked(all_matches: Iterable[Matches], ways: Ways = NO_WAYS) -> tuple[Vulnerability, ...]:
    """The vulnerabilities of components, the most urgent first. `ways` are those to each component."""
    found = [one for matches in all_matches for one in _of_component(matches, ways.get(matches.component.ref, ()))]
    return tuple(sorted(found, key=urgency))


def _of_component(matches: Matches, ways: Sequence[Way]) -> Iterable[Vulnerability]:
    component = matches.component
    told = tuple(way.words for way in ways)
    way = "" if is_kernel(component) else _way(ways)
    near = reach.nearness(ways)
    kernel = is_kernel(component)
    ref = component.ref
    for match in matches.found:
        about = matches.about.get(match.vulnerability) or About(match.vulnerability)
        score = cvss.best(about.scores)
        yield Vulnerability(
            id=match.vulnerability,
            component=ref,
            name=component.name,
            version=component.version or component.source_version,
            severity=_severity(score, about, match),
            source=match.feed,
            by=match.by,
            aliases=about.aliases,
            title=about.title,
            cwes=about.cwes,
            score=score,
            exploited=about.exploited,
            epss=about.epss,
            published=about.published,
            modified=about.modified,
            fixed=match.fixed,
            reach=told,
            near=near,
            files=match.files,
            why=_why(match, about, way),
            do=_do(component, match, is_of_kernel=kernel),
        )


def _severity(score: Score | None, about: About, match: Match) -> Severity:
    if about.exploited is not None:
        return Severity.CRITICAL
    if match.urgency == UNIMPORTANT:
        return Severity.LOW
    return Severity.MEDIUM if score is None else cvss.severity(score.score)


def _why(match: Match, about: About, way: str) -> str:
    """Why it applies, how near it is here, and what of that is not known."""
    parts = []
    if about.exploited is not None:
        ransomware = ", also by ransomware" if about.exploited.ransomware else ""
        parts.append(f"it is being exploited (known since {about.exploited.added}{ransomware})")
    parts.append(way)
    if about.epss is not None and about.epss >= LIKELY:
        parts.append(f"it will be exploited within 30 days with a probability of {about.epss:.0%}")
    parts += [match.reason, _in(match.files)]
    if cvss.best(about.scores) is None:
        parts.append("its vector has no score" if about.scores else "nobody has scored it")
    if match.urgency == UNIMPORTANT:
        parts.append(f"{match.by} holds it to do no harm as it is built there")
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in (*parts, *match.notes) if part)


def _in(files: Sequence[str]) -> str:
    """Which source it is in; the records of the kernel's CNA have no other name for it."""
    more = len(files) - 1
    return f"it is in {files[0]}{f' and {more} more' if more > 0 else ''}" if files else ""


def _way(ways: Sequence[Way]) -> str:
    """The nearest way to a component, in words; its own before those through programs that need it."""
    nearest = [way for way in ways if way.how is ways[0].how]
    own = [way.words for way in nearest if not way.through]
    if own:
        listens = [words.removeprefix(LISTENS) for words in own if words.startswith(LISTENS)]
        told = (f"{LISTENS}{', '.join(listens)}" if listens else "", *(one for one in own if LISTENS not in one))
        return f"it {', and '.join(filter(None, told))}"
    programs: dict[str, list[str]] = {}
    for way in nearest:
        programs.setdefault(way.through, []).append(way.does.removeprefix(LISTENS))
    named = [f"{name} ({', '.join(words)})" for name, words in programs.items()]
    told_ones = ", ".join(named[:PROGRAMS_TOLD]) + (" and others" if len(named) > PROGRAMS_TOLD else "")
    over = "over the network, " if nearest and nearest[0].how is How.NETWORK else ""
    return f"an attacker comes to it {over}through {told_ones}" if named else ""


def _do(component: Component, match: Match, *, is_of_kernel: bool) -> str:
    if match.last and not match.fixed:
        return f"Update {component.name} to a release after {match.last}, the last that is known to have it."
    if not match.fixed:
        return f"No version of {component.name} that mends it is known: take it out, or keep attackers away from it."
    first, *later = match.fixed
    if match.feed == KERNEL_FEED and is_of_kernel:
        return _kernel_step(match.reason, first, later)
    if component.distribution and match.by == component.distribution:
        return f"Install {component.source or component.name} {first} of {component.distribution}."
    return f"Update {component.name} to {first}, the nearest version that mends it."


def _kernel_step(reason: str, first: str, later: Sequence[str]) -> str:
    line = reason.removeprefix("Linux ").partition(" ")[0]
    if first.startswith(f"{line}.") or first == line:
        return f"Update the kernel to {first} or later, of the same line."
    return f"No release of the line {line} mends it: {first} is the nearest of a later line."
