"""Findings of two builds: which are the same, which came, went or turned.

They are known by their fingerprints; where a part has another name in the other build, by check, key and path in the
part that it is paired with. One whose check has no verdict on the other side is out of sight there, and never mended.
"""

from collections.abc import Iterator, Mapping, Sequence

from firmward.audit.difference_record import FindingChange, FindingChanged
from firmward.audit.sight import NOT_ASKED, Sight
from firmward.model.report import Report, ReportedFinding


def finding_changes(old: Report, new: Report, paired: Mapping[str, str]) -> Iterator[FindingChange]:
    back = {theirs: mine for mine, theirs in paired.items()}
    olds, news = Sight(old), Sight(new)
    changes = []
    for was, now in _matched(old.findings, new.findings, paired):
        if was is None and now is not None:
            seen = _is_seen(olds.blind(now.check, _in_pair(now, back)), news.blind(now.check, _part_of(now)))
            changes.append(FindingChange(_came(now, seen=seen), None, now))
        elif now is None and was is not None:
            seen = _is_seen(news.blind(was.check, _in_pair(was, paired)), olds.blind(was.check, _part_of(was)))
            changes.append(FindingChange(_went(was, seen=seen), was, None))
        elif was is not None and now is not None and (changed := _turned(was, now)):
            changes.append(FindingChange(changed, was, now))
    kinds = list(FindingChanged)
    yield from sorted(
        changes,
        key=lambda change: (
            change.severity.rank,
            kinds.index(change.changed),
            change.finding.check,
            change.finding.key,
            change.finding.fingerprint,
        ),
    )


def _matched(
    old: Sequence[ReportedFinding], new: Sequence[ReportedFinding], paired: Mapping[str, str]
) -> Iterator[tuple[ReportedFinding | None, ReportedFinding | None]]:
    """Findings of both sides, None where a side has no such one. A check that broke is told as a check."""
    olds = [finding for finding in old if finding.outcome != "error"]
    news = [finding for finding in new if finding.outcome != "error"]
    for mine, theirs in (
        (lambda finding: finding.fingerprint, lambda finding: finding.fingerprint),
        (lambda finding: _identity(finding, paired), lambda finding: _identity(finding, None)),
        # a key is distinct in its part, and what it names may be told of another file
        (lambda finding: _identity(finding, paired)[:3], lambda finding: _identity(finding, None)[:3]),
    ):
        waiting: dict[object, list[ReportedFinding]] = {}
        for finding in reversed(news):
            waiting.setdefault(theirs(finding), []).append(finding)
        left = []
        for finding in olds:
            same = waiting.get(mine(finding))
            if same:
                yield finding, same.pop()
            else:
                left.append(finding)
        olds, news = left, [finding for several in waiting.values() for finding in reversed(several)]
    yield from ((finding, None) for finding in olds)
    yield from ((None, finding) for finding in news)


def _identity(finding: ReportedFinding, paired: Mapping[str, str] | None) -> tuple[str | None, ...]:
    part = finding.at.part if finding.at else None
    there = part if paired is None or part is None else paired.get(part)
    return (finding.check, finding.key, there, finding.at.path if finding.at else None)


def _is_seen(there: str | None, here: str | None) -> bool:
    """Whether a check would have found it on the other side too: it looked at everything there, or at all but the same
    as here."""
    return there is None or (there == here and there != NOT_ASKED)


def _part_of(finding: ReportedFinding) -> str | None:
    return finding.at.part if finding.at else None


def _in_pair(finding: ReportedFinding, paired: Mapping[str, str]) -> str | None:
    return paired.get(finding.at.part) if finding.at and finding.at.part else None


def _came(now: ReportedFinding, *, seen: bool) -> FindingChanged:
    if now.outcome == "accepted":
        return FindingChanged.NEW_ACCEPTED
    return FindingChanged.NEW if seen else FindingChanged.SEEN


def _went(was: ReportedFinding, *, seen: bool) -> FindingChanged:
    if not seen:
        return FindingChanged.UNSEEN
    return FindingChanged.DROPPED if was.outcome == "accepted" else FindingChanged.FIXED


def _turned(was: ReportedFinding, now: ReportedFinding) -> FindingChanged | None:
    if was.outcome != now.outcome:
        return FindingChanged.ACCEPTED if now.outcome == "accepted" else FindingChanged.REOPENED
    if now.outcome == "accepted" or was.severity is now.severity:
        return None
    return FindingChanged.RAISED if now.severity.rank < was.severity.rank else FindingChanged.LOWERED
