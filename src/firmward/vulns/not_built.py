"""What a kernel's configuration decides of its flaws: code that was not built cannot be attacked.

Such a vulnerability becomes VEX `not_affected / code_not_present` with the words of why, and is never dropped. What is
built, or cannot be told, is left for a person: `in_triage`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from firmward.model.vulnerability import Justification, Vex, VexState, Vulnerability

BY = "firmward"


@dataclass(frozen=True, slots=True)
class Build:
    """Whether the source files of a flaw are `built`, None where that cannot be told, and the `reason` in words."""

    built: bool | None
    reason: str


NOBODY_TOLD = Build(None, "which of its source files this configuration builds is not known")


def decided(
    vulnerabilities: Iterable[Vulnerability], builds: Mapping[str, Build], on: date | None = None
) -> Iterator[Vulnerability]:
    """The vulnerabilities of a kernel, each with a state; those of which nothing is told are kept."""
    for one in vulnerabilities:
        build = builds.get(one.id, NOBODY_TOLD)
        if build.built is False:
            vex = Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, build.reason, BY, on)
        else:
            vex = Vex(VexState.IN_TRIAGE, detail=build.reason, by=BY, decided=on)
        yield replace(one, vex=vex)
