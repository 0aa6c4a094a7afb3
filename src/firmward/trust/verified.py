"""What was verified, as a type: who needs it cannot be given anything else."""

from dataclasses import dataclass
from typing import Generic, TypeVar, final

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True)
class Verified(Generic[T]):
    """Made where signatures are verified (trust/client.py) and nowhere else; a test reads every call. `signed_by` are
    the ids of keys that stood for it."""

    value: T
    signed_by: frozenset[str]
