"""What a kernel's configuration decides of its flaws: code that was not built cannot be attacked.

Such a vulnerability becomes VEX `not_affected / code_not_present` with the words of why, and is never dropped. What is
built, or cannot be told, is left for a person: `in_triage`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from firmward.model.vulnerability import Vex, VexState, Vulnerability

Judge = Callable[[Sequence[str]], Vex | None]
"""The decision on a flaw by its source files: None unless it is certain that none of them was built."""
LEFT = "by the configuration its code may be built"
BY = "firmward"


def decided(vulnerabilities: Iterable[Vulnerability], judge: Judge, on: date | None = None) -> Iterator[Vulnerability]:
    """The vulnerabilities of a kernel, all of them, each with a state."""
    left = Vex(VexState.IN_TRIAGE, detail=LEFT, by=BY, decided=on)
    for one in vulnerabilities:
        vex = judge(one.files)
        yield replace(one, vex=left if vex is None else replace(vex, decided=on))
