"""What is mounted where in the end, and with which options."""

import pytest
from systems.debian import BASE

from firmward.facts.collection import Collection
from firmward.facts.mounts import Mount, Mounts
from firmward.facts.root_mount import RootMount
from firmward.facts.writable import Ground, Writable
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, executable, link

INIT = "::sysinit:/etc/init.d/rcS\n"


def mounts(files: dict[str, Content]) -> Mounts:
    found = Collection(MemoryTree(files)).get(Mounts)
    assert isinstance(found, Mounts), found
    return found


def at(target: str, files: dict[str, Content]) -> Mount:
    found = mounts(files).at(target)
    assert found is not None
    return found


def booting(*lines: str, fstab: str = "") -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    return {"etc/inittab": INIT, "etc/init.d/rcS": script, "etc/fstab": fstab}


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("mount /data", {"nodev"}),
        ("mount -o nosuid /data", {"nodev", "nosuid"}),
        ("mount -o dev,ro /data", {"ro"}),
        ("mount -o noexec /dev/sda1 /data", {"noexec"}),
        ("mount /data\nmount -o remount,noexec /data", {"nodev", "noexec"}),
        ("mount -r -onosuid -t ext4 /dev/sda1 /data", {"ro", "nosuid"}),
    ],
)
def test_a_command_adds_to_its_line_of_fstab_and_replaces_it_with_a_source(command: str, flags: set[str]) -> None:
    files = booting(*command.split("\n"), fstab="/dev/sda1 /data ext4 noauto,nodev 0 0\n")
    assert at("/data", files).flags == flags


def test_a_place_that_is_known_at_run_time_only_is_told() -> None:
    found = mounts(booting('mount -t tmpfs tmpfs "$(cat /proc/where)"'))
    assert any("known at run time only" in reason for reason in found.unread)


@pytest.mark.parametrize(
    ("path", "target"), [("var/log/messages", "/var/log"), ("var/lib/x", "/var"), ("variant", "/"), ("var", "/var")]
)
def test_the_innermost_mount_covers_a_path(path: str, target: str) -> None:
    table = "/dev/sda1 / ext4 ro 0 0\n/dev/sda2 /var ext4 nodev 0 0\ntmpfs /var/log tmpfs noexec 0 0\n"
    found = mounts({"etc/fstab": table, "etc/inittab": INIT}).covering(path)
    assert found is not None
    assert found.target == target


def test_systemd_mounts_its_own_with_their_options() -> None:
    assert at("/run", BASE).flags == {"nosuid", "nodev"}
    assert at("/dev/shm", BASE).flags == {"nosuid", "nodev"}


def test_a_drop_in_changes_the_options_of_a_line_of_fstab() -> None:
    files: dict[str, Content] = {
        **BASE,
        "etc/fstab": "/dev/sda1 /srv/my-data ext4 nosuid 0 0\n",
        "etc/systemd/system/srv-my\\x2ddata.mount.d/options.conf": "[Mount]\nOptions=nodev,noexec\n",
    }
    assert at("/srv/my-data", files).flags == {"nodev", "noexec"}


@pytest.mark.parametrize(
    ("unit", "flags"),
    [
        ("etc/systemd/system", {"noexec"}),
        ("usr/lib/systemd/system", {"nosuid", "nodev"}),
    ],
)
def test_a_unit_in_etc_goes_before_fstab_and_is_started_by_its_line(unit: str, flags: set[str]) -> None:
    text = "[Mount]\nWhat=tmpfs\nWhere=/var/my-tmp\nType=tmpfs\nOptions=mode=1777,noexec\n"
    files = {**BASE, f"{unit}/var-my\\x2dtmp.mount": text, "etc/fstab": "tmpfs /var/my-tmp tmpfs nosuid,nodev 0 0\n"}
    found = at("/var/my-tmp", files)
    assert found.flags == flags
    assert found.automatic


def test_a_masked_unit_mounts_nothing_whatever_fstab_says() -> None:
    files = {**BASE, "etc/systemd/system/tmp.mount": link("/dev/null"), "etc/fstab": "tmpfs /tmp tmpfs noexec 0 0\n"}
    assert mounts(files).at("/tmp") is None


def test_a_unit_in_etc_for_a_line_that_waits_waits_too() -> None:
    unit = "[Mount]\nWhat=/dev/sdb1\nWhere=/srv\n"
    files = {**BASE, "etc/systemd/system/srv.mount": unit, "etc/fstab": "/dev/sdb1 /srv ext4 noauto 0 0\n"}
    assert not at("/srv", files).automatic


def test_fstab_holds_beside_systemds_own() -> None:
    assert at("/run", {**BASE, "etc/fstab": "tmpfs /run tmpfs noexec 0 0\n"}).flags == {"noexec"}


def test_a_remount_of_what_may_not_be_mounted_makes_no_mount() -> None:
    assert mounts(booting("mountpoint -q /usr && mount -o remount /usr")).at("/usr") is None


def test_a_remount_for_writing_of_what_nothing_here_mounts_counts() -> None:
    assert at("/usr", booting("mount -o remount,rw /usr")).is_writable


def test_options_that_a_script_takes_from_fstab_are_those_of_fstab() -> None:
    files = booting("read OPTIONS < /dev/x; mount -o remount,$OPTIONS /", fstab="/dev/sda1 / ext4 ro 0 1\n")
    assert at("/", files).flags == {"ro"}
    assert at("/", files).is_decided


def test_options_known_at_run_time_only_leave_it_open_whether_the_root_is_writable() -> None:
    files = booting("mount -o remount,ro /", "read OPTIONS < /dev/x; mount -o remount,$OPTIONS /")
    assert not at("/", files).is_decided
    facts = Collection(MemoryTree(files)).facts("", [RootMount, Writable])
    assert isinstance(facts.get(RootMount), Unknown)
    writable = facts.get(Writable)
    assert isinstance(writable, Writable)
    assert writable.root is Ground.UNKNOWN
