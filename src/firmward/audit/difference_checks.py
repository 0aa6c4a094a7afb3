"""Checks of two builds whose outcome differs, part by part where both builds have the part."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from firmward.audit.difference_record import CheckChange
from firmward.audit.sight import same_blind_spot
from firmward.model.report import CheckResult, Report


def check_changes(old: Report, new: Report, paired: Mapping[str, str]) -> Iterator[CheckChange]:
    olds = {check.check: check for check in old.checks}
    news = {check.check: check for check in new.checks}
    changes: list[CheckChange] = []
    for name in sorted(olds.keys() | news.keys()):
        was, now = olds.get(name), news.get(name)
        known = now or was
        if known is None:
            continue
        changes += _outcomes(known, was, now, paired)
    severest = sorted(changes, key=lambda change: (change.severity.rank, change.check, change.part or ""))
    yield from severest


def _outcomes(
    known: CheckResult, was: CheckResult | None, now: CheckResult | None, paired: Mapping[str, str]
) -> Iterator[CheckChange]:
    over_all = CheckChange(
        known.check,
        known.title,
        known.severity,
        None,
        was.outcome if was else None,
        now.outcome if now else None,
        now.reason if now else None,
        was is not None and now is not None and same_blind_spot(was.outcome, was.reason, now.outcome, now.reason),
    )
    if was is None or now is None:
        yield over_all
        return
    theirs = {part.part: part for part in now.parts}
    both = [(part, theirs[paired[part.part]]) for part in was.parts if paired.get(part.part) in theirs]
    turned = [
        replace(
            over_all,
            part=there.part,
            was=here.outcome,
            now=there.outcome,
            reason=there.reason,
            was_blind=same_blind_spot(here.outcome, here.reason, there.outcome, there.reason),
        )
        for here, there in both
        if here.outcome is not there.outcome
    ]
    if turned:
        yield from turned
    elif was.outcome is not now.outcome:
        yield over_all
