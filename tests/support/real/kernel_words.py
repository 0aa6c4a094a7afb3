"""What kernel-hardening-checker says of command lines and kernel parameters, and what firmward says of the same.

The lines and parameters are those below, with configurations that have the defaults of words built in or do not. The
program's verdicts are kept as facts in kernel_words.json: `+` as wanted, `-` not, `.` no row, one letter for each case
in the order of `lines()` and `parameters()`. `python -m real.kernel_words PROGRAM` asks the program again.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from firmward.audit.engine import families, judge
from firmward.checks.kernel.command_line import lacking, undoing
from firmward.checks.kernel.command_line.words import Words
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import Kernel, kernel_of
from firmward.checks.kernel.parameters.rows import ROWS as PARAMETERS
from firmward.checks.kernel.sysctl import RANDOM_BITS, sysctl
from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelOptions
from firmward.formats import boot_arguments, kernel_config
from firmward.model.clock import Clock
from firmward.model.location import Location
from firmward.model.memory import MemoryTree

FILE = Path(__file__).with_suffix(".json")

PROCESSORS = {
    "x86_64": "CONFIG_X86_64=y\nCONFIG_X86=y\nCONFIG_IA32_EMULATION=y\nCONFIG_X86_VSYSCALL_EMULATION=y\n"
    "CONFIG_CPU_SUP_INTEL=y\nCONFIG_INTEL_IOMMU=y\nCONFIG_AMD_IOMMU=y\nCONFIG_HOTPLUG_SMT=y\n"
    "CONFIG_MITIGATION_PAGE_TABLE_ISOLATION=y\n",
    "i386": "CONFIG_X86_32=y\nCONFIG_X86=y\nCONFIG_CPU_SUP_INTEL=y\nCONFIG_INTEL_IOMMU=y\nCONFIG_HOTPLUG_SMT=y\n"
    "CONFIG_MITIGATION_PAGE_TABLE_ISOLATION=y\n",
    "arm64": "CONFIG_ARM64=y\n",
    "arm": "CONFIG_ARM=y\n",
    "riscv": "CONFIG_RISCV=y\n",
}
ALL = (
    "MODULES", "MODULE_SIG", "EFI", "DEBUG_FS", "IOMMU_SUPPORT", "KFENCE", "HARDENED_USERCOPY", "COMPAT", "KEXEC_CORE",
    "SHUFFLE_PAGE_ALLOCATOR", "RANDOMIZE_KSTACK_OFFSET", "SECURITY_LOCKDOWN_LSM", "SLUB_DEBUG", "BPF_JIT",
    "BPF_SYSCALL", "USERFAULTFD", "IO_URING", "MAGIC_SYSRQ",
)  # fmt: skip
DEFAULTS = {
    "bare": (
        "CONFIG_SLAB_MERGE_DEFAULT=y\nCONFIG_BLK_DEV_WRITE_MOUNTED=y\nCONFIG_KFENCE_SAMPLE_INTERVAL=0\n"
        "CONFIG_IOMMU_DEFAULT_PASSTHROUGH=y\nCONFIG_X86_INTEL_TSX_MODE_AUTO=y\nCONFIG_COMPAT_VDSO=y\n"
    ),
    "built": "".join(
        f"CONFIG_{name}=y\n"
        for name in (
            "INIT_ON_ALLOC_DEFAULT_ON", "INIT_ON_FREE_DEFAULT_ON", "HARDENED_USERCOPY_DEFAULT_ON",
            "RANDOMIZE_KSTACK_OFFSET_DEFAULT", "IOMMU_DEFAULT_DMA_STRICT", "EFI_DISABLE_PCI_DMA",
            "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "MODULE_SIG_FORCE", "PROC_MEM_NO_FORCE",
            "IA32_EMULATION_DEFAULT_DISABLED", "LEGACY_VSYSCALL_NONE", "X86_INTEL_TSX_MODE_OFF",
            "INTEL_IOMMU_DEFAULT_ON", "RODATA_FULL_DEFAULT_ENABLED",
        )
    )
    + "CONFIG_KFENCE_SAMPLE_INTERVAL=100\n# CONFIG_CFI_AUTO_DEFAULT is not set\n",
}  # fmt: skip
LINES = {
    "plain": "root=/dev/mmcblk0p2 ro quiet",
    "hardened": (
        "ro mitigations=auto,nosmt nosmt slab_nomerge init_on_alloc=1 init_on_free=1 page_alloc.shuffle=1 pti=on "
        "randomize_kstack_offset=on vsyscall=none vdso32=0 debugfs=off lockdown=confidentiality module.sig_enforce=1 "
        "iommu=force iommu.strict=1 iommu.passthrough=0 intel_iommu=on efi=disable_early_pci_dma hardened_usercopy=1 "
        "kfence.sample_interval=100 proc_mem.force_override=never hash_pointers=always ia32_emulation=0 tsx=off "
        "bdev_allow_write_mounted=0 cfi=kcfi"
    ),
    "in other words": (
        "ro slub_nomerge init_on_alloc=yes init-on-free=on lockdown=integrity module.sig_enforce debugfs=no-mount "
        "vdso32=1 mitigations=auto spectre_v2=on efi=runtime,disable_early_pci_dma iommu=nopt iommu.strict=y rodata=on"
    ),
    "undone": (
        "rw nokaslr nosmep nosmap mitigations=off slab_merge init_on_alloc=0 init_on_free=0 hardened_usercopy=0 "
        "no_hash_pointers iommu.passthrough=1 iommu.strict=0 rodata=off spectre_v2=off l1tf=off mds=off kpti=0 "
        "ssbd=force-off vsyscall=emulate tsx=on norandmaps sysrq_always_enabled proc_mem.force_override=always "
        "bdev_allow_write_mounted=1 amd_iommu=off randomize_kstack_offset=0 arm64.nobti nopti vdso32=2"
    ),
}
SETTINGS = {
    "as the kernel leaves them": """
