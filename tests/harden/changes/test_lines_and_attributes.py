"""Changes that several cures bring are made once; a file loses the capabilities that it carries, and nothing else."""

import pytest

from firmward.harden.apply import Applied, apply
from firmward.harden.draft import Draft
from firmward.harden.plan import Cure
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.memory import MemoryTree, Node
from firmward.model.remedy import (
    Change,
    Remedy,
    RemoveCapabilities,
    RemoveLine,
    RemoveRecord,
    ReplaceLine,
    Safety,
    SetField,
    Stage,
)

FILES = {
    "etc/inittab": "a\nb\nc\n",
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nboss:x:0:0::/:/bin/sh\n",
    "usr/bin/tool": Node(b"\x7fELF", 0o755, xattrs=(("security.capability", b"c"), ("user.note", b"n"))),
}


def site() -> Site:
    return Site(Draft(MemoryTree(FILES)), Facts("system", Source.IMAGE, {}))


def applied(place: Site, *changes: Change) -> Applied:
    remedies = (Remedy("Cure it", Safety.SAFE, Stage.IMAGE, (change,)) for change in changes)
    cures = [Cure("check", str(number), Severity.HIGH, "", "", one) for number, one in enumerate(remedies)]
    return apply(cures, place)


@pytest.mark.parametrize(
    ("change", "path", "text"),
    [
        (RemoveLine("etc/inittab", 2, "b"), "etc/inittab", "a\nc\n"),
        (ReplaceLine("etc/inittab", 2, "b", ":"), "etc/inittab", "a\n:\nc\n"),
        (ReplaceLine("etc/inittab", 2, "b\nc", ":"), "etc/inittab", "a\n:\n"),
        (RemoveRecord("etc/passwd", "boss"), "etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
    ],
)
def test_what_two_cures_ask_for_is_done_once(change: Change, path: str, text: str) -> None:
    place = site()
    assert not applied(place, change, change).refused
    assert place.draft.text(path) == text


@pytest.mark.parametrize(
    "change",
    [
        RemoveLine("etc/inittab", 2, "never"),
        ReplaceLine("etc/inittab", 2, "never", ":"),
        ReplaceLine("etc/inittab", 1, "a\nc", ":"),
        RemoveRecord("etc/passwd", "never"),
        RemoveCapabilities("usr/bin/never"),
    ],
)
def test_what_never_was_there_is_refused(change: Change) -> None:
    place = site()
    assert len(applied(place, change).refused) == 1
    assert list(place.draft.touched()) == []


def test_two_replacements_of_one_line_do_not_pass_for_one() -> None:
    changes = (ReplaceLine("etc/inittab", 2, "b", ":"), ReplaceLine("etc/inittab", 2, "b", "other"))
    assert len(applied(site(), *changes).refused) == 1


def test_a_record_is_locked_before_it_goes() -> None:
    done = applied(site(), RemoveRecord("etc/passwd", "boss"), SetField("etc/passwd", "boss", 1, "*"))
    assert not done.refused


def test_capabilities_go_and_other_attributes_stay() -> None:
    place = site()
    assert not applied(place, RemoveCapabilities("usr/bin/tool")).refused
    entry = place.draft.lstat("usr/bin/tool")
    assert entry is not None
    assert (entry.xattrs, entry.mode) == ((("user.note", b"n"),), 0o755)
    assert place.draft.read("usr/bin/tool") == b"\x7fELF"
    again = Site(Draft(place.draft), place.facts)
    applied(again, RemoveCapabilities("usr/bin/tool"))
    assert list(again.draft.touched()) == []
