"""What changed from one build to the next: findings, checks, parts, files, services and sockets.

What nobody could look at has neither gone nor come: a finding whose check has no verdict on the other side is out of
sight there, and never mended. A check that loses its verdict is worse, since it may hide whatever it asks about.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from firmward.audit.difference_checks import check_changes
from firmward.audit.difference_findings import finding_changes
from firmward.audit.difference_record import About, Blind, Difference, FactChange, LinkChange, PartChange
from firmward.audit.drift import Drift, drift
from firmward.audit.part_pairs import pairs
from firmward.audit.redact import redact, redacted
from firmward.audit.tree_difference import Manner, TreeDifference, tree_difference
from firmward.model.inventory import Inventory
from firmward.model.report import Part, Report
from firmward.model.side import Side

UNOWNED = "foreign"
"""The kind of a part that another program unpacked: its owners and modes are not the image's."""


def difference(old: Side, new: Side, manner: Manner | None = None) -> Difference:
    """Everything that changed from an old build to a new one. Raises InputError for inventories that are none."""
    paired = pairs(old.report.parts, new.report.parts)
    trees = _trees(old, new, paired, manner or Manner())
    facts, blind = _facts(old, new, paired)
    return redacted(
        Difference(
            about(old.report),
            about(new.report),
            tuple(finding_changes(old.report, new.report, paired)),
            tuple(check_changes(old.report, new.report, paired)),
            tuple(_parts(old, new, paired)),
            trees,
            facts,
            blind,
            tuple(_notes(old, new, paired)),
            tuple(_links(old.report, new.report)),
        )
    )


def about(report: Report) -> About:
    return About(
        report.subject.name,
        report.subject.digest,
        report.product,
        report.version,
        report.budget.complete,
        report.budget.exhausted,
        sum(1 for finding in report.findings if finding.outcome == "fail"),
        report.unknown,
        len(report.checks),
    )


def _links(old: Report, new: Report) -> Iterator[LinkChange]:
    """Of two chains that were drawn, where they differ."""
    if not old.chain or not new.chain:
        return
    before, after = ({link.link: link for link in report.chain} for report in (old, new))
    for name in dict.fromkeys((*after, *before)):
        was, now = before.get(name), after.get(name)
        states = tuple(None if link is None else link.state for link in (was, now))
        if states[0] is not states[1]:
            told = now or was
            why = told.evidence[0].says if told is not None and told.evidence else ""
            yield LinkChange(name, states[0], states[1], why)


def _parts(old: Side, new: Side, paired: Mapping[str, str]) -> Iterator[PartChange]:
    theirs = {part.id: part for part in new.report.parts}
    olds, news = ({redact(id_): digest for id_, digest in side.blobs} for side in (old, new))
    for was in old.report.parts:
        now = theirs.get(paired.get(was.id, ""))
        differs = () if now is None else tuple(_part_differs(was, now))
        if now is not None and was.id in olds and now.id in news and olds[was.id] != news[now.id]:
            differs = (*differs, "content")
        if now is None or differs:
            yield PartChange(was, now, differs)
    taken = set(paired.values())
    yield from (PartChange(None, part) for part in new.report.parts if part.id not in taken)


def _part_differs(was: Part, now: Part) -> Iterator[str]:
    """What a person would see: where a part lies changes with every build."""
    if was.kind != now.kind:
        yield "kind"
    if was.role is not now.role:
        yield "role"
    if was.size != now.size and was.parent is not None:
        yield "size"
    if (was.problem is None) is not (now.problem is None):
        yield "problem"
    if (was.same_as is None) is not (now.same_as is None):
        yield "same_as"


def _trees(old: Side, new: Side, paired: Mapping[str, str], manner: Manner) -> tuple[TreeDifference, ...] | None:
    if old.inventories is None or new.inventories is None:
        return None
    olds, news = _inventories(old.report, old.inventories), _inventories(new.report, new.inventories)
    kinds = {part.id: part.kind for part in (*old.report.parts, *new.report.parts)}
    done: dict[tuple[str, str], None] = {}
    for mine, theirs in paired.items():
        if mine in olds and theirs in news:
            done[olds[mine].part, news[theirs].part] = None
    by_id = {redact(one.part): one for one in old.inventories}, {redact(one.part): one for one in new.inventories}
    found = []
    for was, now in done:
        owned = UNOWNED not in (kinds.get(redact(was)), kinds.get(redact(now)))
        each = replace(manner, owners=owned)
        found.append(tree_difference(by_id[0][redact(was)], by_id[1][redact(now)], each))
    return tuple(found)


def _inventories(report: Report, known: Iterable[Inventory]) -> dict[str, Inventory]:
    """By the id of a part; an equal part has that of the one which was read."""
    own = {redact(inventory.part): inventory for inventory in known}
    same = {part.id: own[part.same_as] for part in report.parts if part.same_as in own}
    return own | {id_: inventory for id_, inventory in same.items() if id_ not in own}


def _facts(old: Side, new: Side, paired: Mapping[str, str]) -> tuple[tuple[FactChange, ...], tuple[Blind, ...]]:
    theirs = {redact(one.part): one for one in new.facts}
    changes: list[FactChange] = []
    blind: list[Blind] = []
    for was in old.facts:
        now = theirs.get(_judged_as(new.report, paired.get(redact(was.part), "")))
        if now is None:
            continue
        for one in drift(was.snapshots, now.snapshots):
            if isinstance(one, Drift):
                changes.append(FactChange(now.part, one))
            else:
                blind.append(Blind(now.part, one.family, one.reason, one.lost))
    return tuple(changes), tuple(blind)


def _judged_as(report: Report, id_: str) -> str:
    """An equal part's facts are those of the one that was judged."""
    return next((part.same_as for part in report.parts if part.id == id_ and part.same_as), id_)


def _notes(old: Side, new: Side, paired: Mapping[str, str]) -> Iterator[str]:
    if old.inventories is None or new.inventories is None:
        sides = [word for word, side in (("old", old), ("new", new)) if side.inventories is None]
        yield (
            f"Files, services and sockets were not compared: of the {' and the '.join(sides)} build only a report is "
            "at hand."
        )
    if old.report.version != new.report.version:
        yield (
            f"The reports are by different versions of firmward ({old.report.version}, {new.report.version}), whose "
            "checks may judge differently."
        )
    if old.report.product != new.report.product and None not in (old.report.product, new.report.product):
        yield f"The policy was declared for {old.report.product}, now for {new.report.product}."
    if not paired:
        yield "No part of the old build is known again in the new one."
