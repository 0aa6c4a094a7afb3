"""Facts of two moments, held against each other."""

from firmward.audit.drift import Change, Drift, FieldChange, Unseen, drift, snapshots
from firmward.facts.collection import Collection
from firmward.facts.startup import Startup
from firmward.model.facts import Facts, Source, Unknown
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.side import Item, Knowledge, Snapshot


def started(inittab: str, **more: Content) -> Facts:
    files: dict[str, Content] = {"etc/inittab": inittab, "sbin/init": executable(b"\x7fELF"), **more}
    return Collection(MemoryTree(files)).facts("image", [Startup])


def drifted(old: Facts, new: Facts) -> list[tuple[str, Change]]:
    found = drift(snapshots(old, [Startup]), snapshots(new, [Startup]))
    assert all(isinstance(one, Drift) for one in found)
    return [(one.key, one.change) for one in found if isinstance(one, Drift)]


def test_a_service_appears_and_vanishes() -> None:
    without, with_it = (
        started("::sysinit:/bin/true\n"),
        started("::sysinit:/bin/true\n::respawn:/usr/sbin/telnetd -F\n"),
    )
    assert [change for _, change in drifted(without, with_it)] == [Change.APPEARED]
    assert [change for _, change in drifted(with_it, without)] == [Change.VANISHED]
    assert drifted(with_it, with_it) == []


def test_a_place_that_moves_is_no_change() -> None:
    assert drifted(started("::respawn:/sbin/x\n"), started("\n\n# moved\n::respawn:/sbin/x\n")) == []


def of(*items: Item, knowledge: Knowledge = Knowledge.KNOWN, reason: str | None = None) -> list[Snapshot]:
    return [Snapshot("Startup", knowledge, items, reason)]


def test_a_field_that_changes_is_named() -> None:
    was, now = Item("web", (("user", "root"), ("start", "boot"))), Item("web", (("user", "www"), ("start", "boot")))
    assert drift(of(was), of(now)) == (Drift("Startup", "web", Change.CHANGED, (FieldChange("user", "root", "www"),)),)


def test_namesakes_that_stay_are_set_aside() -> None:
    stay, come = Item("rcS mount", (("argv", "mount -a"),)), Item("rcS mount", (("argv", "mount /data"),))
    assert [one.change for one in drift(of(stay), of(come, stay)) if isinstance(one, Drift)] == [Change.APPEARED]


def test_what_is_unknown_has_neither_come_nor_gone() -> None:
    known, unknown = of(Item("web")), of(knowledge=Knowledge.UNKNOWN, reason="no /etc")
    assert drift(known, unknown) == (Unseen("Startup", "no /etc", lost=True),)
    assert drift(unknown, known) == (Unseen("Startup", "no /etc", lost=False),)
    assert drift(unknown, unknown) == (Unseen("Startup", "no /etc", lost=False),)


def test_what_nobody_knows_starts_is_unknown() -> None:
    facts = Facts("image", Source.IMAGE, {Startup: Unknown("the inittab is too large")})
    assert snapshots(facts, [Startup]) == (Snapshot("Startup", Knowledge.UNKNOWN, (), "the inittab is too large"),)


def test_an_absent_family_has_nothing() -> None:
    absent = of(knowledge=Knowledge.ABSENT)
    assert drift(absent, of(Item("web"))) == (Drift("Startup", "web", Change.APPEARED),)
