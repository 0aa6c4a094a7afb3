"""Configuration that is no configuration: huge, binary, in other encodings, leading to itself."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from systems import alpine, debian, openwrt, vendor, yocto
from systems.row import System

from firmward.audit.catalogue import catalogue
from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree, Node
from firmward.model.policy import parse_policy
from firmward.model.tree import Entry, Kind

HUGE = 100 << 20
"""Bytes of one file."""
SLOW = 20.0
"""CPU seconds for one small system that count as a hang."""
SYSTEMS = [
    pytest.param(module.SYSTEMS[0], id=module.__name__.rpartition(".")[2])
    for module in (alpine, debian, openwrt, vendor, yocto)
]


GROWN = ("etc/passwd", "etc/shadow", "etc/inittab", "etc/init.d/iptables", "etc/iptables/rules-save", "etc/rauc/ca.pem")


class HugeTree(MemoryTree):
    """Some files go on for 100 MB with their own lines."""

    def __init__(self, system: System) -> None:
        super().__init__(system.files)
        self._entries = {path: self._grown(entry) for path, entry in self._entries.items()}

    def _grown(self, entry: Entry) -> Entry:
        if entry.path not in GROWN:
            return entry
        return Entry(entry.path, entry.kind, entry.mode, entry.uid, entry.gid, HUGE)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        if entry.size != HUGE:
            yield from super().chunks(entry)
            return
        content = self._contents[entry.path]
        piece = content * ((1 << 20) // len(content) + 1)
        for _ in range(HUGE // len(piece) + 1):
            yield piece


def rubbish(content: bytes) -> bytes:
    return random.Random(len(content)).randbytes(4096)


def mixed(content: bytes) -> bytes:
    """A mark of order, UTF-16, Latin-1 and UTF-8 in one file."""
    half = len(content) // 2
    return b"\xff\xfe" + content[:half].decode("latin-1").encode("utf-16-le") + b"\n\xe9\xa0\n" + content[half:]


def circles(content: bytes) -> bytes:
    """What includes itself, and all that lies beside it, in every dialect."""
    words = (
        ". $0", "source /etc/init.d/*", "include *", "Include *", "include /etc/*", "#includedir .", "@include .",
        "INCLUDE *", "includedir ..", "conf-dir=.", "include_dir /etc", ". /etc/init.d/rcS", "$include /etc/inputrc",
        ".include /etc/systemd/system/a.service", 'source "/etc/profile"', "import /etc",
    )  # fmt: skip
    return content + b"\n" + "\n".join(words).encode() + b"\n" + content


def cut(content: bytes) -> bytes:
    """In the middle of a word, without an end of a line, with a quote that stays open."""
    return content[: len(content) * 2 // 3] + b" '\"`$(("


SPOILT = (rubbish, mixed, circles, cut)


def spoilt(files: dict[str, Content], how: Callable[[bytes], bytes]) -> dict[str, Content]:
    made: dict[str, Content] = {}
    for path, item in files.items():
        node = item if isinstance(item, Node) else Node(item)
        content = node.content.encode() if isinstance(node.content, str) else node.content
        text = node.kind is Kind.FILE and content and not content.startswith(b"\x7fELF")
        made[path] = Node(how(content), node.mode, node.uid, node.gid) if text else node
    return made


def broken(tree: MemoryTree, policy: str) -> list[str]:
    """Faults of ours: collectors and checks that did not foresee this."""
    checks = catalogue()
    started = time.process_time()
    facts = Collection(tree).facts("bad", families(checks))
    told = [str(value) for value in facts.families.values() if "internal error" in str(value)[:200]]
    parsed = parse_policy(policy)
    verdicts = [judge(check, facts, parsed, Clock(date(2026, 11, 20))) for check in checks]
    told += [f"{verdict.check.id}: {verdict.reason}" for verdict in verdicts if verdict.outcome is Outcome.ERROR]
    spent = time.process_time() - started
    return told if spent < SLOW else [*told, f"took {spent:.0f} s"]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("how", SPOILT, ids=lambda how: how.__name__)
def test_spoilt_configuration_breaks_nothing(system: System, how: Callable[[bytes], bytes]) -> None:
    assert broken(MemoryTree(spoilt(dict(system.files), how)), system.policy) == []


@pytest.mark.parametrize("system", SYSTEMS[:1])
def test_files_of_100_megabytes_break_nothing(system: System) -> None:
    assert broken(HugeTree(system), system.policy) == []
