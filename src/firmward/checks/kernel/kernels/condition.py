"""What must be so of a kernel's configuration for something to be asked, or to count."""

from collections.abc import Callable
from dataclasses import dataclass

from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown


@dataclass(frozen=True, slots=True)
class Condition:
    """`holds` is unknown where the configuration does not say, or is of a kernel whose version is not known; `text` is
    the condition in words."""

    holds: Callable[[KernelOptions], bool | Unknown]
    text: str

    def __call__(self, options: KernelOptions) -> bool | Unknown:
        return self.holds(options)
