"""What the checks say of each root of an opened image, and of the image as a whole, each in a process of its own.

A check that reads parts and no tree is asked once of the whole image, under the id of the input itself; every other is
asked of each root.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from firmward.model.facts import OutOfTime, Source, Unavailable

if TYPE_CHECKING:
    from firmward.audit.chain import ImageLinks, RootLinks
    from firmward.audit.composition import Beside
    from firmward.audit.engine import Verdict
    from firmward.audit.supply import Found
    from firmward.cli.deadline import Deadline
    from firmward.cli.judging import Question, Reading
    from firmward.facts.bills import Bills
    from firmward.facts.collection import Collection
    from firmward.facts.lives import Lives
    from firmward.image.opening import Image, Root
    from firmward.model.check import Check
    from firmward.model.facts import Facts, Unknown
    from firmward.model.kernel_standing import KernelStanding
    from firmward.model.parts import OpenPart, Parts
    from firmward.model.side import PartFacts
    from firmward.model.tree import Tree

LATE = 5.0
"""Seconds beyond the deadline after which a process that judges is ended."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one root: the verdicts, the facts if they are compared, the links and the lives if chain and
    calendar are drawn, how its kernels stand, and what it is made of if that is asked."""

    verdicts: "tuple[Verdict, ...]" = ()
    facts: "PartFacts | None" = None
    links: "RootLinks | None" = None
    lives: "Lives | None | Unknown" = None
    kernels: "tuple[KernelStanding, ...]" = ()
    supply: "Found | None" = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said of all: by part, with the image as a whole among them, and what the report has beside."""

    by_part: Mapping[str, Judged]
    beside: "Beside"


@dataclass(frozen=True, slots=True)
class Case:
    """An opened image, what is asked of it, and how; `lost` fills with what was not judged for want of a process.
    `bills` are the components that bills of materials in it name."""

    image: "Image"
    question: "Question"
    reading: "Reading"
    source: Source
    deadline: "Deadline"
    lost: list[str]
    bills: "Bills"

    @property
    def ends(self) -> float:
        return self.deadline.at + LATE

    def parts(self, here: str) -> "Parts":
        """The image as it is seen from one of its parts."""
        from firmward.model.parts import Parts

        return Parts(here, all_parts(self.image))

    def given_up(self, part: str, checks: "Sequence[Check]", reason: str) -> "tuple[Verdict, ...]":
        self.lost.append(f"{part}: {reason}")
        return tuple(_unknown(check, reason) for check in checks)


def all_parts(image: "Image") -> "dict[str, OpenPart]":
    """The image around each of its roots, as collectors ask for it."""
    from firmward.model.parts import OpenPart

    trees = {root.part.id: root.tree for root in image.trees}
    return {
        part.id: OpenPart(part, image.sources.get(part.id), trees.get(part.id), image.whole.get(part.id))
        for part in image.parts
    }


def judged(case: Case) -> Answers:
    from firmward.cli.workers import at_work, run_each

    roots = case.image.roots
    has_core = case.reading.jobs > len(roots)

    def judge(root: "Root") -> Judged:
        return _of_root(root, case, has_core=has_core)

    def give_up(root: "Root", reason: str) -> Judged:
        return Judged(case.given_up(root.part.id, _root_checks(case), reason))

    if has_core and len(roots) == 1:
        (root,) = roots
        with at_work(lambda: judge(root), lambda reason: give_up(root, reason), case.ends) as wait:
            whole = _of_image(case)  # this imports the checks, which the other answer names
            return _joined(whole, {root.part.id: wait()}, case)
    whole = _of_image(case)  # the checks are imported once, before the processes part
    answers = run_each(judge, roots, case.reading.jobs, give_up, case.ends)
    return _joined(whole, {root.part.id: answer for root, answer in zip(roots, answers, strict=True)}, case)


def verdicts_and_facts(root: "Root", case: Case) -> "tuple[tuple[Verdict, ...], Facts]":
    """What every check says of one root, those of the image as a whole among them, and the facts of the root alone."""
    from firmward.audit.engine import families

    collection = _collection(case, root.part.id, root.tree)
    heavy = _heavy(collection, case.question) if case.reading.jobs > 1 else ()
    with _collected_beside(collection, heavy, case):
        checks = _root_checks(case)
        facts = collection.facts(root.part.id, families(checks))
    return (*_verdicts(case, checks, facts), *_of_image(case).verdicts), facts


def facts_of(root: "Root", case: Case, wanted: Sequence[type]) -> "Facts":
    """A few families of one root."""
    return _collection(case, root.part.id, root.tree).facts(root.part.id, wanted)


