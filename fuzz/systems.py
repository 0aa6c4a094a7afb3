"""Broken configuration: the files of every check's examples, changed, and put to all collectors and checks.

What comes out of a collector is a record, None or Unknown with a reason; an internal error in a collector, an error in
a check, or an answer that takes longer than SLOW is a failure. The same seed gives the same systems.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from datetime import date

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import MemoryTree, Node
from firmward.model.policy import Policy, parse_policy

CLOCK = Clock(date(2026, 11, 20))
SLOW = 20.0
"""CPU seconds for one system that count as a hang."""

System = dict[str, Node]

MORSELS = (
    b"\0", b"\xff\xfe", b"\n", b"\\\n", b"{", b"}", b"(", b")", b"'", b'"', b"`", b"$(", b"${", b"$", b"\x1b[0m", b"*",
    b"#", b";", b"include *\n", b". $0\n", b"%", b"[x]", b"!", b"=", b"99999999999999999999", b"-1", b"<<EOF\n",
    b"source *\n", b"Include *\n", b"jump input\n", b"var.a += var.a\n", b'"\\' * 500, b"\n" * 5000, b" " * 5000,
    b"case $1 in", b"while :; do", b"0x", b"::", b"/dev/zero", b"../../..", "\u202e".encode(), b"A" * 5000,
)  # fmt: skip


def seeds() -> Iterator[tuple[System, Policy | None]]:
    for check in catalogue():
        for example in (*check.bad, *check.good):
            files = {path: item if isinstance(item, Node) else Node(item) for path, item in example.files.items()}
            yield files, None if example.policy is None else parse_policy(example.policy)


def changed(system: System, others: list[System], chance: random.Random) -> System:
    made = dict(system)
    if chance.random() < 0.3:
        made |= chance.choice(others)
    for path in chance.sample(sorted(made), k=min(len(made), chance.randint(1, 3))):
        made[path] = broken(made[path], chance)
    return made


def broken(node: Node, chance: random.Random) -> Node:
    kind = chance.random()
    if kind < 0.05:
        return Node(node.content, target=chance.choice(("/", ".", "/etc", "loop", "../" * 50)), kind=node.kind)
    content = bytearray(
        node.content.encode("utf-8", "surrogateescape") if isinstance(node.content, str) else node.content
    )
    for _ in range(chance.randint(1, 6)):
        place = chance.randint(0, len(content))
        action = chance.randint(0, 4)
        if action == 0:
            content[place:place] = chance.choice(MORSELS)
        elif action == 1:
            del content[place : place + chance.randint(1, 30)]
        elif action == 2:
            content[place:place] = content[max(0, place - chance.randint(1, 200)) : place] * chance.randint(1, 20)
        elif action == 3 and content:
            content[place % len(content)] = chance.randrange(256)
        else:
            content[place:place] = chance.randbytes(chance.randint(1, 20))
    return Node(bytes(content), node.mode, node.uid, node.gid, node.target, node.kind)


def failures(system: System, policy: Policy | None) -> Iterator[str]:
    started = time.process_time()
    checks = catalogue()
    facts = Collection(MemoryTree(system)).facts("fuzz", families(checks))
    for family, value in facts.families.items():
        if "internal error" in str(getattr(value, "reason", "")):
            yield f"{family.__name__}: {value}"
    for check in checks:
        verdict = judge(check, facts, policy, CLOCK)
        if verdict.outcome is Outcome.ERROR:
            yield f"{check.id}: {verdict.reason}"
    if time.process_time() - started > SLOW:
        yield f"took {time.process_time() - started:.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    known = list(seeds())
    others = [system for system, _ in known]
    until = time.monotonic() + options.seconds
    number = options.seed
    while time.monotonic() < until:
        chance = random.Random(number)
        system, policy = chance.choice(known)
        system = changed(system, others, chance)
        for failure in failures(system, policy):
            print(f"seed {number}: {failure}\n{ {path: node.content for path, node in system.items()} }")
            return 1
        number += 1
    print(f"systems: {number - options.seed} inputs, no failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
