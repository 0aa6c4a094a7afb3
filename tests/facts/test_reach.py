"""How an attacker comes to a program."""

from firmward.facts.collection import Collection
from firmward.facts.reach import How, Reach, Way
from firmward.model.memory import Content, MemoryTree, executable


def reach(files: dict[str, Content]) -> Reach:
    found = Collection(MemoryTree(files)).get(Reach)
    assert isinstance(found, Reach)
    return found


INITTAB = "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/dropbear -F -p 22\n::respawn:/usr/bin/app\n"
ELF = b"\x7fELF"


def test_who_listens_starts_and_has_rights_is_told_nearest_first() -> None:
    found = reach({"etc/inittab": INITTAB, "usr/sbin/dropbear": executable(ELF), "usr/bin/app": executable(ELF)})
    assert found.of(["usr/sbin/dropbear"])[0] == Way(How.NETWORK, "listens on tcp/22")
    assert found.of(["usr/bin/app"]) == (Way(How.BOOT, "starts at boot as root"),)


def test_a_setuid_program_is_reached_by_everybody_on_the_device() -> None:
    found = reach({"bin/su": executable(ELF, 0o4755), "bin/own": executable(ELF, 0o4700)})
    assert found.of(["bin/su"]) == (Way(How.SETUID, "is setuid root, and anybody may run it"),)
    assert not found.of(["bin/own"])


def test_nothing_is_said_of_what_nothing_starts() -> None:
    assert not reach({"etc/inittab": INITTAB, "usr/bin/idle": ELF}).of(["usr/bin/idle"])
