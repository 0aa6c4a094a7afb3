"""Exit codes, by what a call came to."""

from firmward.model.errors import DeviceError, FirmwardError, TrustError
from firmward.update.outcome import CURRENT, INSTALLED, REFUSED, UNKNOWN, UPDATE

CODES = {CURRENT: 0, UPDATE: 10, INSTALLED: 11, REFUSED: 1, UNKNOWN: 3}
WRONG = 2


def code_of(error: FirmwardError) -> int:
    if isinstance(error, TrustError):
        return CODES[REFUSED]
    return CODES[UNKNOWN] if isinstance(error, DeviceError) else WRONG
