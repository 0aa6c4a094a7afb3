"""Systems whose truth is known, hardened: what was found before, what was done, what is found after."""

from dataclasses import dataclass, replace

from truth.row import Truth

from firmward.audit.engine import Verdict, families, judge
from firmward.audit.kernel_rows import asked
from firmward.facts.collection import Collection
from firmward.harden import declared
from firmward.harden.apply import Applied
from firmward.harden.draft import Draft
from firmward.harden.plan import Cure, Plan, plan
from firmward.harden.rounds import apply_rounds
from firmward.harden.site import Beside, Site
from firmward.model.facts import Facts
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import Policy, parse_policy
from firmward.model.tree import Tree
from truth import accuracy


@dataclass(frozen=True)
class Round:
    """`before` and `after` are verdicts of the whole system."""

    site: Site
    before: tuple[Verdict, ...]
    plan: Plan
    applied: Applied
    after: tuple[Verdict, ...]

    @property
    def draft(self) -> Draft:
        return self.site.draft

    def left(self, *checks: str) -> list[tuple[str, str]]:
        """Check and key of what is found after, of these checks or of all."""
        return [(check, one.key) for check, one in findings(self.after) if not checks or check in checks]

    def reasons(self) -> dict[str, str]:
        """Why cures were not applied, by the name of what they would cure."""
        return {one.cure.name: one.reason for one in (*self.plan.left, *self.applied.refused)}


def findings(verdicts: tuple[Verdict, ...]) -> list[tuple[str, Finding]]:
    return [
        (verdict.check.id, replace(one, severity=one.severity or verdict.check.severity))
        for verdict in verdicts
        for one in verdict.findings
    ]


def facts_of(tree: Tree, name: str = "system") -> Facts:
    return Collection(tree).facts(name, families(accuracy.of_roots()))


def verdicts_of(facts: Facts, policy: Policy | None) -> tuple[Verdict, ...]:
    return tuple(judge(check, facts, policy, accuracy.CLOCK) for check in accuracy.of_roots())


def cures(verdicts: tuple[Verdict, ...]) -> list[Cure]:
    return [
        Cure(check, one.key, one.severity or Severity.MEDIUM, one.message, "", one.remedy)
        for check, one in findings(verdicts)
        if one.remedy is not None
    ]


def hardened(tree: Tree, policy: Policy | None, *, unsafe: bool = False, only: tuple[str, ...] = ()) -> Round:
    """Audit, harden, audit, as the command does it."""
    facts = facts_of(tree)
    before = verdicts_of(facts, policy)
    after = before

    def judge(site: Site) -> tuple[Plan, Facts]:
        nonlocal after
        facts = facts_of(site.draft)
        after = verdicts_of(facts, policy)
        return plan(cures(after), unsafe=unsafe, only=only), facts

    def functions(site: Site) -> frozenset[str]:
        facts = Collection(site.draft).facts("system", declared.FAMILIES)
        return declared.functions(site.draft, facts, site.policy)

    chosen = plan(cures(before), unsafe=unsafe, only=only)
    rows = asked(facts, policy, accuracy.CLOCK.today, unsafe=unsafe, only=only)
    given = Site(Draft(tree), facts, policy, Beside(rows=rows))
    site, applied = apply_rounds(chosen, given, functions, judge)
    return Round(site, before, chosen, applied, after)


def of_files(files: dict[str, Content], policy: str = "", *, unsafe: bool = False, only: tuple[str, ...] = ()) -> Round:
    parsed = parse_policy(policy) if policy else None
    return hardened(MemoryTree(files), parsed, unsafe=unsafe, only=only)


def of_system(system: Truth, *, unsafe: bool = False, only: tuple[str, ...] = ()) -> Round:
    """The system with its planted mistakes, by the policy of its clean twin."""
    return hardened(MemoryTree(system.planted), parse_policy(system.policy), unsafe=unsafe, only=only)