kernel.dmesg_restrict 0|kernel.kptr_restrict 0|kernel.perf_event_paranoid 2|kernel.randomize_va_space 2
kernel.kexec_load_disabled 0|kernel.modules_disabled 0|kernel.unprivileged_bpf_disabled 2|kernel.sysrq 1
kernel.oops_limit 10000|kernel.warn_limit 0|kernel.io_uring_disabled 0|kernel.yama.ptrace_scope 1
dev.tty.ldisc_autoload 1|dev.tty.legacy_tiocsti 1|user.max_user_namespaces 15000|vm.unprivileged_userfaultfd 0
vm.mmap_min_addr 4096|vm.mmap_rnd_bits 28|vm.mmap_rnd_compat_bits 8|net.core.bpf_jit_harden 0
fs.protected_symlinks 0|fs.protected_hardlinks 0|fs.protected_fifos 0|fs.protected_regular 0|fs.suid_dumpable 0
net.ipv4.tcp_syncookies 1|net.ipv4.icmp_echo_ignore_broadcasts 1|net.ipv4.icmp_ignore_bogus_error_responses 1
net.ipv4.conf.all.accept_redirects 1|net.ipv4.conf.default.accept_redirects 1|net.ipv6.conf.all.accept_redirects 1
net.ipv6.conf.default.accept_redirects 1|net.ipv4.conf.all.accept_source_route 0
net.ipv4.conf.default.accept_source_route 1|net.ipv6.conf.all.accept_source_route 0
net.ipv6.conf.default.accept_source_route 0|net.ipv6.conf.all.accept_ra 1|net.ipv6.conf.default.accept_ra 1""",
    "hardened": """
kernel.dmesg_restrict 1|kernel.kptr_restrict 2|kernel.perf_event_paranoid 3|kernel.randomize_va_space 2
kernel.kexec_load_disabled 1|kernel.modules_disabled 1|kernel.unprivileged_bpf_disabled 1|kernel.sysrq 0
kernel.oops_limit 100|kernel.warn_limit 100|kernel.io_uring_disabled 2|kernel.yama.ptrace_scope 3
kernel.apparmor_restrict_unprivileged_unconfined 1|dev.tty.ldisc_autoload 0|dev.tty.legacy_tiocsti 0
user.max_user_namespaces 0|vm.unprivileged_userfaultfd 0|vm.mmap_min_addr 65536|vm.mmap_rnd_bits 32
vm.mmap_rnd_compat_bits 16|net.core.bpf_jit_harden 2|fs.protected_symlinks 1|fs.protected_hardlinks 1
fs.protected_fifos 2|fs.protected_regular 2|fs.suid_dumpable 0|net.ipv4.tcp_syncookies 1
net.ipv4.icmp_echo_ignore_broadcasts 1|net.ipv4.icmp_ignore_bogus_error_responses 1
net.ipv4.conf.all.accept_redirects 0|net.ipv4.conf.default.accept_redirects 0|net.ipv6.conf.all.accept_redirects 0
net.ipv6.conf.default.accept_redirects 0|net.ipv4.conf.all.accept_source_route 0
net.ipv4.conf.default.accept_source_route 0|net.ipv6.conf.all.accept_source_route 0
net.ipv6.conf.default.accept_source_route 0|net.ipv6.conf.all.accept_ra 0|net.ipv6.conf.default.accept_ra 0""",
    "as a product has them": """
