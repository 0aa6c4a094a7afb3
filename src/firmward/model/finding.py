"""One problem found by one check."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location
from firmward.model.remedy import Remedy


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info."""
        return list(Severity).index(self)


class Outcome(StrEnum):
    """In the words of XCCDF."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    FAIL = "fail"
    NOT_APPLICABLE = "notapplicable"
    UNKNOWN = "unknown"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check yields.

    `key` is stable within the check over builds (account, port, path, row), never a line number. `severity` overrides
    the check's usual one where facts make it better or worse. `evidence` is the text that was read, one line, never a
    secret.
    """

    key: str
    message: str
    at: Location | None = None
    remedy: Remedy | None = None
    severity: Severity | None = None
    evidence: str | None = None