@dataclass(frozen=True, slots=True)
class OfImage:
    """What was said of the image as a whole: the verdicts, and the links up to the kernel if the chain is drawn; of one
    without a root also what is known of its kernels, lives and components all the same."""

    verdicts: "tuple[Verdict, ...]" = ()
    links: "ImageLinks | None" = None
    lives: "Lives | None | Unknown" = None
    kernels: "tuple[KernelStanding, ...]" = ()
    supply: "Found | None" = None


def _joined(whole: OfImage, roots: dict[str, Judged], case: Case) -> Answers:
    """The input itself may be a root, and is told of once."""
    from firmward.audit import chain, kernel, life, supply
    from firmward.audit.composition import Beside
    from firmward.image.opening import TOP

    known = [one.links for one in roots.values() if one.links is not None]
    drawn = () if whole.links is None or len(known) < len(case.image.roots) else chain.drawn(whole.links, known)
    ages = {part: one.lives for part, one in roots.items()} or {TOP: whole.lives}
    beside = Beside(
        drawn,
        life.calendar(ages, case.question.policy, case.question.clock),
        kernel.distinct((*whole.kernels, *(standing for one in roots.values() for standing in one.kernels))),
        supply.joined(
            (one for one in (whole.supply, *(root.supply for root in roots.values())) if one is not None),
            case.question.clock,
        ),
    )
    if not whole.verdicts:
        return Answers(roots, beside)
    own = roots.get(TOP, Judged())
    return Answers(roots | {TOP: replace(own, verdicts=(*own.verdicts, *whole.verdicts))}, beside)


def _draws_chain(case: Case) -> bool:
    from firmward.audit import chain

    return _asks_all(case, chain.CHECKS)


def _has_calendar(case: Case) -> bool:
    from firmward.audit import life

    return _asks_all(case, life.CHECKS)


def _lists_supply(case: Case) -> bool:
    """Whether components are listed: a check asks for them, a document does, or a bill names some."""
    from firmward.audit import supply

    asked = not case.question.wanted or any(check.id in supply.CHECKS for check in case.question.checks)
    return asked or case.question.lists or bool(case.bills.components)


def _asks_all(case: Case, ids: Set[str]) -> bool:
    """Whether every check is asked that something beside the verdicts is drawn from."""
    return not case.question.wanted or {check.id for check in case.question.checks} >= ids


def _of_image(case: Case) -> OfImage:
    from firmward.audit import chain, supply
    from firmward.audit.engine import families, is_of_image, is_of_rootless
    from firmward.cli.workers import run_each
    from firmward.facts.lives import Lives
    from firmward.image.opening import TOP
    from firmward.model.memory import MemoryTree

    policy, rootless, bare = case.question.policy, not case.image.roots, _is_bare(case.image)
    checks = tuple(one for one in case.question.checks if is_of_image(one) or (rootless and is_of_rootless(one)))
    if bare:  # nothing can be said of what was not recognised, not even that something is absent
        checks = tuple(one for one in checks if one.id in supply.CHECKS and case.bills.components)
    draws, dates = _draws_chain(case) and not bare, _has_calendar(case) and rootless and not bare

    def judge(_: str) -> OfImage:
        collection = _collection(case, TOP, MemoryTree({}))
        wanted = families(checks) | {*(chain.FAMILIES if draws else ())} | {*((Lives,) if dates else ())}
        wanted |= _supply_families(case) if rootless else frozenset()
        facts = collection.facts(TOP, wanted)
        verdicts = _verdicts(case, checks, facts)
        return OfImage(
            verdicts,
            chain.of_image(facts, verdicts, policy.board if policy else None) if draws else None,
            facts.get(Lives) if dates else None,
            _kernels(case, checks, facts) if rootless else (),
            _supply(facts) if rootless and _lists_supply(case) else None,
        )

    def give_up(part: str, reason: str) -> OfImage:
        return OfImage(case.given_up(part, checks, reason))

    if not (checks or dates or (rootless and _lists_supply(case) and not _is_blank(case))):
        return OfImage()
    (answer,) = run_each(judge, (TOP,), 1, give_up, case.ends)
    return answer


def _is_bare(image: "Image") -> bool:
    """Whether nothing in it was recognised but bills of materials, which name components."""
    from firmward.image import bill
    from firmward.image.opening import UNEXPLAINED

    return all(part.kind in (*UNEXPLAINED, bill.KIND) for part in image.parts)


def _is_blank(case: Case) -> bool:
    """Whether nothing was recognised at all."""
    return _is_bare(case.image) and not case.bills.components


def _root_checks(case: Case) -> "tuple[Check, ...]":
    from firmward.audit.engine import is_of_image

    return tuple(check for check in case.question.checks if not is_of_image(check))


