"""A draft reads as the root will, and leaves what lies below as it is."""

import pytest

from firmward.harden.draft import Draft, Refused, Touched
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.tree import Entry, Kind

FILES: dict[str, Content] = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
    "etc/app/app.conf": Node("port=80\n", 0o640, 5, 6),
    "etc/link.conf": link("app/app.conf"),
    "etc/dangling": link("/run/made/later"),
    "usr/sbin/tool": executable(b"\x7fELF"),
}


@pytest.fixture
def draft() -> Draft:
    return Draft(MemoryTree(FILES))


def paths(draft: Draft) -> list[str]:
    return [entry.path for entry in draft.entries()]


def test_an_untouched_draft_is_what_lies_below(draft: Draft) -> None:
    assert list(draft.entries()) == list(draft.below.entries())
    assert list(draft.touched()) == []
    assert draft.text("etc/link.conf") == "port=80\n"


def test_a_changed_file_keeps_owner_and_mode_and_is_read_changed(draft: Draft) -> None:
    draft.write("etc/link.conf", "port=443\n")
    assert draft.text("etc/app/app.conf") == draft.text("etc/link.conf") == "port=443\n"
    entry = draft.lstat("etc/app/app.conf")
    assert entry is not None
    assert (entry.mode, entry.uid, entry.gid, entry.size) == (0o640, 5, 6, 9)
    assert draft.below.text("etc/app/app.conf") == "port=80\n"
    assert [one.path for one in draft.touched()] == ["etc/app/app.conf"]


def test_what_is_written_as_it_was_is_not_touched(draft: Draft) -> None:
    draft.write("etc/app/app.conf", "port=80\n")
    assert list(draft.touched()) == []


def test_a_new_file_gets_its_folders(draft: Draft) -> None:
    draft.write("etc/new/deep/file", "x", 0o600)
    assert draft.names("etc/new") == ("deep",)
    assert {one.path: one.before for one in draft.touched()} == dict.fromkeys(
        ("etc/new", "etc/new/deep", "etc/new/deep/file")
    )
    assert paths(draft) == sorted(paths(draft), key=lambda path: path.split("/"))


def test_a_removed_folder_takes_all_in_it(draft: Draft) -> None:
    draft.write("etc/app/more", "x")
    draft.remove("etc/app")
    assert not draft.exists("etc/link.conf")
    assert "etc/app/app.conf" not in paths(draft)
    assert draft.names("etc") == ("dangling", "link.conf", "passwd")
    assert [(one.path, one.after) for one in draft.touched()] == [("etc/app/app.conf", None), ("etc/app", None)]


def test_what_was_added_and_removed_again_was_never_there(draft: Draft) -> None:
    draft.write("etc/new", "x")
    draft.remove("etc/new")
    assert list(draft.touched()) == []


def test_a_file_in_the_place_of_a_removed_one_is_there(draft: Draft) -> None:
    draft.remove("usr/sbin/tool")
    draft.link("usr/sbin/tool", "other")
    entry = draft.lstat("usr/sbin/tool")
    assert entry is not None
    assert (entry.kind, entry.target) == (Kind.SYMLINK, "other")


def test_mode_and_owner_change_without_the_content(draft: Draft) -> None:
    draft.set_mode("usr/sbin/tool", 0o700, 1, 2)
    (touched,) = draft.touched()
    assert isinstance(touched, Touched)
    assert isinstance(touched.after, Entry)
    assert (touched.after.mode, touched.after.uid, touched.after.gid) == (0o700, 1, 2)
    assert draft.read("usr/sbin/tool") == b"\x7fELF"


def test_a_content_that_changed_is_signed_no_more() -> None:
    signed = Node("a", xattrs=(("security.ima", b"s"), ("user.note", b"n")))
    draft = Draft(MemoryTree({"file": signed}))
    draft.write("file", "b")
    entry = draft.lstat("file")
    assert entry is not None
    assert entry.xattrs == (("user.note", b"n"),)


