"""Volumes, keys and mounts that are named in other places than the usual."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.policy import parse_policy

ELF = executable(b"\x7fELF\x02\x01\x01")
HASH = "5c" * 32
SIGNED = Node(
    b"\x7fELF\x02\x01\x01", 0o755, xattrs=(("security.ima", b"\x03\x02\x04" + bytes(4) + b"\x00\x40" + bytes(64)),)
)
VOLUME = f"app /dev/disk/by-partlabel/app /dev/disk/by-partlabel/tree {HASH}"
SYSTEMD: dict[str, Content] = {
    "usr/lib/systemd/systemd": ELF,
    "sbin/init": link("../usr/lib/systemd/systemd"),
    "etc/fstab": "/dev/mapper/root / squashfs ro 0 0\n",
}
ENCRYPTED = '[filesystem]\nencrypted = ["/"]\n'


def verdict(check: str, files: dict[str, Content], policy: str = "") -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, parse_policy(policy), Clock(date(2026, 11, 20)))


def opening(options: str) -> dict[str, Content]:
    return {
        **SYSTEMD,
        "etc/systemd/system/default.target": "[Unit]\nWants=models.service\n",
        "etc/systemd/system/models.service": "[Service]\nExecStart=/usr/sbin/veritysetup open /dev/mmcblk0p5 models "
        f"/dev/mmcblk0p6 --root-hash-file=/etc/models {options}\n",
    }


def test_a_service_that_opens_a_volume_and_ignores_corruption_is_told_by_its_name() -> None:
    (finding,) = verdict("verity-ignores-corruption", opening("--ignore-corruption")).findings
    assert "models" in finding.key


def test_a_service_that_opens_a_volume_is_right_and_says_nothing_of_the_root() -> None:
    files = opening("--restart-on-corruption")
    assert verdict("verity-ignores-corruption", files).outcome is Outcome.PASS
    assert verdict("verity-root-hash-untrusted", files).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("options", "outcome"),
    [("", Outcome.FAIL), ("root-hash-signature=/etc/app.p7s", Outcome.PASS)],
)
def test_a_signature_makes_a_root_hash_trusted_where_it_stands(options: str, outcome: Outcome) -> None:
    files = {**SYSTEMD, "etc/veritytab": f"{VOLUME} {options}\n", "etc/fstab": "/dev/mmcblk0p2 / ext4 ro 0 0\n"}
    assert verdict("verity-root-hash-untrusted", files).outcome is outcome


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        ({"etc/fstab": "/dev/mmcblk0p2 / ext4 rw 0 0\n"}, Outcome.FAIL),
        ({"etc/fstab": "/dev/mapper/root / ext4 ro 0 0\n"}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
        ({"boot/cmdline.txt": "root=/dev/mmcblk0p2 ro ima_policy=appraise_tcb\n", "usr/bin/app": SIGNED}, Outcome.PASS),
    ],
)
def test_a_table_on_the_root_is_as_good_as_what_verifies_the_root(files: dict[str, Content], outcome: Outcome) -> None:
    found = verdict("verity-root-hash-untrusted", {**SYSTEMD, "etc/veritytab": f"{VOLUME}\n", **files})
    assert found.outcome is outcome, found


def test_an_open_root_hash_is_told_once_and_not_again_of_the_tables_that_lie_on_the_root() -> None:
    files = {"etc/veritytab": f"{VOLUME}\n", "boot/cmdline.txt": f"root=/dev/dm-0 ro roothash={HASH}\n"}
    assert [one.key for one in verdict("verity-root-hash-untrusted", files).findings] == ["boot/cmdline.txt"]


def test_another_volumes_table_verifies_no_root() -> None:
    files = {**SYSTEMD, "etc/veritytab": f"{VOLUME}\n"}
    bare = {**files, "etc/fstab": "/dev/mmcblk0p2 / ext4 rw 0 0\n"}
    assert verdict("rootfs-unverified", bare).outcome is Outcome.FAIL
    mapped = {**files, "etc/fstab": "/dev/mapper/app / ext4 ro 0 0\n"}
    assert verdict("rootfs-unverified", mapped).outcome is Outcome.PASS
    assert (
        verdict("rootfs-unverified", {**mapped, "etc/fstab": "/dev/mapper/r / ext4 ro 0 0\n"}).outcome
        is Outcome.UNKNOWN
    )


@pytest.mark.parametrize(
    ("root", "outcome"),
    [("/dev/mmcblk0p2", Outcome.FAIL), ("/dev/disk/by-partlabel/root", Outcome.FAIL), ("/dev/root", Outcome.PASS)],
)
def test_a_declared_encryption_counts_only_where_the_root_is_not_seen_to_be_plain(root: str, outcome: Outcome) -> None:
    files: dict[str, Content] = {
        "etc/fstab": f"{root} / ext4 ro 0 1\n",
        "etc/crypttab": "data /dev/mmcblk0p4 /etc/data.key luks\n",
        "etc/data.key": "0123456789abcdef",
    }
    assert verdict("key-beside-data", files, ENCRYPTED).outcome is outcome


def test_a_root_that_is_mounted_again_for_writing_is_writable_whatever_fstab_waits_for() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/bin/mount -o remount,rw /\n",
        "etc/fstab": "/dev/root / ext2 rw,noauto 0 1\n",
    }
    assert verdict("rootfs-writable", files).outcome is Outcome.FAIL


@pytest.mark.parametrize("folder", ["mnt/boot", "uboot"])
def test_the_command_line_is_found_on_a_boot_partition_that_is_mounted_elsewhere(folder: str) -> None:
    keys = [one.key for one in verdict("kernel-cmdline", {f"{folder}/cmdline.txt": "root=/dev/x nokaslr\n"}).findings]
    assert "aslr-off" in keys


def test_alpine_s_periodic_jobs_must_not_be_open_to_everybody() -> None:
    files: dict[str, Content] = {"etc/periodic/15min/report": executable("#!/bin/sh\n", 0o777)}
    assert verdict("world-writable", files).outcome is Outcome.FAIL


BALENA = (
    '{"os": {"udevRules": {"56": "SUBSYSTEM==\\"block\\", '
    'RUN+=\\"/bin/sh -c \'mount /dev/%k /mnt/usb; COMMAND\'\\""}}}\n'
)


@pytest.mark.parametrize(
    ("command", "outcome"), [("/mnt/usb/a.sh", Outcome.FAIL), ("cp /mnt/usb/a.png /tmp", Outcome.PASS)]
)
def test_rules_of_udev_in_balena_s_settings_are_rules(command: str, outcome: Outcome) -> None:
    files: dict[str, Content] = {**SYSTEMD, "mnt/boot/config.json": BALENA.replace("COMMAND", command)}
    assert verdict("removable-media-executed", files).outcome is outcome


@pytest.mark.parametrize("text", ['{"os": {"udevRules": [', '{"os": ["udevRules"]}', '["udevRules"]'])
def test_settings_that_are_no_rules_are_none(text: str) -> None:
    found = verdict("removable-media-executed", {**SYSTEMD, "mnt/boot/config.json": text})
    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("fstab", "outcome"),
    [("", Outcome.FAIL), ("/dev/mmcblk1p2 / ext4 ro 0 0\n", Outcome.PASS)],
)
def test_fat_on_another_card_is_a_medium_unless_the_system_lives_there(fstab: str, outcome: Outcome) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/fstab": fstab,
        "etc/init.d/rcS": executable("#!/bin/sh\nmount -t vfat /dev/mmcblk1p1 /media/sd\n. /media/sd/debug.sh\n"),
    }
    assert verdict("removable-media-executed", files).outcome is outcome
