"""What frozen dataclasses are on a device, where `dataclasses` itself costs more to load than all else together.

Nobody writes these by hand: a build writes `@dataclass(frozen=True, slots=True)` out as classes of this kind
(build/client/written_out.py), which behave alike in what is offered here.
"""

from typing import TypeVar


class Record:
    """Its fields are the names in `__match_args__`."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def _values(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        fields = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__match_args__])
        return f"{self.__class__.__qualname__}({fields})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete field {name!r}")


R = TypeVar("R", bound=Record)


def replace(record: R, **changes: object) -> R:
    """The same with other values of some fields."""
    kept = {name: getattr(record, name) for name in record.__match_args__ if name not in changes}
    return record.__class__(**kept, **changes)
