"""Where something was read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a subject. Collectors know path and line; the engine adds the part.

    `path` is relative to the part's root without a leading slash; `line` counts from 1; `offset` is in bytes.
    """

    path: str | None = None
    line: int | None = None
    offset: int | None = None
    part: str | None = None

    def __str__(self) -> str:
        place = self.path if self.path is not None else ""
        if self.line is not None:
            place += f":{self.line}"
        if self.offset is not None:
            place += f"@0x{self.offset:x}"
        return place
