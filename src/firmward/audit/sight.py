"""Where a report's checks looked to the end: what they do not find there is not there."""

from firmward.model.finding import Outcome
from firmward.model.report import CheckResult, Report

WITHOUT_VERDICT = (Outcome.UNKNOWN, Outcome.ERROR)
NOT_ASKED = "was not asked"


class Sight:
    """Where a report's checks looked to the end: what they do not find there is not there."""

    def __init__(self, report: Report) -> None:
        self._over_all = {check.check: _blind(check) for check in report.checks}
        self._in_part = {
            (check.check, part.part): blind_spot(part.outcome, part.reason)
            for check in report.checks
            for part in check.parts
        }

    def blind(self, check: str, part: str | None) -> str | None:
        """Why a check did not look at all of a part; over all, where it says nothing of that part."""
        over_all = self._over_all.get(check, NOT_ASKED)
        return over_all if part is None else self._in_part.get((check, part), over_all)


def _blind(check: CheckResult) -> str | None:
    spots = [blind_spot(part.outcome, part.reason) for part in check.parts]
    return blind_spot(check.outcome, check.reason) or next((spot for spot in spots if spot is not None), None)


def blind_spot(outcome: Outcome, reason: str | None) -> str | None:
    """Why a check could not look at everything; None if it could. One that failed and gives a reason could not."""
    if outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        return None
    return reason if outcome is Outcome.FAIL else reason or outcome.value


def same_blind_spot(was: Outcome, was_reason: str | None, now: Outcome, now_reason: str | None) -> bool:
    """Whether a check could not look at something then, and cannot look at the same now."""
    spot = blind_spot(was, was_reason)
    return spot is not None and spot == blind_spot(now, now_reason)
