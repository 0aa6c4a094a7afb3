"""Time comes in as an argument."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Clock:
    """The day on which a subject is judged, in UTC."""

    today: date
