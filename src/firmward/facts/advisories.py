"""What is known of vulnerabilities, as a collection is given it: dated knowledge that no image shows.

This one knows nothing, and says which command helps. A host with a database gives its own (vulns/advisories.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.reach import Way
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.component import Component
from firmward.model.facts import Unknown
from firmward.model.vulnerability import KnownVulnerabilities

ABSENT = "there are no data of vulnerabilities on this machine: firmward vulns update gets them"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else decides whether a vulnerability counts, and how much: the `ways` to each component by its ref, the
    kernels' options (`configs`), and the `modules` that the image has."""

    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)
    configs: KernelConfigs | None = None
    modules: ShippedModules | None = None


class Advisories:
    """Asked for what applies to components."""

    @property
    def places(self) -> tuple[Path, ...]:
        """The files that it reads, which a cage must let it."""
        return ()

    def known(self, components: Sequence[Component], surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        del components, surroundings
        return Unknown(ABSENT)
