"""What a system is made of, and what is known of it: joined from its roots, for the report."""

from collections.abc import Iterable
from dataclasses import dataclass

from firmward.facts.components import Components
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.model.clock import Clock
from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.model.report import Advised, Feed
from firmward.model.vulnerability import Vulnerability, urgency

CHECKS = frozenset(("known-vulnerability", "component-unidentified", "web-library-vulnerable"))
"""The checks that ask of the same components; a report that asks one of them lists these."""
NOTES_LIMIT = 12
VULNERABILITIES_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """What one root has, and what is known of it; of each, why that is not known."""

    components: Components | None | Unknown
    vulnerabilities: Vulnerabilities | None | Unknown


@dataclass(frozen=True, slots=True)
class Supply:
    """Of all roots together: `components`, the `vulnerabilities` that apply to them, and by what data that is known;
    None where it was not asked."""

    components: tuple[Component, ...] = ()
    vulnerabilities: tuple[Vulnerability, ...] = ()
    advised: Advised | None = None


def joined(found: Iterable[Found], clock: Clock) -> Supply:
    """Each component once: two roots may see one kernel and one boot loader. Of what they know of the same, the graver
    counts: a module that an initramfs has not is perhaps in the root behind it."""
    roots = tuple(found)
    components = {
        one.ref: one for root in roots if isinstance(root.components, Components) for one in root.components.found
    }
    known = [root.vulnerabilities.known for root in roots if isinstance(root.vulnerabilities, Vulnerabilities)]
    vulnerabilities: dict[tuple[str, str], Vulnerability] = {}
    for one in (one for each in known for one in each.found):
        first = vulnerabilities.setdefault((one.id, one.component), one)
        vulnerabilities[one.id, one.component] = min(first, one, key=urgency)
    notes = [note for root in roots if isinstance(root.components, Components) for note in root.components.unread]
    notes += [
        one.reason for root in roots for one in (root.components, root.vulnerabilities) if isinstance(one, Unknown)
    ]
    notes += [note for each in known for note in each.unread]
    feeds = dict.fromkeys(feed for each in known for feed in each.feeds)
    as_of = min((each.as_of for each in known), default=None)
    told = tuple(dict.fromkeys(notes))[:NOTES_LIMIT]
    return Supply(
        tuple(sorted(components.values(), key=lambda one: (one.name, one.version, one.ref))),
        tuple(sorted(vulnerabilities.values(), key=urgency)[:VULNERABILITIES_LIMIT]),
        Advised(
            clock.today.isoformat(),
            None if as_of is None else as_of.isoformat(),
            tuple(Feed(*feed) for feed in feeds),
            told,
        )
        if roots
        else None,
    )
