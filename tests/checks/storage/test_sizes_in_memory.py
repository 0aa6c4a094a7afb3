"""How much of the memory a file system may take, who may fill it, and that the cure stands where the mount does."""

import pytest
from hardened import Round, of_files
from systems.debian import BASE

from firmward.audit.catalogue import find_check
from firmward.audit.engine import families, judge
from firmward.facts.collection import Collection
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy
from truth import accuracy

SAFE_FLAGS = "nosuid,nodev,noexec"
CHECK = "mount-options"


def listed(*rows: str) -> dict[str, Content]:
    return {"etc/inittab": "::sysinit:/bin/mount -a\n", "etc/fstab": "".join(f"{row} 0 0\n" for row in rows)}


def booting(*lines: str) -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    return {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script}


def told(files: dict[str, Content], policy: str = "") -> list[str]:
    """The file systems that may take too much, by the keys of their findings."""
    check = find_check(CHECK)
    facts = Collection(MemoryTree(files)).facts("test", families([check]))
    found = judge(check, facts, parse_policy(policy), accuracy.CLOCK).findings
    return [one.key.removeprefix("size ") for one in found if one.key.startswith("size ")]


@pytest.mark.parametrize("options", ["mode=1777", "size=0", "size=50%", "size=4m,size=90%", "size=4m,nr_blocks=0"])
def test_half_of_the_memory_or_more_is_told(options: str) -> None:
    assert told(listed(f"tmpfs /tmp tmpfs {SAFE_FLAGS},{options}")) == ["/tmp"]


@pytest.mark.parametrize("options", ["size=4m", "size=49%", "nr_blocks=4096", "size=90%,size=5%", "ro"])
def test_less_than_half_is_not(options: str) -> None:
    assert told(listed(f"tmpfs /tmp tmpfs {SAFE_FLAGS},{options}")) == []


@pytest.mark.parametrize(
    ("place", "options", "is_told"),
    [
        ("/srv", "mode=0755", False),
        ("/srv", "mode=0777", True),
        ("/srv", "mode=0700,uid=33", True),
        ("/srv", "mode=0700,uid=0,gid=0", False),
        ("/srv", "", True),
        ("/run", "mode=0755", True),
        ("/run", "mode=0700", False),
        ("/var/log", "mode=0755", True),
    ],
)
def test_it_is_told_where_a_service_may_write(place: str, options: str, is_told: bool) -> None:
    assert told(listed(f"tmpfs {place} tmpfs {SAFE_FLAGS},{options}")) == [place] * is_told


def test_what_the_init_system_mounts_by_itself_is_not_told() -> None:
    assert told(BASE) == []


def test_a_medium_has_a_size_of_its_own() -> None:
    assert told(listed(f"/dev/mmcblk0p4 /tmp ext4 {SAFE_FLAGS}", f"/tmp /var/tmp none bind,{SAFE_FLAGS}")) == []


def test_a_later_remount_bounds_it() -> None:
    mounted = "mount -t tmpfs tmpfs /tmp"
    assert told(booting(mounted)) == ["/tmp"]
    assert told(booting(mounted, "mount -o remount,size=10% /tmp")) == []


def test_no_clean_system_is_told_of_one() -> None:
    assert [system.name for system in accuracy.systems() if told(dict(system.clean), system.policy)] == []


UNIT = "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n"
PLACES = {
    "a line of fstab": ("etc/fstab", listed("tmpfs /tmp tmpfs mode=1777")),
    "a command": ("etc/init.d/rcS", booting("mount -t tmpfs tmpfs /tmp")),
    "a command with options": ("etc/init.d/rcS", booting("mount -t tmpfs -o mode=1777,size=60% tmpfs /tmp")),
    "a unit": ("etc/systemd/system/tmp.mount", {**BASE, "etc/fstab": "tmpfs /tmp tmpfs\n",
               "etc/systemd/system/tmp.mount": UNIT + "Options=mode=1777,size=50%%\n"}),
}  # fmt: skip


def cured(place: str, policy: str = "", *, unsafe: bool = True) -> tuple[Round, str]:
    path, files = PLACES[place]
    found = of_files(dict(files), policy, unsafe=unsafe, only=(CHECK,))
    return found, found.draft.text(path) or ""


@pytest.mark.parametrize("place", PLACES)
def test_the_cure_stands_where_the_mount_is_written(place: str) -> None:
    """With the flags, also where all options can only be written at once."""
    found, text = cured(place)
    # what systemd mounts by itself is cured in fstab, and stays as it is here
    assert [key for _, key in found.left(CHECK) if "/tmp" in key] == []
    percent = "10%%" if place == "a unit" else "10%"
    assert f"size={percent},nr_inodes=10k" in text
    assert SAFE_FLAGS in text


@pytest.mark.parametrize("place", ["a line of fstab", "a command"])
def test_without_consent_a_command_is_not_half_cured(place: str) -> None:
    """A file that says each option by itself gets those that are safe."""
    _, text = cured(place, unsafe=False, policy='[[service]]\nname = "camerad"\n')
    assert ("size=10%" in text) is (place == "a line of fstab")
    assert "noexec" not in text
