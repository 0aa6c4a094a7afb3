"""A decision as the status, the justification and the texts that OpenVEX and CSAF have alike, and back."""

from dataclasses import dataclass

from firmward.model.vulnerability import Vex, VexState, Vulnerability
from firmward.vulns.sbom.writing import written
from firmward.vulns.vex import statement, words
from firmward.vulns.vex.statement import Decided


@dataclass(frozen=True, slots=True)
class Said:
    """What both formats say: a `status`, and a `justification` and an `impact`, or an `action`, or a `note`, each empty
    where it is not said."""

    status: str
    justification: str = ""
    impact: str = ""
    action: str = ""
    note: str = ""


def said(one: Decided) -> Said:
    vex = one.vex
    detail = written(vex.detail)
    if vex.state is VexState.FALSE_POSITIVE:
        return Said(words.NOT_AFFECTED, impact=statement.marked(vex.state.value, detail))
    if vex.state is VexState.NOT_AFFECTED:
        return _unaffected(vex, detail)
    if vex.state is VexState.EXPLOITABLE:
        return Said(words.AFFECTED, action=_action(one.vulnerability, detail), note=detail)
    return Said(words.STATUS[vex.state], note=detail)


def _unaffected(vex: Vex, detail: str) -> Said:
    if vex.justification is None:
        return Said(words.NOT_AFFECTED, impact=detail or words.NO_WORDS)
    reason = words.BY_JUSTIFICATION[vex.justification]
    impact = detail if reason.is_exact else statement.marked(reason.justification.value, detail)
    return Said(words.NOT_AFFECTED, reason.word, impact)


def _action(vulnerability: Vulnerability, detail: str) -> str:
    return written(vulnerability.do) or detail or words.NO_ACTION


def understood(found: Said) -> Vex:
    """The decision again."""
    state = words.STATES[found.status]
    if state is not VexState.NOT_AFFECTED:
        detail = found.note or (found.action if found.action != words.NO_ACTION else "")
        return Vex(state, detail=detail)
    mark, detail = statement.unmarked(found.impact)
    if statement.state(mark) is VexState.FALSE_POSITIVE:
        return Vex(VexState.FALSE_POSITIVE, detail=detail)
    justification = statement.justification(mark)
    if justification is None:
        mark, detail = "", found.impact
        justification = words.BY_WORD.get(found.justification)
        if found.justification in words.INEXACT:
            detail = statement.marked(found.justification, detail)
    return Vex(state, justification, "" if detail == words.NO_WORDS else detail)
