"""kernel-cmdline"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.kernel_command_line import Argument, CommandLine, KernelCommandLine
from firmward.facts.medium import Medium
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

EXTLINUX = "boot/extlinux/extlinux.conf"
GRUB = "boot/grub/grub.cfg"
SHELLS = r"(?:/\S*/)?(?:ba|da|a|k|z|tc|c)?sh"


@dataclass(frozen=True, slots=True)
class Row:
    """Words that undo a protection: patterns of `name` or `name=value`, each matched as a whole."""

    key: str
    words: tuple[str, ...]
    severity: Severity
    why: str

    def matches(self, argument: Argument) -> bool:
        return any(re.fullmatch(word, str(argument)) for word in self.words)


HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW

ROWS = (
    Row("init-shell", (rf"(rd)?init={SHELLS}",), HIGH, "the first program is a shell with root's rights"),
    Row("rescue", (r"single", r"[1Ss]", r"emergency", r"rescue", r"rd\.break(=.*)?", r"break(=.*)?",
        r"(rd\.)?systemd\.unit=(rescue|emergency)\.target", r"(rd\.)?systemd\.debug_shell(=(1|yes|true|on|tty\w+))?"),
        HIGH, "the system starts into, or with, a shell for whoever holds the console"),
    Row("debugger", (r"kgdboc=.+", r"kgdbwait", r"kgdbdbgp=.+", r"ekgdboc=.+", r"kdb(=.*)?"), HIGH,
        "a debugger on a serial line controls the kernel"),
    Row("mac-off", (r"selinux=0", r"enforcing=0", r"apparmor=0", r"security=(none|0)?", r"lsm=(none)?",
        r"androidboot\.selinux=(permissive|disabled)"), HIGH, "mandatory access control is off or only logs"),
    Row("integrity-off", (r"ima_appraise=(off|log|fix)", r"evm=fix", r"module\.sig_enforce=0",
        r"androidboot\.veritymode=(disabled|logging)", r"androidboot\.verifiedbootstate=orange",
        r"systemd\.verity=(0|no|false|off)", r"rd\.systemd\.verity=(0|no|false|off)", r"lockdown=none"), HIGH,
        "what is not as it was signed is run all the same"),
    Row("network-root", (r"root=/dev/nfs", r"nfsroot=.+", r"root=(nfs4?|nbd|iscsi|http|https|live:http\S*|cifs):?.*"),
        MEDIUM, "the root file system comes from the network, and nothing on the device signs it"),
    Row("mitigations-off", (r"mitigations=off", r"nopti", r"pti=off", r"kpti=(0|off|n)", r"nospectre_v[12]\w*",
        r"nospectre_bhb", r"spectre_v2=off", r"spectre_v2_user=off", r"spec_store_bypass_disable=off",
        r"nospec_store_bypass_disable", r"ssbd=force_off", r"l1tf=off", r"mds=off", r"tsx_async_abort=off",
        r"retbleed=off", r"srbds=off", r"gather_data_sampling=off", r"spec_rstack_overflow=off",
        r"mmio_stale_data=off", r"no_entry_flush", r"no_uaccess_flush", r"no_stf_barrier",
        r"reg_file_data_sampling=off", r"spectre_bhi=off", r"tsa=off", r"vmscape=off", r"indirect_target_selection=off",
        r"dis_ucode_ldr", r"tsx=on"), MEDIUM, "a program reads the kernel's memory, and that of others"),
    Row("aslr-off", (r"nokaslr", r"norandmaps", r"randomize_kstack_offset=(0|off|n)", r"no_hash_pointers",
        r"hash_pointers=never"), MEDIUM, "an attacker knows where everything lies in memory"),
    Row("memory-protection-off", (r"nosmep", r"nosmap", r"noexec(32)?=off", r"rodata=(off|noalias)",
        r"iomem=relaxed", r"hardened_usercopy=(off|0|n)", r"vsyscall=native", r"init_on_alloc=0", r"arm64\.nopauth",
        r"arm64\.nobti", r"nosmt=.*off", r"cfi=off", r"noibt", r"ibt=off", r"nousershstk", r"strict_devmem=(0|off)",
        r"arm64\.nomte", r"arm64\.nogcs", r"(clear|set)cpuid=.+", r"slab_common\.usercopy_fallback(=(1|y|on))?",
        r"proc_mem\.force_override=always", r"init_on_free=0", r"page_alloc\.shuffle=(0|n|off)", r"sl[au]b_merge",
        r"kfence\.sample_interval=0", r"efi=(.*,)?no_disable_early_pci_dma(,.*)?", r"vdso(32)?=2",
        r"bdev_allow_write_mounted=(1|y|on)"),
        MEDIUM, "faults of the kernel become easy to use"),
    Row("iommu-off", (r"iommu=(off|pt)", r"(intel|amd)_iommu=off", r"iommu\.passthrough=1", r"iommu\.strict=0"), LOW,
        "a device on the bus reads and writes all memory"),
    Row("sysrq", (r"sysrq_always_enabled(=1)?",), LOW, "keys on the console kill, dump and reboot"),
    Row("audit-off", (r"audit=(0|off)",), LOW, "the kernel records no security event"),
)  # fmt: skip

ROOT_WRITABLE = Row("root-rw", (r"rw",), MEDIUM, "the root file system is mounted for writing from the first moment")
LOCKED = frozenset(("lockdown=integrity", "lockdown=confidentiality"))


@check(
    title="The kernel's command line undoes a protection, or lacks one",
    severity=Severity.MEDIUM,
    practice="P07",
    cwe=1188,
    bad=(
        Example({EXTLINUX: "LABEL linux\n  APPEND root=/dev/mmcblk0p2 ro lockdown=integrity mitigations=off\n"}),
        Example({GRUB: "linux /boot/vmlinuz root=/dev/sda2 ro lockdown=integrity nokaslr selinux=0\n"}),
        Example({"boot/cmdline.txt": "console=tty1 root=PARTUUID=6c586e13-02 rw lockdown=integrity\n"}),
        Example({"boot/uEnv.txt": "optargs=init=/bin/sh\nkernel_file=zImage\n"}),
        Example({"boot/loader/entries/a.conf": "title a\noptions root=/dev/sda2 ro\noptions quiet\n"}),
    ),
    good=(
        Example({EXTLINUX: "LABEL linux\n  APPEND root=/dev/mmcblk0p2 ro quiet lockdown=integrity\n"}),
        Example({GRUB: "linux /vmlinuz root=/dev/sda2 ro lockdown=confidentiality -- mitigations=off\n"}),
        Example({"boot/uEnv.txt": "optargs=quiet\n# optargs=init=/bin/sh\n"}),
    ),
)
def kernel_cmdline(command_lines: KernelCommandLine, medium: Medium | None | Unknown) -> Findings:
    """The kernel does what its command line says, whatever it was built for: one word takes away the randomised
    addresses, the guards against speculation, SELinux, or starts a shell instead of the system. A word for the sake of
    some per cent of speed, or from a day of debugging, stays in the product for years. Lockdown keeps root from the
    kernel's own memory; it may be built in, and its absence here is low.
    """
    for row in ROWS:
        found = [(line, word) for line in command_lines.lines for word in line.arguments if row.matches(word)]
        if found:
            yield _finding(row, found)
    if not (isinstance(medium, Medium) and medium.is_immutable):
        writable = list(_writable(command_lines))
        if writable:
            yield _finding(ROOT_WRITABLE, writable)
    unlocked = [line for line in command_lines.whole if not _is_locked(line)]
    if unlocked and not any(_is_locked(line) for line in command_lines.lines if not line.is_whole):
        yield _lacks_lockdown(unlocked[0].at)
    if command_lines.unread:
        raise Unavailable("; ".join(command_lines.unread[:5]))


def _writable(command_lines: KernelCommandLine) -> Iterator[tuple[CommandLine, Argument]]:
    """Lines in which `rw` is the last word of the two, and that name a root which is no mapped device."""
    for line in command_lines.lines:
        last = [word for word in line.arguments if word.name in ("ro", "rw") and word.value is None][-1:]
        verified = (line.get("root") or "").startswith(("/dev/dm-", "/dev/mapper/")) and line.has("dm_mod.create")
        if last and last[0].name == "rw" and not verified:
            yield line, last[0]


def _is_locked(line: CommandLine) -> bool:
    return any(str(word) in LOCKED for word in line.arguments)


def _finding(row: Row, found: list[tuple[CommandLine, Argument]]) -> Finding:
    words = ", ".join(dict.fromkeys(str(word) for _, word in found))
    return Finding(
        row.key,
        f"the kernel is started with {words}: {row.why}",
        at=found[0][0].at,
        remedy=Remedy(f"Take {words} off the kernel's command line", Safety.UNSAFE, Stage.SOURCE),
        severity=row.severity,
        evidence=words,
    )


def _lacks_lockdown(at: Location) -> Finding:
    return Finding(
        "lockdown",
        "the kernel is started without lockdown=: root may write to the running kernel",
        at=at,
        remedy=Remedy(
            "Add lockdown=integrity to the command line, or build it in: CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
            Safety.UNSAFE,
            Stage.SOURCE,
        ),
        severity=LOW,
    )
