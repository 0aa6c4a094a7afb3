"""The words of OpenVEX and CSAF beside those of CycloneDX.

Both have the five justifications that CISA's working group agreed on (Status Justifications, June 2022), where
CycloneDX has nine. A row is exact where both mean the same; of the others the format's word is the nearest that is
still true, and the word of CycloneDX goes into the text beside it (`statement.marked`).
"""

from dataclasses import dataclass

from firmward.model.vulnerability import Justification, VexState

COMPONENT_NOT_PRESENT = "component_not_present"
CODE_NOT_PRESENT = "vulnerable_code_not_present"
NOT_IN_PATH = "vulnerable_code_not_in_execute_path"
NOT_CONTROLLED = "vulnerable_code_cannot_be_controlled_by_adversary"
MITIGATED = "inline_mitigations_already_exist"


@dataclass(frozen=True, slots=True)
class Reason:
    """CycloneDX' `justification`, the `word` of the others for it, and whether both mean the same."""

    justification: Justification
    word: str
    is_exact: bool = False


REASONS = (
    Reason(Justification.CODE_NOT_PRESENT, CODE_NOT_PRESENT, is_exact=True),
    Reason(Justification.CODE_NOT_REACHABLE, NOT_IN_PATH, is_exact=True),
    # an option that is off, or a library that is not there, keeps the code from being run
    Reason(Justification.REQUIRES_CONFIGURATION, NOT_IN_PATH),
    Reason(Justification.REQUIRES_DEPENDENCY, NOT_IN_PATH),
    # the code runs, and whoever attacks does not get to it with what it takes
    Reason(Justification.REQUIRES_ENVIRONMENT, NOT_CONTROLLED),
    Reason(Justification.PROTECTED_AT_PERIMETER, NOT_CONTROLLED),
    Reason(Justification.PROTECTED_BY_COMPILER, MITIGATED),
    Reason(Justification.PROTECTED_AT_RUNTIME, MITIGATED),
    Reason(Justification.PROTECTED_BY_MITIGATING_CONTROL, MITIGATED, is_exact=True),
)
BY_JUSTIFICATION = {reason.justification: reason for reason in REASONS}
BY_WORD = {reason.word: reason.justification for reason in REASONS if reason.is_exact} | {
    COMPONENT_NOT_PRESENT: Justification.CODE_NOT_PRESENT,
    NOT_CONTROLLED: Justification.CODE_NOT_REACHABLE,
}
"""What a word is read as, where no word of CycloneDX stands beside it."""
INEXACT = (COMPONENT_NOT_PRESENT, NOT_CONTROLLED)
"""Words that are read as something else than they say; they are kept in the text."""

AFFECTED, NOT_AFFECTED, FIXED, INVESTIGATED = "affected", "not_affected", "fixed", "under_investigation"
STATUS = {
    VexState.EXPLOITABLE: AFFECTED,
    VexState.IN_TRIAGE: INVESTIGATED,
    VexState.RESOLVED: FIXED,
    VexState.FALSE_POSITIVE: NOT_AFFECTED,
    VexState.NOT_AFFECTED: NOT_AFFECTED,
}
"""OpenVEX' status; a false positive is not affected, and says so in the text."""
STATES = {
    AFFECTED: VexState.EXPLOITABLE,
    NOT_AFFECTED: VexState.NOT_AFFECTED,
    FIXED: VexState.RESOLVED,
    INVESTIGATED: VexState.IN_TRIAGE,
}
NO_WORDS = "No reason was given."
NO_ACTION = "No action was decided on."
"""What stands where a format wants a text, and nobody gave one."""
