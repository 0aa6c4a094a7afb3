"""Words of the command line that undo a protection, whatever the kernel was built for."""

import re
from dataclasses import dataclass
from functools import cache

from firmward.checks.kernel.command_line.words import NO, YES
from firmward.facts.kernel_command_line import Argument
from firmward.model.finding import Severity

SHELLS = r"(?:/\S*/)?(?:ba|da|a|k|z|tc|c)?sh"


@dataclass(frozen=True, slots=True)
class Row:
    """Words that undo a protection: patterns of `name` or `name=value`, each matched as a whole.

    `breaks` says what may stop working without them, empty where nothing a product needs can; of a row that `is_manual`
    it says what to do beside.
    """

    key: str
    words: tuple[str, ...]
    severity: Severity
    why: str
    breaks: str = ""
    is_manual: bool = False

    def matches(self, argument: Argument) -> bool:
        return _pattern(self.words).fullmatch(str(argument)) is not None


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """All of them as one: a line may have thousands of words."""
    return re.compile("|".join(f"(?:{word})" for word in words))


HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

ROWS = (
    Row("init-shell", (rf"(rd)?init={SHELLS}",), HIGH, "the first program is a shell with root's rights"),
    Row("rescue", (r"single", r"[1Ss]", r"emergency", r"rescue", r"rd\.break(=.*)?", r"break(=.*)?",
        r"(rd\.)?systemd\.unit=(rescue|emergency)\.target", r"(rd\.)?systemd\.debug_shell(=(1|yes|true|on|tty\w+))?"),
        HIGH, "the system starts into, or with, a shell for whoever holds the console"),
    Row("debugger", (r"kgdboc=.+", r"kgdbwait", r"kgdbdbgp=.+", r"ekgdboc=.+", r"kdb(=.*)?",
        r"xmon(=(early|on|r[ow]).*)?"), HIGH, "a debugger on a serial line controls the kernel"),
    Row("mac-off", (r"selinux=0", r"enforcing=0", r"apparmor=0", r"security=(none|0)?", r"lsm=(none)?",
        r"androidboot\.selinux=(permissive|disabled)"), HIGH, "mandatory access control is off or only logs",
        "programs whose policy is not finished are kept from what they need"),
    Row("integrity-off", (r"ima_appraise=(off|log|fix)", r"evm=fix", r"module\.sig_enforce=0",
        r"androidboot\.veritymode=(disabled|logging)", r"androidboot\.verifiedbootstate=orange",
        r"systemd\.verity=(0|no|false|off)", r"rd\.systemd\.verity=(0|no|false|off)", r"lockdown=none"), HIGH,
        "what is not as it was signed is run all the same",
        "Programs, modules and file systems that are not as they were signed are used no more."),
    Row("network-root", (r"root=/dev/nfs", r"nfsroot=.+", r"root=(nfs4?|nbd|iscsi|http|https|live:http\S*|cifs):?.*"),
        MEDIUM, "the root file system comes from the network, and nothing on the device signs it",
        "build an image whose root lies on the device", is_manual=True),
    Row("mitigations-off", (r"mitigations=off", r"mitigations=.*[,;]no_(user|guest)_\w+.*", r"nopti", r"pti=off",
        rf"kpti={NO}", r"nospectre_v[12]\w*", r"nospectre_bhb", r"spectre_v2=off", r"spectre_v2_user=off",
        r"spec_store_bypass_disable=off", r"nospec_store_bypass_disable", r"ssbd=force-off", r"l1tf=off", r"mds=off",
        r"tsx_async_abort=off", r"retbleed=off", r"srbds=off", r"gather_data_sampling=off",
        r"spec_rstack_overflow=off", r"mmio_stale_data=off", r"no_entry_flush", r"no_uaccess_flush", r"no_stf_barrier",
        r"reg_file_data_sampling=off", r"spectre_bhi=off", r"tsa=off", r"vmscape=off", r"indirect_target_selection=off",
        r"dis_ucode_ldr", r"tsx=on"), MEDIUM, "a program reads the kernel's memory, and that of others",
        "the device is slower by several per cent, and what is near its limits comes too late"),
    Row("aslr-off", (r"nokaslr", r"norandmaps", rf"randomize_kstack_offset={NO}", r"no_hash_pointers",
        r"hash_pointers=never"), MEDIUM, "an attacker knows where everything lies in memory"),
    Row("memory-protection-off", (r"nosmep", r"nosmap", r"noexec(32)?=off", r"rodata=(off|0|n|noalias)",
        r"iomem=relaxed", rf"hardened_usercopy={NO}", r"vsyscall=native", rf"init_on_alloc={NO}", r"arm64\.nopauth",
        r"arm64\.nobti", r"nosmt=.*off", r"cfi=off", r"noibt", r"ibt=off", r"nousershstk", r"strict_devmem=(0|off)",
        r"arm64\.nomte", r"arm64\.nogcs", r"(clear|set)cpuid=.+", rf"slab_common\.usercopy_fallback(={YES})?",
        r"proc_mem\.force_override=always", rf"init_on_free={NO}", rf"page_alloc\.shuffle={NO}", r"sl[au]b_merge",
        r"kfence\.sample_interval=0", r"efi=(.*,)?no_disable_early_pci_dma(,.*)?", r"vdso(32)?=2",
        rf"bdev_allow_write_mounted={YES}"),
        MEDIUM, "faults of the kernel become easy to use",
        "old programs, and tools that reach memory and devices past their drivers, stop working"),
    Row("iommu-off", (r"iommu=(off|pt)", r"(intel|amd)_iommu=off", rf"iommu\.passthrough={YES}",
        rf"iommu\.strict={NO}"), LOW, "a device on the bus reads and writes all memory",
        "Devices whose driver or firmware gives addresses that the IOMMU does not know stop working."),
    Row("sysrq", (r"sysrq_always_enabled(=1)?",), LOW, "keys on the console kill, dump and reboot"),
    Row("audit-off", (r"audit=(0|off)",), LOW, "the kernel records no security event",
        "The log grows by what the kernel records, where no auditd takes it."),
)  # fmt: skip

ROOT_WRITABLE = Row("root-rw", (r"rw",), MEDIUM, "the root file system is mounted for writing from the first moment",
    "what writes to the root file system outside of mounts of its own fails")  # fmt: skip


def tells(word: Argument) -> bool:
    """Whether a row tells this word."""
    return any(row.matches(word) for row in ROWS)
