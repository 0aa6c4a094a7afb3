"""What a hostile image can do to the components: their links, their ways and their number are bounded."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmward.facts import contents, linkage, vulnerabilities
from firmward.facts.bills import Bills
from firmward.facts.collection import Collection
from firmward.facts.components import Components
from firmward.facts.identified import Identified
from firmward.facts.linkage import NAMESAKES_LIMIT, Linkage
from firmward.facts.program import Program
from firmward.facts.reach import WORDS_LIMIT, How, Reach, Way
from firmward.formats.cargo_auditable import Crate
from firmward.formats.elf_dynamic import Elf, Kind
from firmward.model.component import Component
from firmward.model.memory import MemoryTree

MANY = 20_000
SETUID = Way(How.SETUID, "is setuid root")
NETWORK = Way(How.NETWORK, "listens on tcp/80")


@contextmanager
def soon(seconds: float = 4.0) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def linked(*names: tuple[str, str]) -> Linkage:
    """Each file has a soname and needs another."""
    programs = (
        Program(f"lib/{number}", Elf(64, False, "aarch64", Kind.SHARED, soname=own, needed=(other,)))
        for number, (own, other) in enumerate(names)
    )
    return linkage.collect(Identified(tuple(programs)))


def through(ways: dict[str, tuple[Way, ...]], links: Linkage) -> Reach:
    return vulnerabilities._through(Reach(ways), links)


def test_thousands_of_one_name_are_linked_to_a_few() -> None:
    with soon():
        links = linked(*(("libx.so", "libx.so") for _ in range(MANY)))
    assert {len(others) for others in links.needs.values()} == {NAMESAKES_LIMIT}


def test_links_without_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkage, "LINKS_LIMIT", 5)
    links = linked(*(("libx.so", "libx.so") for _ in range(3)))
    assert list(links.needs) == ["lib/0"]
    assert links.unread == ("lib/1 and what follows was not linked: more than 5 links",)


def test_a_chain_that_everybody_starts_is_walked_a_few_times() -> None:
    links = linked(*((f"{number}.so", f"{number + 1}.so") for number in range(MANY)))
    with soon():
        found = through({f"lib/{number}": (SETUID,) for number in range(MANY)}, links)
    assert max(len(ways) for ways in found.ways.values()) == WORDS_LIMIT + 1


def test_the_nearest_ways_are_kept() -> None:
    starters = {f"bin/{number}": (SETUID,) for number in range(WORDS_LIMIT * 2)} | {"bin/webd": (NETWORK,)}
    links = Linkage({**dict.fromkeys(starters, ("lib/a",)), "lib/a": ("lib/b",)})
    found = through(starters, links)
    assert found.ways["lib/b"][0] == Way(How.NETWORK, "webd listens on tcp/80", through="webd")
    assert len(found.ways["lib/b"]) == WORDS_LIMIT


def test_libraries_that_need_each_other_are_reached_once() -> None:
    found = through({"bin/a": (NETWORK,)}, Linkage({"bin/a": ("lib/b",), "lib/b": ("lib/c",), "lib/c": ("lib/b",)}))
    way = Way(How.NETWORK, "a listens on tcp/80", through="a")
    assert found.ways == {"bin/a": (NETWORK,), "lib/b": (way,), "lib/c": (way,)}


def test_a_bill_of_everything_is_joined_soon() -> None:
    listed = tuple(Component(f"c{number}", "1", purl=f"pkg:generic/c{number}@1") for number in range(MANY))
    with soon():
        found = Collection(MemoryTree({"etc/hostname": "x\n"}), bills=Bills((*listed, *listed))).get(Components)
    assert isinstance(found, Components)
    assert len(found.found) == MANY


def test_packages_under_one_name_and_version_are_one_component() -> None:
    files = {
        f"srv/{number}/node_modules/jquery/package.json": '{"name": "jquery", "version": "3.4.1"}'
        for number in range(2000)
    }
    with soon():
        found = Collection(MemoryTree(files)).get(Components)
    assert isinstance(found, Components)
    assert len(found.found) == 1
    assert len(found.found[0].files) <= 500


PROGRAM = Path("/bin/true")


@pytest.mark.skipif(not PROGRAM.is_file(), reason="needs a program")
def test_modules_of_all_programs_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MODULES_LIMIT", 5)
    monkeypatch.setattr(contents, "_crates", lambda _: (Crate("a", "1", "", False),) * 3)
    program = PROGRAM.read_bytes()
    found = Collection(MemoryTree({"bin/a": program, "bin/b": program})).get(Identified)
    assert isinstance(found, Identified)
    assert [len(one.crates) for one in found.programs] == [3, 0]
    assert found.unread == ("bin/b was not asked what it is built of: more than 5 modules",)
