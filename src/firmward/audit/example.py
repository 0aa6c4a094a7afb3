"""Put a check to its own example: what `explain`, the generated pages and the tests show."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date

from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.check import Check, Example
from firmward.model.clock import Clock
from firmward.model.location import Location
from firmward.model.memory import MemoryTree
from firmward.model.policy import parse_policy

CLOCK = Clock(date(2026, 11, 20))
"""Examples are judged on one day, so that what is said of them stays."""


def fact_lines(record: object, indent: str = "") -> Iterator[str]:
    """A record in words, a line a field, for examples that no small file shows."""
    yield f"{indent}{type(record).__name__}"
    for one in fields(record) if is_dataclass(record) and not isinstance(record, type) else ():
        value = getattr(record, one.name)
        inner = _several(value)
        if any(is_dataclass(each) and not isinstance(each, Location) for each in inner):
            yield f"{indent}  {one.name}:"
            for each in inner:
                yield from fact_lines(each, f"{indent}    ")
        elif value not in (None, (), "") and inner:
            yield f"{indent}  {one.name}: {', '.join(map(_told, inner))}"


def _several(value: object) -> tuple[object, ...]:
    """What stands in one field, in an order that stays."""
    if isinstance(value, Mapping):
        return tuple(f"{name}={value[name]}" for name in sorted(value))
    if isinstance(value, frozenset):
        return tuple(sorted(map(_told, value)))
    return value if isinstance(value, tuple) else (value,)


def _told(value: object) -> str:
    return (str(value) or value.part or "") if isinstance(value, Location) else str(value)


def judge_example(check: Check, example: Example) -> Verdict:
    collected = Collection(MemoryTree(example.files)).facts("example", families([check]))
    facts = replace(collected, families={**collected.families, **{type(record): record for record in example.facts}})
    policy = None if example.policy is None else parse_policy(example.policy)
    return judge(check, facts, policy, CLOCK)