kernel.dmesg_restrict 1|kernel.kptr_restrict 1|kernel.perf_event_paranoid 2|kernel.randomize_va_space 2
kernel.kexec_load_disabled 1|kernel.modules_disabled 0|kernel.unprivileged_bpf_disabled 2|kernel.sysrq 16
kernel.oops_limit 1|kernel.warn_limit 1|kernel.io_uring_disabled 1|kernel.yama.ptrace_scope 1
kernel.apparmor_restrict_unprivileged_unconfined 0|dev.tty.ldisc_autoload 0|dev.tty.legacy_tiocsti 0
user.max_user_namespaces 1000|vm.unprivileged_userfaultfd 1|vm.mmap_min_addr 32768|vm.mmap_rnd_bits 30
vm.mmap_rnd_compat_bits 11|net.core.bpf_jit_harden 1|fs.protected_symlinks 1|fs.protected_hardlinks 1
fs.protected_fifos 1|fs.protected_regular 1|fs.suid_dumpable 2|net.ipv4.tcp_syncookies 2
net.ipv4.icmp_echo_ignore_broadcasts 0|net.ipv4.icmp_ignore_bogus_error_responses 0
net.ipv4.conf.all.accept_redirects 0|net.ipv4.conf.default.accept_redirects 1|net.ipv6.conf.all.accept_redirects 0
net.ipv6.conf.default.accept_redirects 0|net.ipv4.conf.all.accept_source_route 0
net.ipv4.conf.default.accept_source_route 0|net.ipv6.conf.all.accept_source_route -1
net.ipv6.conf.default.accept_source_route 0|net.ipv6.conf.all.accept_ra 1|net.ipv6.conf.default.accept_ra 1""",
}


@dataclass(frozen=True)
class Case:
    """A configuration, as text, with a command line or parameters, as `sysctl -a` prints them."""

    processor: str
    defaults: str
    name: str
    config: str
    text: str


@dataclass(frozen=True)
class Difference:
    """What firmward says of a word or parameter, None where it is not asked, and what the program does."""

    case: Case
    name: str
    mine: bool | None
    theirs: bool


@cache
def lines() -> tuple[Case, ...]:
    return tuple(
        Case(processor, defaults, name, _config(processor, defaults), text)
        for processor in PROCESSORS
        for defaults in DEFAULTS
        for name, text in LINES.items()
    )


@cache
def parameters() -> tuple[Case, ...]:
    config = _config("x86_64", "bare")
    return tuple(Case("x86_64", "bare", name, config, _printed(text)) for name, text in SETTINGS.items())


def _printed(text: str) -> str:
    rows = (row.rpartition(" ") for row in text.strip().replace("\n", "|").split("|"))
    return "".join(f"{name} = {value}\n" for name, _, value in rows)


def _config(processor: str, defaults: str) -> str:
    title = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/{processor} 6.17.1 Kernel Configuration\n#\n"
    compiler = "CONFIG_CC_IS_CLANG=y\nCONFIG_CLANG_VERSION=190000\nCONFIG_GCC_VERSION=0\nCONFIG_CFI=y\n"
    bits = "CONFIG_ARCH_MMAP_RND_BITS_MAX=32\nCONFIG_ARCH_MMAP_RND_COMPAT_BITS_MAX=16\n"
    every = "".join(f"CONFIG_{name}=y\n" for name in ALL)
    filler = "".join(f"CONFIG_FILLER_{number}=y\n" for number in range(100))
    told = f'{title}CONFIG_LOCALVERSION=""\n{compiler}{every}{bits}{PROCESSORS[processor]}{DEFAULTS[defaults]}{filler}'
    return told if "CFI_AUTO" in told else f"{told}CONFIG_CFI_AUTO_DEFAULT=y\n"


@cache
def recorded() -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads(FILE.read_text())
    return found


def verdicts(kind: str, place: int) -> dict[str, bool]:
    """What the program says of one case, by word or parameter."""
    told = recorded()[kind]
    assert isinstance(told, dict)
    return {name: letters[place] == "+" for name, letters in told.items() if letters[place] != "."}


def names() -> tuple[str, ...]:
    """All words and parameters that the program has rows for."""
    told = (recorded()[kind] for kind in ("words", "parameters"))
    return tuple(name for rows in told if isinstance(rows, dict) for name in rows)


@cache
def differences() -> tuple[int, tuple[Difference, ...]]:
    """How many verdicts are the same, and those that are not."""
    same, others = 0, []
    for kind, cases, ours in (("words", lines(), of_words), ("parameters", parameters(), of_parameters)):
        for place, case in enumerate(cases):
            theirs = verdicts(kind, place)
            mine = ours(case, tuple(theirs))
            for name, verdict in theirs.items():
                if mine[name] is verdict or (mine[name] is None and verdict):
                    same += 1
                else:
                    others.append(Difference(case, name, mine[name], verdict))
    return same, tuple(others)


@cache
def unasked() -> tuple[str, ...]:
    """Those that firmward asks of no case."""
    asked = {
        name
        for cases, ours in ((lines(), of_words), (parameters(), of_parameters))
        for case in cases
        for name, said in ours(case, names()).items()
        if said is not None
    }
    return tuple(name for name in names() if name not in asked)


def of_words(case: Case, names: Sequence[str]) -> dict[str, bool | None]:
    """What firmward says of each word, by whatever row is about it."""
    said = kernel_config.parse(case.config)
    options = KernelOptions(Location("c"), said.settings, said.is_complete, said.version, "", said.architecture)
    line = CommandLine(boot_arguments.arguments(case.text), Location("l"), is_whole=True)
    kernel = kernel_of(options, KernelCommandLine((line,)))
    return {name: _of_word(name.replace("-", "_"), kernel, line) for name in names}


def _of_word(name: str, kernel: Kernel, line: CommandLine) -> bool | None:
    answers = list(_answers(name, kernel, line))
    return None if not answers else all(answers)


def _answers(name: str, kernel: Kernel, line: CommandLine) -> Iterator[bool]:
    if any(undoing.tells(word) for word in line.arguments if word.name == name):
        yield False
    elif undoes(name):
        yield True
    for row in rows():
        if row.words is not None and is_about(row.words, name):
            answer = row.judge(kernel)
            assert answer is None or isinstance(answer, bool)
            if answer is not None:
                yield answer and row.undone(kernel) is None
    for one in lacking.ROWS:
        if is_about(one.words, name) and one.concerns(kernel):
            yield not one.lacks(kernel, line)


def undoes(name: str) -> bool:
    """Whether a word of this name can undo a protection, as `nokaslr` and `spectre_v2=off` do."""
    values = ("", "=off", "=0", "=1", "=2", "=force-off", "=x")
    found = [word for value in values for word in boot_arguments.arguments(f"{name}{value}")]
    return any(undoing.tells(word) for word in found)


def is_about(words: Words, name: str) -> bool:
    """Whether it is the word that a row advises, or another that says the same; older names count in its place."""
    (advised, *_) = boot_arguments.arguments(words.advice)
    return name in words.names and name in (advised.name, "nosmt")


def of_parameters(case: Case, names: Sequence[str]) -> dict[str, bool | None]:
    """What the check says of each parameter; None of one that it does not ask."""
    tree = MemoryTree({"etc/sysctl.d/1.conf": case.text, "boot/config-6.17.1": case.config})
    facts = Collection(tree).facts("system", families([sysctl]))
    failing = {one.key for one in judge(sysctl, facts, None, Clock.__new__(Clock)).findings}
    values = dict(line.split(" = ") for line in case.text.splitlines())
    said: dict[str, bool | None] = {}
    for name in names:
        asked = [row for row in PARAMETERS if name in row.names]
        if name.removeprefix("vm.") in RANDOM_BITS:
            said[name] = name.removeprefix("vm.") not in failing
        elif asked:
            wrong = [row for row in asked if name in values and not row.fits(int(values[name]))]
            said[name] = not any(row.key in failing for row in wrong)
        else:
            said[name] = None
    return said


def asked(program: Sequence[str]) -> dict[str, object]:
    """What the program says, in the form that is kept."""
    told = {
        "words": [_asked(program, case, "-l", "cmdline") for case in lines()],
        "parameters": [_asked(program, case, "-s", "sysctl") for case in parameters()],
    }
    letters = {True: "+", False: "-", None: "."}
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    data: dict[str, object] = {"program": f"kernel-hardening-checker {version.split()[-1]}"}
    for kind, found in told.items():
        names = dict.fromkeys(name for one in found for name in one)
        data[kind] = {name: "".join(letters[one.get(name)] for one in found) for name in names}
    return data


def _asked(program: Sequence[str], case: Case, option: str, kind: str) -> dict[str, bool]:
    with tempfile.TemporaryDirectory() as folder:
        config, other = Path(folder) / "config", Path(folder) / "other"
        config.write_text(case.config)
        other.write_text(case.text if kind == "sysctl" else case.text + "\n")
        command = [*program, "-c", str(config), option, str(other), "-m", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    said: dict[str, bool] = {}
    for one in json.loads(done.stdout):
        if one["type"] == kind:
            said[one["option_name"]] = said.get(one["option_name"], True) and one["check_result_bool"]
    return said


if __name__ == "__main__":
    FILE.write_text(json.dumps(asked(sys.argv[1:]), indent=1) + "\n")
