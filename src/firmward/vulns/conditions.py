"""Whether what a claim requires beside its product is there: the AND of NVD's configurations.

One product of each group must be. What runs on Linux fulfils that; Windows and its like are never there. Another
component fulfils a condition by name and version. What is no software (CPE's part `h`), a system that is not known, or
anything while the other components are not known, cannot be told: the vulnerability is kept, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from firmward.model.component import Component
from firmward.vulns import ranges
from firmward.vulns.distribution import upstream
from firmward.vulns.names import Names, holds_everywhere, is_foreign, names
from firmward.vulns.ranges import Fit
from firmward.vulns.record import Product

SOFTWARE = "a"
SHOWN = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether the conditions may `hold`, and what is not known of them, in words."""

    holds: bool
    unknown: tuple[str, ...] = ()


class Surroundings:
    """The other components of the image. None where they are not known."""

    def __init__(self, components: Sequence[Component] | None) -> None:
        self._components = components
        self._found: dict[Product, bool | None] = {}

    @cached_property
    def _named(self) -> tuple[tuple[Names, str], ...]:
        return tuple((names(one), upstream(one)) for one in self._components or ())

    def fulfil(self, groups: Sequence[Sequence[Product]]) -> Condition:
        unknown: list[str] = []
        for group in groups:
            answers = [self._has(product) for product in group]
            if True in answers:
                continue
            if None not in answers:
                return Condition(False)
            doubtful = [one for one, answer in zip(group, answers, strict=True) if answer is None]
            unknown.append(" or ".join(dict.fromkeys(f"{one.vendor} {one.product}" for one in doubtful[:SHOWN])))
        return Condition(True, tuple(unknown))

    def _has(self, product: Product) -> bool | None:
        if self._components is None:
            return self._look(product)
        if product not in self._found:
            self._found[product] = self._look(product)
        return self._found[product]

    def _look(self, product: Product) -> bool | None:
        """None where it cannot be told."""
        if holds_everywhere(product):
            return True
        if is_foreign(product):
            return False
        if self._components is None:
            return None
        fits = [ranges.place(version, product).fit for called, version in self._named if called.mean(product)]
        if Fit.RANGE in fits or Fit.ANY in fits:
            return True
        if Fit.UNKNOWN in fits:
            return None
        return False if fits or product.part == SOFTWARE else None


NOTHING_KNOWN = Surroundings(None)
