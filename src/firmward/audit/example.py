"""Put a check to its own example: what `explain`, the generated pages and the tests show."""

from dataclasses import replace
from datetime import date

from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.check import Check, Example
from firmward.model.clock import Clock
from firmward.model.memory import MemoryTree
from firmward.model.policy import parse_policy

CLOCK = Clock(date(2026, 11, 20))
"""Examples are judged on one day, so that what is said of them stays."""


def judge_example(check: Check, example: Example) -> Verdict:
    collected = Collection(MemoryTree(example.files)).facts("example", families([check]))
    facts = replace(collected, families={**collected.families, **{type(record): record for record in example.facts}})
    policy = None if example.policy is None else parse_policy(example.policy)
    return judge(check, facts, policy, CLOCK)
