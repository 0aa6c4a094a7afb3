"""The rollback floor: the lowest rollback index that this device may ever be given again."""

from typing import Protocol

HIGHEST = 4095
"""What a policy may declare (model/policy.py), and a boot loader keeps."""


class RollbackFloor(Protocol):
    @property
    def name(self) -> str:
        """What keeps it, for people."""
        ...

    @property
    def is_kept_apart(self) -> bool:
        """Whether a swapped or restored storage cannot lower it."""
        ...

    def read(self) -> int:
        """Raises DeviceError where that cannot be known now, TrustError where somebody has tampered with it."""
        ...

    def raise_to(self, index: int) -> None:
        """Never lowers it. Raises as `read`."""
        ...


def keeper(floor: RollbackFloor) -> str:
    """Who keeps it, and how well, for people."""
    weakness = "" if floor.is_kept_apart else ", which whoever swaps the storage can lower"
    return f"kept by {floor.name}{weakness}"