@pytest.mark.parametrize("path", ["etc/dangling", "etc/dangling/below", "../out", "", "etc/passwd/below", "etc"])
def test_places_that_cannot_be_written_are_refused(draft: Draft, path: str) -> None:
    with pytest.raises(Refused):
        draft.write(path, "x")
    assert list(draft.touched()) == []


def test_an_attempt_that_is_refused_leaves_nothing(draft: Draft) -> None:
    def attempt() -> None:
        with draft.attempt():
            draft.write("etc/passwd", "")
            draft.remove("etc/app")
            draft.remove("not/there")

    with pytest.raises(Refused):
        attempt()
    assert list(draft.touched()) == []
    assert draft.text("etc/passwd") == "root:x:0:0::/root:/bin/sh\n"


def test_a_folder_that_is_made_again_has_nothing_of_what_lay_in_it(draft: Draft) -> None:
    draft.remove("etc/app")
    draft.write("etc/app/other.conf", "x")
    assert draft.names("etc/app") == ("other.conf",)
    assert draft.lstat("etc/app/app.conf") is None
    assert "etc/app/app.conf" not in paths(draft)
    told = {one.path: (one.before is not None, one.after is not None) for one in draft.touched()}
    assert told == {"etc/app/app.conf": (True, False), "etc/app/other.conf": (False, True)}


def test_a_file_is_read_once_even_after_a_folder_went(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted as held is what is held: the count decides what is dropped."""
    monkeypatch.setattr("firmward.model.tree.CACHE_LIMIT", 8)
    below = MemoryTree({"a": "12345678", "b/c": "x", "d": "12345678"})
    draft, read = Draft(below), []
    monkeypatch.setattr(below, "chunks", lambda entry: read.append(entry.path) or iter((b"12345678",)))
    draft.text("a")
    draft.remove("b")
    assert draft.text("d") == draft.text("d") == "12345678"
    assert read == ["a", "d"]


def added(owner: tuple[int, int], owner_of_etc: tuple[int, int] | None = None) -> set[tuple[int, int]]:
    """The owners of what hardening adds to a root that belongs to one all over, but for a folder."""
    other = owner_of_etc or owner
    files: dict[str, Content] = {
        "etc": Node(kind=Kind.DIRECTORY, mode=0o755, uid=other[0], gid=other[1]),
        "etc/passwd": Node("root:x:0:0::/:/bin/sh\n", 0o644, *owner),
        "bin/busybox": Node(b"\x7fELF", 0o755, *owner),
        "etc/old": Node("", 0o644, *owner),
    }
    place = Draft(MemoryTree(files))
    place.write("etc/new/deep/file", "x\n")
    place.write("etc/roots", "x\n", 0o600, 0, 0)
    place.link("etc/link", "roots")
    place.link("etc/old", "roots")
    place.folder("var/lib/new")
    return {(one.after.uid, one.after.gid) for one in place.touched() if one.after is not None}


@pytest.mark.parametrize(
    ("owner", "owner_of_etc", "wanted"),
    [
        ((0, 0), None, (0, 0)),
        ((1000, 1000), None, (1000, 1000)),
        ((1000, 0), None, (1000, 0)),
        ((1000, 1000), (0, 0), (0, 0)),
        ((1000, 1000), (33, 33), (0, 0)),
    ],
)
def test_what_is_added_is_roots_or_whose_all_is_where_owners_were_not_kept(
    owner: tuple[int, int], owner_of_etc: tuple[int, int] | None, wanted: tuple[int, int]
) -> None:
    assert added(owner, owner_of_etc) == {wanted}


def test_another_owner_than_root_is_given_as_asked() -> None:
    place = Draft(MemoryTree({"etc/passwd": Node("", 0o644, 1000, 1000)}))
    place.set_mode("etc/passwd", 0o600, 5, 6)
    entry = place.lstat("etc/passwd")
    assert entry is not None
    assert (entry.uid, entry.gid) == (5, 6)
