"""Errors by who must act.

A message says what, where and what next; the command line prints it without a traceback. A finding is a record and
never an exception.
"""


class FirmwardError(Exception):
    """The root: whatever firmward raises on purpose."""


class InputError(FirmwardError):
    """The file, folder, policy or option given cannot be used: the caller must give another."""


class TrustError(FirmwardError):
    """A signature, role, threshold or date does not hold: refused."""


class DeviceError(FirmwardError):
    """A device or a link failed: try again."""


class ToolError(FirmwardError):
    """An outside program or optional library is missing: install it."""
