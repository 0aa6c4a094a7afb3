"""What configurations say of TLS: one record, filled by the programs' own families.

Names and values are as the programs' files write them, in lower case where the programs do not care. What a file does
not say stays None: the default is the library's, which may be right.
"""

from dataclasses import dataclass

from firmward.model.location import Location


@dataclass(frozen=True, slots=True)
class TlsSetting:
    """One option that decides what TLS of a program accepts; `section` is the block that it stands in."""

    program: str
    option: str
    value: str
    at: Location
    section: str | None = None
