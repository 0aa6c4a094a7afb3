"""What every form of a difference says alike: the verdict in a sentence, and each change in one line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

from firmward.audit.chain_words import TITLES
from firmward.audit.difference_record import (
    About,
    Blind,
    CheckChange,
    Difference,
    Direction,
    FactChange,
    FindingChange,
    FindingChanged,
    LinkChange,
    PartChange,
)
from firmward.audit.drift import Change, FieldChange
from firmward.audit.summary import plural
from firmward.audit.tree_difference import FileChange, Noted, TreeDifference
from firmward.facts.listeners import Listeners
from firmward.facts.startup import Startup
from firmward.model.finding import Severity
from firmward.model.report import Part

SERVICES, SOCKETS = Startup.__name__, Listeners.__name__

FINDING_WORDS = {
    FindingChanged.NEW: "new",
    FindingChanged.RAISED: "more severe",
    FindingChanged.REOPENED: "accepted no more",
    FindingChanged.SEEN: "new or not seen before",
    FindingChanged.FIXED: "fixed",
    FindingChanged.LOWERED: "less severe",
    FindingChanged.ACCEPTED: "now accepted",
    FindingChanged.NEW_ACCEPTED: "new, accepted",
    FindingChanged.UNSEEN: "out of sight",
    FindingChanged.DROPPED: "accepted, gone",
}
CHANGE_WORDS = {Change.APPEARED: "added", Change.VANISHED: "removed", Change.CHANGED: "changed"}
FAMILY_WORDS = {SERVICES: "what starts", SOCKETS: "sockets"}


class Mood(StrEnum):
    """Which way it went, for a colour and a sign."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    BLIND = "blind"
    """Nothing could be judged on a side."""


def link_words(change: LinkChange) -> tuple[str, str]:
    """Which link, and what became of it."""
    name = TITLES.get(change.link, change.link)
    return name, f"{change.was or 'not there'} → {change.now or 'not there'}: {change.why}"


def mood(difference: Difference) -> Mood:
    if not (_is_judged(difference.old) and _is_judged(difference.new)):
        return Mood.BLIND
    if grown(difference) or difference.lost:
        return Mood.WORSE
    directions = [change.direction for change in difference.findings]
    directions += [change.direction for change in difference.checks]
    return Mood.BETTER if Direction.BETTER in directions else Mood.SAME


def _is_judged(side: About) -> bool:
    return side.checks > side.unknown


def grown(difference: Difference) -> tuple[FindingChange, ...]:
    """The findings that got worse."""
    return tuple(change for change in difference.findings if change.direction is Direction.WORSE)


def headline(difference: Difference) -> str:
    """Which way it went, in one sentence."""
    worse = [*_severities(change.severity for change in grown(difference))]
    if difference.lost:
        worse.append(f"{plural(len({change.check for change in difference.lost}), 'check')} without a verdict now")
    better = _better(difference)
    if worse:
        return f"Worse: {', '.join(worse)}" + (f"; {better}" if better else "")
    if mood(difference) is Mood.BLIND:
        return "No verdict: a side could not be judged"
    if better:
        return f"Better: {better}"
    return "No difference" if difference.is_empty else "Nothing worse, nothing better"


def _severities(severities: Iterable[Severity]) -> Iterator[str]:
    counts = Counter(severities)
    named = [f"{counts[severity]} {severity}" for severity in Severity if counts[severity]]
    if named:
        yield f"{', '.join(named)} {plural(counts.total(), 'finding', number=False)} more"


def _better(difference: Difference) -> str:
    counts = Counter(change.changed for change in difference.findings)
    words = [
        f"{counts[kind]} {FINDING_WORDS[kind]}"
        for kind in (FindingChanged.FIXED, FindingChanged.LOWERED)
        if counts[kind]
    ]
    judged = {
        change.check
        for change in difference.checks
        if change.direction is Direction.BETTER and change.was is not None and change.was.value in ("unknown", "error")
    }
    if judged:
        words.append(f"{plural(len(judged), 'check')} judged now")
    return ", ".join(words)


def standing(difference: Difference) -> str:
    """How each side stands, beside which the differences are read."""
    old, new = difference.old, difference.new
    said = (
        f"Open findings: {old.open} before, {new.open} now. "
        f"Checks without a verdict: {old.unknown} of {old.checks} before, {new.unknown} of {new.checks} now."
    )
    return " ".join([said, *_incomplete("old", old), *_incomplete("new", new)])


def _incomplete(word: str, side: About) -> Iterator[str]:
    if not side.complete:
        yield f"The {word} build was not wholly looked at: {'; '.join(side.exhausted) or 'a budget ran out'}."


def about(side: About) -> str:
    return " · ".join(word for word in (side.name, side.product) if word)


def finding_words(change: FindingChange) -> str:
    words = FINDING_WORDS[change.changed]
    if change.was is not None and change.now is not None and change.was.severity is not change.now.severity:
        words += f", was {change.was.severity}"
    return words


