"""One system and what an engineer who knows it would say of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from firmward.model.memory import Content

Found = tuple[str, str | None]
"""A check and how its finding's key begins; None where any key will do."""

SUPPORT = '\n[support]\nuntil = 2028-04-30\nafter = "warn"\n[device]\nproduct = "sample"\nversion = "1"\n'
"""What every maker has declared, whatever else."""


@dataclass(frozen=True)
class System:
    """`found` must be found; `unknown` are the checks that may not be decided, and then must not be."""

    name: str
    files: Mapping[str, Content]
    found: tuple[Found, ...] = ()
    policy: str = ""
    nothing_else: bool = True
    unknown: tuple[str, ...] = ()
