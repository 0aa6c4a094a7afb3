"""A file that cannot be read, or is too large to be, never turns a failure into a pass."""

from collections.abc import Iterator, Mapping
from datetime import date

import pytest

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.check import Check, Example
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import parse_policy
from firmward.model.tree import Entry, Kind


class DamagedTree(MemoryTree):
    """A tree in which the content of one file is lost."""

    def __init__(self, files: Mapping[str, Content], lost: str) -> None:
        super().__init__(files)
        self._lost = lost

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        if entry.path == self._lost:
            raise Unavailable(f"{entry.path} is damaged")
        yield from super().chunks(entry)


CLOCK = Clock(date(2026, 11, 20))
LOSSES = [
    pytest.param(check, example, path.strip("/"), id=f"{check.id}-{number}-{path.strip('/')}")
    for check in catalogue()
    for number, example in enumerate(check.bad)
    for path in example.files
]


@pytest.mark.parametrize(("check", "example", "lost"), LOSSES)
def test_a_lost_file_makes_no_pass(check: Check, example: Example, lost: str) -> None:
    """What was found in other files may still be found; the rest is unknown."""
    tree = DamagedTree(example.files, lost)
    entry = tree.lstat(lost)
    if entry is None or entry.kind is not Kind.FILE:
        pytest.skip("no file")
    facts = Collection(tree).facts("example", families([check]))
    policy = None if example.policy is None else parse_policy(example.policy)
    verdict = judge(check, facts, policy, CLOCK)
    assert verdict.outcome in (Outcome.FAIL, Outcome.UNKNOWN), verdict.reason