def check_words(change: CheckChange) -> str:
    """`pass → unknown in rootfs_a: its reason`."""
    where = f" in {change.part}" if change.part else ""
    reason = f": {change.reason}" if change.reason and change.lost_verdict else ""
    return f"{change.was or 'not asked'} → {change.now or 'not asked'}{where}{reason}"


def turned(difference: Difference) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The checks with another outcome that kept or got a verdict, or were not asked: `fail → pass`, and which."""
    groups: dict[str, dict[str, None]] = {}
    for change in difference.checks:
        if not change.lost_verdict:
            turn = f"{change.was or 'not asked'} → {change.now or 'not asked'}"
            groups.setdefault(turn, {})[change.check] = None
    return tuple((turn, tuple(sorted(checks))) for turn, checks in sorted(groups.items()))


def part_words(change: PartChange) -> tuple[str, str]:
    """What came of a part, and of which."""
    if change.was is None and change.now is not None:
        return "added", f"{change.now.id} ({_kind(change.now)})"
    if change.now is None and change.was is not None:
        return "removed", f"{change.was.id} ({_kind(change.was)})"
    if change.was is None or change.now is None:
        return "", ""
    return "changed", f"{change.now.id}: {'; '.join(_part_fields(change.was, change.now, change.differs))}"


def _kind(part: Part) -> str:
    return part.kind + (f", {part.role}" if part.role != "other" and part.role != part.kind else "")


def _part_fields(was: Part, now: Part, differs: Iterable[str]) -> Iterator[str]:
    for name in differs:
        if name == "content":
            yield "other content"
        elif name == "problem":
            yield f"now readable (was: {was.problem})" if now.problem is None else f"not read: {now.problem}"
        elif name == "same_as":
            yield f"the same as {now.same_as}" if now.same_as else f"no longer the same as {was.same_as}"
        elif name == "size":
            yield f"{_bytes(was.size)} → {_bytes(now.size)}"
        else:
            yield f"{name} {getattr(was, name)} → {getattr(now, name)}"


def _bytes(count: int | None) -> str:
    return "size not known" if count is None else f"{count} bytes"


def fact_words(change: FactChange) -> tuple[str, str]:
    """What came of a service or socket, and its words."""
    one = change.drift
    fields = {field.name: field.now if field.now is not None else field.was for field in one.fields}
    if one.change is Change.CHANGED:
        return "changed", f"{one.key}: {'; '.join(map(_field, one.fields))}"
    if one.family == SOCKETS:
        said = {Change.APPEARED: "opened", Change.VANISHED: "closed"}[one.change]
        where = fields.get("address") or "all addresses"
        speaks = f", {fields['speaks']}" if fields.get("speaks", "unknown") != "unknown" else ""
        return said, f"{one.key} by {fields.get('program')} on {where}{speaks}"
    if one.family == SERVICES:
        said = {Change.APPEARED: "starts", Change.VANISHED: "starts no more"}[one.change]
        who = f"as {fields['user']}, " if fields.get("user") else ""
        return said, f"{one.key} ({who}{fields.get('manager')}, {fields.get('start')}): {fields.get('argv')}"
    return CHANGE_WORDS[one.change], one.key


def _field(field: FieldChange) -> str:
    name = {"argv": "command"}.get(field.name, field.name)
    return f"{name} {field.was or 'none'} → {field.now or 'none'}"


def blind_words(one: Blind) -> str:
    lost = " any more" if one.lost else ""
    return f"{FAMILY_WORDS.get(one.family, one.family)} cannot be compared{lost} in {one.part}: {one.reason}"


def tree_words(tree: TreeDifference) -> str:
    counts = [f"{tree.added} added", f"{tree.removed} removed", f"{tree.changed} changed"]
    said = ", ".join(counts)
    grown = tree.bytes_new - tree.bytes_old
    if grown:
        said += f"; files {abs(grown)} bytes {'larger' if grown > 0 else 'smaller'} in all"
    if tree.unread:
        said += (
            f"; {plural(tree.unread, 'file')} could not be read and {'is' if tree.unread == 1 else 'are'} not compared"
        )
    return said


def noted_words(noted: Noted, shown: int) -> str:
    """The paths of one kind of change, as many as are shown."""
    paths = ", ".join(f"/{path}" for path in noted.paths[:shown])
    more = noted.count - min(shown, len(noted.paths))
    return paths + (f" and {more} more" if more else "")


def file_words(change: FileChange) -> str:
    state = change.now or change.was
    if change.was is None or change.now is None:
        return "" if state is None or state.kind == "file" else str(state.kind)
    return ", ".join(_file_field(change, name) for name in change.differs)


def _file_field(change: FileChange, name: str) -> str:
    was, now = change.was, change.now
    if was is None or now is None:
        return name
    match name:
        case "mode":
            return f"mode {was.mode:04o} → {now.mode:04o}"
        case "owner":
            return f"owner {was.uid}:{was.gid} → {now.uid}:{now.gid}"
        case "target":
            return f"link {was.target} → {now.target}"
        case "type":
            return f"{was.kind} → {now.kind}"
        case "content" if was.size != now.size:
            return f"content, {was.size} → {now.size} bytes"
    return name
