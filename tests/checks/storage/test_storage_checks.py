"""What the storage's checks say beyond their own examples: what is not known, what is started, what a policy adds."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy

ELF = b"\x7fELF\x02\x01\x01"
FSTAB = "/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n"
WHERE = 'mount -t tmpfs tmpfs "$(cat /proc/where)"'


def verdict(check: str, files: dict[str, Content], policy: str = "") -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, parse_policy(policy), Clock(date(2026, 11, 20)))


def keys(found: Verdict) -> list[str]:
    return [finding.key for finding in found.findings]


def booting(*lines: str, **files: Content) -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    return {"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script, **files}


def test_a_mount_that_is_known_at_run_time_only_is_no_pass() -> None:
    found = verdict("mount-options", booting("mount -a", WHERE, **{"etc/fstab": "tmpfs /tmp tmpfs user,size=8m 0 0\n"}))
    assert found.outcome is Outcome.UNKNOWN
    assert "run time" in (found.reason or "")


def test_where_programs_are_started_from_noexec_is_not_asked() -> None:
    files = booting("mount -a", "/data/bin/camerad &", **{"etc/fstab": FSTAB, "data/bin/camerad": executable(ELF)})
    assert verdict("mount-options", files).outcome is Outcome.PASS
    assert keys(verdict("mount-options", booting("mount -a", **{"etc/fstab": FSTAB}))) == ["/data"]


def test_nosuid_alone_is_not_all_options() -> None:
    found = verdict("mount-options", booting("mount -a", **{"etc/fstab": "tmpfs /run tmpfs nosuid,size=4m 0 0\n"}))
    assert [finding.message for finding in found.findings] == [
        "/run is mounted without nodev: services write here; scripts made at boot may be run from it"
    ]


@pytest.mark.parametrize(
    ("key", "outcome"), [("/dev/urandom", Outcome.FAIL), ("none", Outcome.UNKNOWN), ("/etc/key", Outcome.UNKNOWN)]
)
def test_swap_with_a_key_of_the_moment_is_no_device_for_data(key: str, outcome: Outcome) -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/bin/mount -a\n",
        "etc/fstab": "LABEL=data /data ext4 defaults 0 2\n",
        "etc/crypttab": f"one /dev/mmcblk0p5 {key} luks\n",
    }
    assert verdict("data-unencrypted", files).outcome is outcome


def test_what_must_be_encrypted_and_lies_nowhere_is_no_pass() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/bin/mount -a\n",
        "etc/fstab": "/dev/mapper/data /data ext4 defaults 0 2\n",
        "etc/crypttab": "data /dev/mmcblk0p4 none tpm2-device=auto\n",
    }
    assert verdict("data-unencrypted", files).outcome is Outcome.PASS
    found = verdict("data-unencrypted", files, '[filesystem]\nencrypted = ["/secrets"]\n')
    assert found.outcome is Outcome.UNKNOWN
    assert "/secrets" in (found.reason or "")


def test_a_mapped_device_of_an_unseen_opener_is_no_pass() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::sysinit:/bin/mount -a\n",
        "etc/fstab": "/dev/mapper/vg-data /data ext4 defaults 0 2\n",
    }
    assert verdict("data-unencrypted", files).outcome is Outcome.UNKNOWN
