"""How families are collected: what reads every file beside the others, and what waits for it last."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from firmward import facts
from firmward.facts.collection import HEAVY, Collection, heavy
from firmward.facts.contents import Contents
from firmward.facts.embedded import Embedded
from firmward.facts.os_release import OsRelease
from firmward.facts.private_keys import PrivateKeys
from firmward.facts.secret_search import Secrets
from firmward.model.memory import MemoryTree
from firmward.model.tree import Entry

A_FEW = {"kernel_modules"}
"""Families that read files together, and of them a few."""


def test_the_families_that_read_every_file_are_all_named() -> None:
    readers = []
    for file in pkgutil.iter_modules(facts.__path__):
        module = import_module(f"{facts.__name__}.{file.name}")
        if ".read_all(" in Path(str(module.__file__)).read_text():
            readers.append(file.name)
    assert [name for name in readers if name not in A_FEW] == [name.rpartition(".")[0] for name in HEAVY]


def test_they_are_needed_by_what_is_made_of_them_and_by_nothing_else() -> None:
    collection = Collection(MemoryTree({}))
    assert collection.needed([PrivateKeys], heavy()) == heavy()
    assert collection.needed([OsRelease], heavy()) == ()


def test_what_waits_for_another_process_comes_last() -> None:
    order: list[str] = []

    class Watched(MemoryTree):
        def chunks(self, entry: Entry) -> Iterator[bytes]:
            order.append(entry.path)
            return super().chunks(entry)

    def answer() -> Contents:
        order.append("the other process")
        return Contents(Secrets())

    collection = Collection(Watched({"etc/os-release": 'ID="x"\n'}))
    collection.expect(Contents, answer)
    collection.facts("image", [PrivateKeys, Embedded, OsRelease])
    assert order == ["etc/os-release", "the other process"]
