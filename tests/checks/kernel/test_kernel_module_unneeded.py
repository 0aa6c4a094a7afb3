"""Modules that nobody needs are found, and those that something needs are not."""

import re

import pytest
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.audit.engine import Verdict, families, judge
from firmward.audit.example import CLOCK
from firmward.checks.kernel.kernel_module_unneeded import ROWS, Row
from firmward.checks.kernel.kernel_module_unneeded import kernel_module_unneeded as check
from firmward.facts.collection import Collection
from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.medium import Medium
from firmward.model.facts import Facts, Unknown
from firmward.model.finding import Outcome
from firmward.model.folder import FolderTree
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.policy import parse_policy
from firmward.model.remedy import SetKernelOption
from firmward.model.tree import Tree

TITLE = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.30 Kernel Configuration\n"
REST = "CONFIG_MODULES=y\n" + "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))
CONFIG: dict[str, Content] = {"boot/config-6.12.30": TITLE + REST}
FOLDER = "lib/modules/6.12.30"
SYSTEM: dict[str, Content] = {
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/rcS": executable("#!/bin/sh\nmount -a\n"),
    "etc/fstab": "/dev/mmcblk0p2 / squashfs ro 0 0\n",
}
ELF = b"\x7fELF"
PROGRAM = executable("\x7fELF")


def modules(*names: str) -> dict[str, Content]:
    return {f"{FOLDER}/kernel/{name}.ko": ELF for name in names}


def facts(tree: Tree | dict[str, Content]) -> Facts:
    tree = MemoryTree(SYSTEM | CONFIG | tree) if isinstance(tree, dict) else tree
    return Collection(tree).facts("example", families([check]))


def judged(tree: Tree | dict[str, Content], policy: str = "") -> Verdict:
    return judge(check, facts(tree), parse_policy(policy), CLOCK)


def keys(files: dict[str, Content], policy: str = "") -> list[str]:
    found = judged(files, policy)
    assert found.outcome is not Outcome.ERROR, found.reason
    return [one.key for one in found.findings]


NAMES = [(row.key, option, module) for row in ROWS for option, module in row.modules.items()]


@pytest.mark.parametrize(("key", "option", "module"), NAMES)
def test_a_module_and_a_driver_built_in_are_found_by_their_row(key: str, option: str, module: str) -> None:
    assert keys(modules(module)) == [key]
    assert keys({"boot/config-6.12.30": f"{TITLE}CONFIG_{option}=y\n{REST}"}) == [key]
    assert keys({f"{FOLDER}/modules.builtin": f"kernel/{module}.ko\n"}) == [key]


@pytest.mark.parametrize(("key", "option", "module"), NAMES)
def test_what_the_policy_names_is_needed(key: str, option: str, module: str) -> None:
    for name in (module, module.replace("_", "-")):
        assert keys(modules(module), f'[kernel]\nmodules = ["{name}"]\n') == []
    assert keys(modules(module), '[kernel]\nmodules = ["uvcvideo"]\n') == [key]


def test_a_module_that_is_only_configured_and_not_here_is_no_finding() -> None:
    found = judged({"boot/config-6.12.30": f"{TITLE}CONFIG_IP_DCCP=m\n{REST}"})
    assert found.outcome is Outcome.PASS, found.reason


NEEDED = [
    ("bluetooth", {"etc/modules-load.d/a.conf": "bluetooth\n"}),
    ("bluetooth", {"etc/modules": "btusb\n", f"{FOLDER}/modules.dep": "kernel/btusb.ko: kernel/bluetooth.ko\n"}),
    ("bluetooth", {"usr/libexec/other": PROGRAM, "usr/sbin/bluetoothd": PROGRAM}),
    ("rds", {"etc/init.d/rcS": executable("#!/bin/sh\nmodprobe rds\n")}),
    ("tipc", {"etc/modules.d/tipc": "tipc\n"}),
    ("atm", {"usr/sbin/br2684ctl": PROGRAM}),
    ("udf", {"etc/fstab": "/dev/sr0 /media/disc udf,iso9660 noauto,ro 0 0\n"}),
    ("hfsplus", {"etc/init.d/rcS": executable("#!/bin/sh\nmount -t hfsplus /dev/mmcblk1p1 /mnt\n")}),
    ("freevxfs", {"etc/fstab": "/dev/mmcblk1p1 /mnt vxfs ro 0 0\n"}),
    ("minix", {"etc/fstab": "/dev/mmcblk1p1 /mnt minix ro 0 0\n"}),
    ("usb-storage", {"etc/fstab": "/dev/sda1 /mnt vfat noauto 0 0\n"}),
    ("usb-storage", {"etc/fstab": "UUID=1234-5678 /mnt vfat noauto 0 0\n"}),
    ("usb-storage", {"usr/libexec/other": PROGRAM, "usr/bin/udevil": PROGRAM}),
    ("floppy", {"etc/fstab": "/dev/fd0 /media/floppy auto noauto 0 0\n"}),
]  # fmt: skip


@pytest.mark.parametrize(("module", "files"), NEEDED)
def test_what_is_used_is_needed(module: str, files: dict[str, Content]) -> None:
    assert keys(modules(module) | files) == []


def test_one_old_file_system_in_use_excuses_no_other() -> None:
    files = modules("minix", "ufs") | {"etc/fstab": "/dev/mmcblk1p1 /mnt minix ro 0 0\n"}
    (found,) = judged(files).findings
    assert found.evidence == f"{FOLDER}/kernel/ufs.ko"


