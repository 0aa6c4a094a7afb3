"""Trees are closed: links lead nowhere outside, and content is read once."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.model.facts import Unavailable
from firmward.model.memory import MemoryTree, Node, link
from firmward.model.tree import Entry, Kind


class CountingTree(MemoryTree):
    def __init__(self, files: dict[str, str | Node]) -> None:
        self.loads: list[str] = []
        super().__init__(files)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        self.loads.append(entry.path)
        return super().chunks(entry)


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/etc/passwd", "etc/passwd"),
        ("passwd", "etc/passwd"),
        ("../etc/passwd", "etc/passwd"),
        ("../../../../etc/passwd", "etc/passwd"),
        ("./././passwd", "etc/passwd"),
        ("nowhere", None),
        ("here", None),
    ],
)
def test_links_stay_inside(target: str, leads_to: str | None) -> None:
    tree = MemoryTree({"etc/passwd": "root", "etc/here": link(target)})
    entry = tree.resolve("etc/here")
    assert (entry and entry.path) == leads_to


def test_folders_may_be_links() -> None:
    tree = MemoryTree({"usr/bin/busybox": "b", "bin": link("usr/bin"), "sbin": link("/bin")})
    assert tree.read("sbin/busybox") == b"b"
    assert tree.list("sbin") == ("sbin/busybox",)
    assert tree.glob("sbin/busy*") == ("sbin/busybox",)


def test_hidden_names_are_globbed_only_when_asked_for() -> None:
    tree = MemoryTree({"etc/a": "", "etc/.b": ""})
    assert tree.glob("etc/*") == ("etc/a",)
    assert tree.glob("etc/.*") == ("etc/.b",)


def test_a_file_is_read_once_however_many_look() -> None:
    tree = CountingTree({"etc/a": "x", "etc/b": link("a")})
    assert [tree.read("etc/a"), tree.read("etc/b"), tree.text("/etc/a")] == [b"x", b"x", "x"]
    assert tree.loads == ["etc/a"]


def test_what_is_too_large_is_unavailable_and_not_absent() -> None:
    tree = MemoryTree({"etc/a": "x" * 100})
    with pytest.raises(Unavailable, match="larger than 99"):
        tree.read("etc/a", limit=99)


def test_names_that_are_no_names_are_refused() -> None:
    entries = [Entry(path, Kind.FILE) for path in ("../etc/a", "a//b", "./c", "", "d/../../e", "f\0g", "ok")]
    tree = MemoryTree({})
    for entry in entries:
        tree._add(entry)
    assert tree.refused == 6
    assert tree.lstat("ok") is not None


def test_folders_that_an_archive_left_out_are_there() -> None:
    assert [entry.path for entry in MemoryTree({"a/b/c": ""}).entries()] == ["a", "a/b", "a/b/c"]


PATHS = st.text(alphabet="ab./\udcff*", max_size=12)


@given(st.dictionaries(PATHS, st.one_of(st.just(Node("x")), PATHS.map(link)), max_size=8), PATHS)
def test_no_tree_of_links_can_hurt(files: dict[str, Node], path: str) -> None:
    tree = MemoryTree(files)
    tree.glob(path)
    content = tree.read(path)
    assert content in (None, b"x")