def _of_root(root: "Root", case: Case, *, has_core: bool) -> Judged:
    """With `has_core` there is a core to spare for what reads every file."""
    from firmward.audit.engine import families

    collection = _collection(case, root.part.id, root.tree)
    with _collected_beside(collection, _heavy(collection, case.question) if has_core else (), case):
        # what is asked for is imported beside the search
        from firmward.audit import chain

        compared = _compared() if case.reading.inventory else ()
        checks, draws = _root_checks(case), _draws_chain(case)
        wanted = families(checks) | {*compared} | {*(chain.ROOT_FAMILIES if draws else ())} | _supply_families(case)
        facts = collection.facts(root.part.id, wanted)
        lives = _lives(facts) if _has_calendar(case) else None
    verdicts = _verdicts(case, checks, facts)
    links = chain.of_root(root.part, facts, verdicts) if draws else None
    kernels = _kernels(case, checks, facts)
    made_of = _with_digests(_supply(facts), root.tree, case) if _lists_supply(case) else None
    return Judged(verdicts, _kept(facts, compared) if compared else None, links, lives, kernels, made_of)


def _kernels(case: Case, checks: "Sequence[Check]", facts: "Facts") -> "tuple[KernelStanding, ...]":
    from firmward.audit import kernel
    from firmward.facts.kernel_command_line import KernelCommandLine
    from firmward.facts.kernel_config import KernelConfigs

    asked = any(check.id == kernel.CHECK for check in checks)
    if not asked:
        return ()
    return kernel.standings(facts.get(KernelConfigs), facts.get(KernelCommandLine), case.question.policy)


def _supply_families(case: Case) -> frozenset[type]:
    from firmward.facts.components import Components
    from firmward.facts.vulnerabilities import Vulnerabilities

    return frozenset((Components, Vulnerabilities)) if _lists_supply(case) else frozenset()


def _supply(facts: "Facts") -> "Found":
    from firmward.audit.supply import Found
    from firmward.facts.components import Components
    from firmward.facts.vulnerabilities import Vulnerabilities

    return Found(facts.get(Components), facts.get(Vulnerabilities))


def _with_digests(found: "Found", tree: "Tree", case: Case) -> "Found":
    """For a document, which wants them."""
    from firmward.cli.component_digests import digested
    from firmward.facts.components import Components

    if not (case.question.lists and isinstance(found.components, Components)):
        return found
    components = digested(found.components.found, tree, case.deadline.at)
    return replace(found, components=replace(found.components, found=components))


def _lives(facts: "Facts") -> "Lives | None | Unknown":
    """What the checks that are asked have read."""
    from firmward.facts.lives import Lives

    return facts.get(Lives)


def _collection(case: Case, here: str, tree: "Tree") -> "Collection":
    from firmward.facts.collection import Collection
    from firmward.image.words import FastWordSearch

    parts, question = case.parts(here), case.question
    known = question.lifecycle, question.advisories, case.bills
    return Collection(tree, case.source, case.deadline.running, parts, FastWordSearch(), *known)


def _verdicts(case: Case, checks: "Sequence[Check]", facts: "Facts") -> "tuple[Verdict, ...]":
    from firmward.audit.engine import judge

    def verdict(check: "Check") -> "Verdict":
        try:
            with case.deadline.running():
                return judge(check, facts, case.question.policy, case.question.clock)
        except (Unavailable, OutOfTime) as reason:
            return _unknown(check, str(reason))

    return tuple(verdict(check) for check in checks)


def _heavy(collection: "Collection", question: "Question") -> tuple[type, ...]:
    """What reads every file and is asked for; all of it when every check is, which are then not imported for it."""
    from firmward.audit.engine import families
    from firmward.facts.collection import heavy

    return collection.needed(families(question.checks), heavy()) if question.wanted else heavy()


def _compared() -> tuple[type, ...]:
    from firmward.audit.drift import FAMILIES

    return FAMILIES


def _kept(facts: "Facts", compared: tuple[type, ...]) -> "PartFacts":
    from firmward.audit.drift import snapshots
    from firmward.model.side import PartFacts

    return PartFacts(facts.subject, snapshots(facts, compared))


@contextmanager
def _collected_beside(collection: "Collection", heavy: Sequence[type], case: Case) -> Iterator[None]:
    """These families come from a process of their own; without one they are unknown."""
    from firmward.cli.workers import at_work
    from firmward.model.facts import Unknown

    if not heavy:
        yield
        return

    def collected() -> dict[type, object]:
        return {family: collection.get(family) for family in heavy}

    def lost(reason: str) -> dict[type, object]:
        return {family: Unknown(f"{family.__name__}: {reason}") for family in heavy}

    def answer(family: type) -> Callable[[], object]:
        return lambda: wait()[family]

    with at_work(collected, lost, case.ends) as wait:
        for family in heavy:
            collection.expect(family, answer(family))
        yield


def _unknown(check: "Check", reason: str) -> "Verdict":
    from firmward.audit.engine import Verdict
    from firmward.model.finding import Outcome

    return Verdict(check, Outcome.UNKNOWN, reason)