def test_the_file_system_of_the_root_is_needed() -> None:
    known = facts(modules("cramfs"))
    of_cramfs = Facts(known.subject, known.source, {**known.families, Medium: Medium("cramfs", True, False)})
    assert judge(check, known, parse_policy(""), CLOCK).outcome is Outcome.FAIL
    assert judge(check, of_cramfs, parse_policy(""), CLOCK).outcome is Outcome.PASS


RULES = [
    "install dccp /bin/false",
    "blacklist dccp",
    "alias net-pf-2-proto-0-type-6 off\nalias net-pf-2-proto-33-type-6 off",
]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_modprobe_keeps_a_module_out_and_nothing_that_is_built_in(rule: str) -> None:
    file: dict[str, Content] = {"etc/modprobe.d/own.conf": f"{rule}\n"}
    assert keys(modules("dccp") | file) == []
    assert keys({f"{FOLDER}/modules.builtin": "kernel/net/dccp/dccp.ko\n"} | file) == ["dccp"]


def test_a_rule_that_busybox_does_not_know_keeps_nothing_out() -> None:
    busybox: dict[str, Content] = {"bin/busybox": PROGRAM, "sbin/modprobe": link("../bin/busybox")}
    rule: dict[str, Content] = {"etc/modprobe.d/own.conf": "install dccp /bin/false\n"}
    assert keys(modules("dccp") | rule | busybox) == ["dccp"]


def test_a_module_whose_own_needs_are_refused_stays_out() -> None:
    files: dict[str, Content] = {
        **modules("kafs", "rxrpc"),
        f"{FOLDER}/modules.dep": "kernel/kafs.ko: kernel/rxrpc.ko\n",
    }
    assert keys(files | {"etc/modprobe.d/own.conf": "install rxrpc /bin/false\n"}) == []
    (found,) = judged(files | {"etc/modprobe.d/own.conf": "blacklist rxrpc\n"}).findings
    assert found.evidence == f"{FOLDER}/kernel/kafs.ko"


def test_a_finding_says_which_options_end_it() -> None:
    files = modules("ax25", "rose") | {"boot/config-6.12.30": f"{TITLE}CONFIG_NETROM=y\n{REST}"}
    (found,) = judged(files).findings
    assert "built into the kernel 6.12.30 (NETROM) and can be loaded (ax25.ko, rose.ko)" in found.message
    assert found.remedy is not None
    assert {change.option for change in found.remedy.changes if isinstance(change, SetKernelOption)} == {
        "CONFIG_AX25", "CONFIG_NETROM", "CONFIG_ROSE",
    }  # fmt: skip
    assert found.at is not None
    assert found.at.path == f"{FOLDER}/kernel/ax25.ko"


def test_without_the_configuration_what_lies_here_is_told_and_no_more_is_known() -> None:
    files: dict[str, Content] = {**SYSTEM, **modules("dccp")}
    found = judged(MemoryTree(files))
    assert ([one.key for one in found.findings], found.outcome) == (["dccp"], Outcome.FAIL)
    assert judged(MemoryTree({**SYSTEM, **modules("tun")})).outcome is Outcome.UNKNOWN
    assert judged(MemoryTree(SYSTEM)).outcome is Outcome.UNKNOWN
    listed = {**SYSTEM, **modules("tun"), f"{FOLDER}/modules.builtin": "kernel/ext4.ko\n"}
    assert judged(MemoryTree(listed)).outcome is Outcome.PASS


def test_a_configuration_that_leaves_options_out_passes_nothing() -> None:
    found = judged({"boot/config-6.12.30": "CONFIG_MODULES=y\n"})
    assert found.outcome is Outcome.UNKNOWN
    assert "not a complete one" in (found.reason or "")


@pytest.mark.parametrize("module", ["hfs", "usb-storage"])
def test_where_nothing_says_what_is_mounted_file_systems_are_not_judged(module: str) -> None:
    found = judged(MemoryTree(CONFIG | modules(module)))
    assert (found.outcome, found.findings) == (Outcome.UNKNOWN, ())
    assert "what is mounted" in (found.reason or "")
    assert [one.key for one in judged(MemoryTree(CONFIG | modules("rds"))).findings] == ["rds"]


def test_where_programs_are_not_known_what_they_could_need_is_not_judged() -> None:
    known = facts(modules("bluetooth", "dccp"))
    blind = Facts(known.subject, known.source, {**known.families, InstalledPrograms: Unknown("no time left")})
    assert [one.key for one in judge(check, blind, parse_policy(""), CLOCK).findings] == ["dccp"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_each_row_is_well_formed(row: Row) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", row.key)
    assert all(re.fullmatch(r"[A-Z0-9_]+", option) for option in row.modules)
    assert all(re.fullmatch(r"[a-z0-9_]+", module) for module in row.modules.values())
    assert {*row.aliases, *row.types} <= {*row.modules.values()}
    assert 40 <= len(row.why) <= 130
    assert not row.why.endswith(".")


def test_no_row_is_there_twice() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)
    assert len({option for row in ROWS for option in row.modules}) == len(NAMES)


@pytest.mark.proof
def test_debians_kernel_brings_most_of_them() -> None:
    try:
        folder = kernel("arm64", "arm64").resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    found = {one.key for one in judged(FolderTree(folder)).findings}
    assert {"sctp", "tipc", "rds", "bluetooth", "atm", "nfc", "can-isotp"} <= found
    assert not found & {"ipx", "econet", "irda", "hfs"}, "gone from Linux 6.1, or not to be judged without mounts"
