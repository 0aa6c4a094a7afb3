"""What cures ask for, applied to an empty root: the findings come from facts, and what they need is beside the root."""

from dataclasses import dataclass

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import Verdict, families, judge
from firmward.audit.example import CLOCK
from firmward.facts.collection import Collection
from firmward.harden.apply import apply
from firmward.harden.beside import rendered
from firmward.harden.draft import Draft
from firmward.harden.plan import Cure, plan
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.memory import MemoryTree
from firmward.model.policy import Policy, parse_policy
from firmward.model.tree import Tree

EMPTY = MemoryTree({})


@dataclass(frozen=True)
class Bettered:
    """`verdicts` before the cures, `refused` why some were not applied, and the `files` beside the root."""

    verdicts: tuple[Verdict, ...]
    site: Site
    done: tuple[Cure, ...]
    refused: tuple[str, ...]
    files: dict[str, str]

    @property
    def promised(self) -> set[tuple[str, str]]:
        return {(cure.check, cure.key) for cure in self.done}


def verdicts(checks: tuple[str, ...], records: tuple[object, ...], policy: Policy | None) -> tuple[Verdict, ...]:
    facts = Facts("made", Source.IMAGE, {type(record): record for record in records})
    return tuple(judge(check, facts, policy, CLOCK) for check in catalogue() if check.id in checks)


def keys(found: tuple[Verdict, ...]) -> set[tuple[str, str]]:
    return {(verdict.check.id, one.key) for verdict in found for one in verdict.findings}


def of_tree(checks: tuple[str, ...], root: Tree, policy: Policy | None, cured: tuple[str, ...]) -> Bettered:
    """The cures of some of these checks, of which the facts are collected and no others."""
    asked = [check for check in catalogue() if check.id in checks]
    facts = Collection(root).facts("made", families(asked))
    before = tuple(judge(check, facts, policy, CLOCK) for check in asked)
    return _bettered(before, facts, policy, root, cured)


def bettered(
    checks: tuple[str, ...], *records: object, policy: str = "", unsafe: bool = True, root: Tree = EMPTY
) -> Bettered:
    declared = parse_policy(policy) if policy else None
    before = verdicts(checks, records, declared)
    facts = Facts("made", Source.IMAGE, {type(record): record for record in records})
    return _bettered(before, facts, declared, root, checks, unsafe=unsafe)


def _bettered(
    before: tuple[Verdict, ...],
    facts: Facts,
    policy: Policy | None,
    root: Tree,
    cured: tuple[str, ...],
    *,
    unsafe: bool = True,
) -> Bettered:
    cures = [
        Cure(verdict.check.id, one.key, one.severity or Severity.MEDIUM, one.message, "", one.remedy)
        for verdict in before
        for one in verdict.findings
        if one.remedy is not None
    ]
    site = Site(Draft(root), facts, policy)
    applied = apply(plan(cures, unsafe=unsafe, only=cured).chosen, site)
    refused = tuple(one.reason for one in applied.refused)
    return Bettered(before, site, applied.done, refused, dict(rendered(site.beside, policy)))
