"""Kernels as small systems have them, written by hand: what is wrong with each, and what is not known."""

from dataclasses import dataclass

import pytest
from configured import config, defconfig, judged

from firmward.checks.kernel.kernel_cgroups_missing import kernel_cgroups_missing
from firmward.checks.kernel.kernel_lsm_missing import kernel_lsm_missing
from firmward.checks.kernel.kernel_netfilter_missing import kernel_netfilter_missing
from firmward.checks.kernel.kernel_optee_missing import kernel_optee_missing
from firmward.model.finding import Outcome
from firmward.model.memory import Content

CHECKS = {
    "lsm": kernel_lsm_missing,
    "netfilter": kernel_netfilter_missing,
    "cgroups": kernel_cgroups_missing,
    "optee": kernel_optee_missing,
}
NET = "NET=y INET=y IPV6=y"
GROUPS = "CGROUPS=y MEMCG=y CGROUP_PIDS=y CGROUP_SCHED=y FAIR_GROUP_SCHED=y CFS_BANDWIDTH=y"


@dataclass(frozen=True)
class Small:
    """A root's `files`, and by their words which checks fail and which cannot tell."""

    name: str
    files: dict[str, Content]
    fails: str = ""
    unknown: str = ""


OPENWRT = f"{NET} NETFILTER=y NF_TABLES=m NF_TABLES_INET=y IP_NF_IPTABLES=m IP_NF_FILTER=m MODULES=y {GROUPS}"
VENDOR = "NET=y INET=y NETFILTER=y IP_NF_IPTABLES=y IP_NF_FILTER=y MODULES=y"
SMALL = (
    Small("tiny", {"boot/config": config("", "6.6.30", "arm")}, "lsm cgroups", "optee"),
    Small(
        "openwrt",
        {
            "lib/modules/6.6.30/config": config(OPENWRT, "6.6.30", "mips"),
            "lib/modules/6.6.30/nf_tables.ko": b"\x7fELF",
            "lib/modules/6.6.30/nft_chain_nat.ko": b"\x7fELF",
        },
        "lsm",
        "cgroups",
    ),
    Small(
        "openwrt-without-a-firewall",
        {
            "lib/modules/6.6.30/config": config(OPENWRT, "6.6.30", "mips"),
            "lib/modules/6.6.30/cfg80211.ko": b"\x7fELF",
        },
        "lsm netfilter",
        "cgroups",
    ),
    Small("camera-of-a-vendor", {"boot/config": config(VENDOR, "3.10.14", "mips")}, "lsm cgroups"),
    Small(
        "the-same-with-ipv6", {"boot/config": config(f"{VENDOR} IPV6=y", "3.10.14")}, "lsm netfilter cgroups", "optee"
    ),
    Small("defconfig", {"boot/config": defconfig("MODULES=y SERIAL=y")}, "", "lsm netfilter cgroups optee"),
    Small(
        "hardened",
        {
            "boot/config": config(
                f"{NET} NETFILTER=y NF_TABLES=y NF_TABLES_INET=y {GROUPS} TEE=y OPTEE=y SECURITY=y SECURITY_SMACK=y "
                'LSM="landlock,lockdown,yama,smack"'
            ),
            "boot/extlinux/extlinux.conf": "append root=/dev/mmcblk0p2 ro\n",
            "etc/smack/accesses": "system user rwx\n",
        },
    ),
)


@pytest.mark.parametrize("small", SMALL, ids=lambda one: one.name)
def test_what_a_small_system_lacks_is_told(small: Small) -> None:
    found = {name: judged(check, small.files).outcome for name, check in CHECKS.items()}
    assert {name for name, outcome in found.items() if outcome is Outcome.FAIL} == set(small.fails.split()), found
    assert {name for name, outcome in found.items() if outcome is Outcome.UNKNOWN} == set(small.unknown.split()), found
