"""How a kernel was configured, in numbers: the record that reports carry."""

from dataclasses import dataclass

from firmward.model.location import Location


@dataclass(frozen=True, slots=True)
class KernelStanding:
    """Of one kernel, whose configuration stands `at`: of the options that are `asked` of its version and processor, how
    many are `as_wanted`, `left_out` by the profile of the policy, and of each severity not as wanted. `unknown` are
    those that the configuration says nothing of."""

    name: str
    at: Location
    architecture: str
    asked: int
    as_wanted: int
    left_out: int
    medium: int
    low: int
    info: int
    unknown: int

    @property
    def others(self) -> int:
        """Not as wanted, and left out by nobody."""
        return self.medium + self.low + self.info
