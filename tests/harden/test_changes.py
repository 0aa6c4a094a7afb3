"""What each kind of change makes of a file; made twice it makes nothing more."""

import pytest

from firmward.harden.apply import apply
from firmward.harden.draft import Draft, Refused
from firmward.harden.plan import Cure
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.finding import Severity
from firmward.model.memory import Content, MemoryTree, Node, link
from firmward.model.remedy import (
    AddLine,
    Change,
    Remedy,
    Remove,
    RemoveLine,
    RemoveRecord,
    ReplaceLine,
    Safety,
    SetField,
    SetLink,
    SetMode,
    SetOption,
    Stage,
    WriteFile,
)

SHADOW = "root:$6$abc$def:19000:0:99999:7:::\nadmin:$1$abc$def:19000::::::\n"
FILES: dict[str, Content] = {
    "etc/shadow": Node(SHADOW, 0o640, 0, 42),
    "etc/rc": "a\nb\na\n",
    "etc/current": link("rc"),
    "etc/sysctl.conf": "# kept\nkernel.kptr_restrict = 0\nkernel.kptr_restrict=0\n",
    "etc/sysctl.d/last.conf": link("../sysctl.conf"),
    "bin/su": Node("ELF", 0o4755),
}


def made(change: Change, times: int = 1) -> tuple[Site, list[str]]:
    site = Site(Draft(MemoryTree(FILES)), Facts("system", Source.IMAGE, {}))
    cure = Cure("check", "", Severity.HIGH, "", "", Remedy("", Safety.SAFE, Stage.IMAGE, (change,)))
    refused: list[str] = []
    for _ in range(times):
        refused += [one.reason for one in apply([cure], site).refused]
    return site, refused


CONTENTS = [
    (SetField("etc/shadow", "root", 1, "!"), "etc/shadow", SHADOW.replace("$6$abc$def", "!")),
    (SetField("etc/shadow", "admin", 1, "*"), "etc/shadow", SHADOW.replace("$1$abc$def", "*")),
    (SetField("etc/shadow", "admin", 8, "x"), "etc/shadow", SHADOW.removesuffix("\n") + "x\n"),
    (RemoveRecord("etc/shadow", "admin"), "etc/shadow", SHADOW.split("admin")[0]),
    (RemoveLine("etc/rc", 3, "a"), "etc/rc", "a\nb\n"),
    (RemoveLine("etc/rc", 1, "a"), "etc/rc", "b\na\n"),
    (RemoveLine("etc/current", 2, "b"), "etc/rc", "a\na\n"),
    (ReplaceLine("etc/rc", 2, "b", "c"), "etc/rc", "a\nc\na\n"),
    (AddLine("etc/rc", "c"), "etc/rc", "a\nb\na\nc\n"),
    (AddLine("etc/rc", "b"), "etc/rc", "a\nb\na\n"),
    (AddLine("etc/new/file", "c"), "etc/new/file", "c\n"),
    (WriteFile("etc/rc", "new"), "etc/rc", "new"),
    (WriteFile("etc/current", "new"), "etc/rc", "new"),
    (
        SetOption("etc/sysctl.conf", "kernel.kptr_restrict", "2"),
        "etc/sysctl.conf",
        "# kept\nkernel.kptr_restrict = 2\n",
    ),
    (SetOption("etc/sysctl.d/new.conf", "a.b", "1"), "etc/sysctl.d/new.conf", "a.b = 1\n"),
    (
        SetOption("etc/sysctl.d/last.conf", "kernel.kptr_restrict", "2"),
        "etc/sysctl.conf",
        "# kept\nkernel.kptr_restrict = 2\n",
    ),
]


@pytest.mark.parametrize(("change", "path", "content"), CONTENTS)
def test_a_change_makes_what_it_says(change: Change, path: str, content: str) -> None:
    site, refused = made(change)
    assert refused == []
    assert site.draft.text(path) == content


NOT_TWICE = (RemoveLine, RemoveRecord, ReplaceLine)
"""What they look for is gone: there is nothing left to be cured, and the same text elsewhere is another's."""


@pytest.mark.parametrize(("change", "path", "content"), [row for row in CONTENTS if not isinstance(row[0], NOT_TWICE)])
def test_a_change_that_was_made_changes_nothing_again(change: Change, path: str, content: str) -> None:
    site, refused = made(change, times=2)
    assert refused == []
    assert site.draft.text(path) == content


@pytest.mark.parametrize("change", [SetMode("bin/su", 0o755), SetLink("etc/rc", "other"), Remove("etc/rc")])
def test_neither_do_changes_of_what_stands_there(change: Change) -> None:
    once, twice = list(made(change)[0].draft.touched()), list(made(change, times=2)[0].draft.touched())
    assert len(once) == 1
    assert once == twice


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (SetField("etc/shadow", "root", 1, "a:b"), "root has no field 2 that could hold this"),
        (SetField("etc/shadow", "root", 1, "a\nevil::0"), "root has no field 2 that could hold this"),
        (SetField("etc/shadow", "root", 9, ""), "root has no field 10"),
        (SetField("etc/shadow", "nobody", 1, "!"), "etc/shadow has no record of nobody"),
        (SetField("etc/none", "root", 1, "!"), "etc/none is not there"),
        (RemoveRecord("etc/shadow", "nobody"), "etc/shadow has no record of nobody"),
        (RemoveLine("etc/rc", 1, "c"), "does not have the line any more"),
        (ReplaceLine("etc/rc", 1, "c", "d"), "does not have the line any more"),
        (SetMode("etc/none", 0o600), "etc/none is not there"),
        (SetLink("etc/sysctl.d", "x"), "etc/sysctl.d is a directory"),
        (WriteFile("../out", "x"), "is no place in the root"),
        (WriteFile("etc/sysctl.d", "x"), "etc/sysctl.d is a directory"),
        (SetOption("etc/strange.conf", "a", "b"), "etc/strange.conf: nothing here says a"),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_nothing(change: Change, words: str) -> None:
    site, refused = made(change)
    assert words in refused[0]
    assert list(site.draft.touched()) == []


def test_a_changed_table_keeps_its_owner_and_mode() -> None:
    entry = made(SetField("etc/shadow", "root", 1, "!"))[0].draft.lstat("etc/shadow")
    assert entry is not None
    assert (entry.mode, entry.gid) == (0o640, 42)


def test_what_went_already_is_removed() -> None:
    site, refused = made(Remove("etc/none"))
    assert refused == []
    assert list(site.draft.touched()) == []


def test_refused_is_an_answer_in_words() -> None:
    assert Refused("not here").reason == "not here"
