"""What differs between two builds of a file system."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.audit.drift import Change
from firmward.audit.tree_difference import LISTED, Manner, TreeDifference, tree_difference
from firmward.model.errors import InputError
from firmward.model.inventory import FileState, Inventory, order, packed, unpacked
from firmward.model.tree import Kind

FILE = FileState("", Kind.FILE, content="aa")
CAP = (("security.capability", "01"),)


def inventory(files: Mapping[str, FileState]) -> Inventory:
    return packed("image", (replace(files[path], path=path) for path in sorted(files, key=order)))


def compared(
    old: Mapping[str, FileState], new: Mapping[str, FileState], manner: Manner | None = None
) -> TreeDifference:
    return tree_difference(inventory(old), inventory(new), manner or Manner())


CHANGES = [
    (replace(FILE, content="bb"), ("content",)),
    (replace(FILE, size=9), ("content",)),
    (replace(FILE, mode=0o600), ("mode",)),
    (replace(FILE, uid=7), ("owner",)),
    (replace(FILE, gid=7), ("owner",)),
    (replace(FILE, mtime=7), ()),
    (replace(FILE, content=None), ()),
    (FileState("", Kind.SYMLINK, target="x"), ("type",)),
    (replace(FILE, content="bb", mode=0o600, uid=1), ("content", "mode", "owner")),
]


@pytest.mark.parametrize(("now", "differs"), CHANGES)
def test_what_differs_is_told(now: FileState, differs: tuple[str, ...]) -> None:
    found = compared({"a": FILE}, {"a": now})
    assert [change.differs for change in found.changes] == ([differs] if differs else [])


def test_times_count_when_asked_for() -> None:
    assert compared({"a": FILE}, {"a": replace(FILE, mtime=7)}, Manner(times=True)).changes[0].differs == ("time",)


def test_owners_and_modes_that_are_not_the_images_do_not_count() -> None:
    assert compared({"a": FILE}, {"a": replace(FILE, mode=0o4755, uid=7)}, Manner(owners=False)).total == 0


def test_attributes_count_when_both_sides_have_any() -> None:
    with_any = {"a": FILE, "b": replace(FILE, xattrs=CAP)}
    assert compared({"a": FILE, "b": FILE}, with_any).total == 0
    assert compared({"a": replace(FILE, xattrs=CAP), "b": FILE}, with_any).changed == 2


def test_content_that_could_not_be_read_is_counted_and_never_equal_by_chance() -> None:
    found = compared({"a": replace(FILE, content=None)}, {"a": FILE})
    assert (found.total, found.unread) == (0, 1)


NOTABLE = [
    (None, replace(FILE, mode=0o4755), "usr/sbin/x", {"setuid", "program"}),
    (None, replace(FILE, mode=0o4644), "opt/x", set()),  # nobody may run it
    (None, replace(FILE, mode=0o2745), "opt/x", set()),  # mandatory locking, not setgid
    (replace(FILE, mode=0o755), replace(FILE, mode=0o4755), "opt/x", {"setuid"}),
    (replace(FILE, mode=0o4755), replace(FILE, mode=0o755), "opt/x", {"setuid"}),
    (replace(FILE, mode=0o4755), None, "opt/x", {"setuid"}),
    (None, replace(FILE, mode=0o755), "usr/bin/x", {"program"}),
    (None, FileState("", Kind.SYMLINK, target="busybox"), "sbin/x", {"program"}),
    (None, replace(FILE, mode=0o755), "opt/x", set()),
    (None, FILE, "usr/bin/x", set()),
    (FILE, replace(FILE, mode=0o600), "opt/x", {"mode"}),
    (FILE, replace(FILE, mode=0o666), "opt/x", {"world-writable"}),
    (None, FileState("", Kind.DIRECTORY, mode=0o1777), "tmp", set()),
    (None, FileState("", Kind.DIRECTORY, mode=0o777), "x", {"world-writable"}),
    (None, FileState("", Kind.CHARACTER, mode=0o600, device=(1, 1)), "dev/mem", {"device"}),
    (None, FILE, "etc/ssl/server.key", {"key"}),
    (None, replace(FILE, holds="private key"), "opt/blob", {"key"}),
    (replace(FILE, holds="certificate"), replace(FILE, holds="certificate", content="bb"), "opt/ca", {"key"}),
    (FILE, replace(FILE, content="bb"), "etc/shadow", {"login"}),
    (FILE, None, "etc/ssh/sshd_config", {"login"}),
    (FILE, FileState("", Kind.SYMLINK, target="x"), "opt/x", {"type"}),
    (FILE, replace(FILE, uid=7), "opt/x", {"owner"}),
]


@pytest.mark.parametrize(("was", "now", "path", "kinds"), NOTABLE)
def test_what_bears_on_security_is_noted(
    was: FileState | None, now: FileState | None, path: str, kinds: set[str]
) -> None:
    found = compared({path: was} if was else {}, {path: now} if now else {})
    assert {noted.kind.value for noted in found.notable} == kinds
    assert all(noted.paths == (path,) for noted in found.notable)


def test_a_new_capability_is_noted() -> None:
    others = {"b": replace(FILE, xattrs=CAP)}
    found = compared({"a": FILE, **others}, {"a": replace(FILE, xattrs=CAP), **others})
    assert [(noted.kind, noted.detail) for noted in found.notable] == [("capability", "new")]


def test_many_changes_are_counted_by_folder_unless_all_are_asked_for() -> None:
    new = {f"{folder}/{number}": FILE for folder in ("etc", "usr") for number in range(LISTED)}
    short, whole = compared({}, new), compared({}, new, Manner(all=True))
    assert (short.listed, short.changes, short.added) == (False, (), 2 * LISTED)
    assert [(one.path, one.added) for one in short.folders] == [("etc", LISTED), ("usr", LISTED)]
    assert len(whole.changes) == 2 * LISTED


NAMES = st.lists(st.sampled_from(["a", "b", "a-b", "b.c", "é", "\udcff", "a b", "\n"]), min_size=1, max_size=3)
STATES = st.builds(
    FileState,
    path=st.just(""),
    kind=st.sampled_from([Kind.FILE, Kind.DIRECTORY]),
    mode=st.sampled_from([0o644, 0o755, 0o4755, 0o777]),
    uid=st.integers(0, 2),
    content=st.sampled_from(["aa", "bb", None]),
)
TREES = st.dictionaries(NAMES.map("/".join), STATES, max_size=12)


@settings(deadline=None)
@given(TREES, TREES)
def test_two_builds_mirror_each_other(one: dict[str, FileState], other: dict[str, FileState]) -> None:
    there, back = compared(one, other), compared(other, one)
    assert (there.added, there.removed, there.changed) == (back.removed, back.added, back.changed)
    assert {(change.path, change.differs) for change in there.changes} == {
        (change.path, change.differs) for change in back.changes
    }
    added = {change.path for change in there.changes if change.change is Change.APPEARED}
    assert added == other.keys() - one.keys()
    assert compared(one, one).total == 0


@settings(deadline=None)
@given(TREES)
def test_an_inventory_gives_back_what_it_was_given(files: dict[str, FileState]) -> None:
    assert {state.path: state for state in unpacked(inventory(files))} == {
        path: replace(state, path=path) for path, state in files.items()
    }


@pytest.mark.parametrize("content", [b"x", b"x\x9c", packed("x", [FILE]).packed[:-9] + b"zzzz"])
def test_what_is_no_inventory_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="damaged"):
        tree_difference(Inventory("image", content, 1), inventory({}), Manner())
