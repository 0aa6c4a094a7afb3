"""A line of the kernel's configuration as it should be, with all that a maker needs to judge it."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.remedy import Safety


class Standing(StrEnum):
    """How the option is in the kernel that there is."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"
    """Nothing says."""


@dataclass(frozen=True, slots=True)
class AskedOption:
    """`key` is that of the finding, `option` and `value` as Kconfig writes them; the value is empty where only a person
    can tell. `why` says what is lost where it is not so, `advised` by whom, and what it costs. `also` goes off with it.
    `condition` says where Kconfig keeps it, in words. `left` is why the line is not written, empty where it is.
    """

    key: str
    option: str
    value: str
    why: str
    advised: str
    standing: Standing
    safety: Safety
    breaks: str = ""
    also: tuple[str, ...] = ()
    condition: str = ""
    left: str = ""
