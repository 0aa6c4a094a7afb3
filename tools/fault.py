"""What a row of breakages is: `faults.py` runs the rows, the files `faults_*.py` hold them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`old` stands once in `file` below src/firmward and becomes `new`; `tests` must then fail."""

    file: str
    old: str
    new: str
    tests: str
    why: str
