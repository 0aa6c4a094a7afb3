"""A fragment for the kernel's configuration, as `scripts/kconfig/merge_config.sh` takes it.

It has what findings ask for and what must go with that, then what nothing says how it stands, then what is so already
and has to stay; what is not written is told at the end, with the reason. A loadable module that is refused is off here
too, so that the next build has none.
"""

import re
from collections.abc import Iterable, Iterator

from firmward.harden import kconfig
from firmward.harden.site import Beside
from firmward.model.asked_option import AskedOption, Standing
from firmward.model.policy import Policy
from firmward.model.remedy import SetKernelOption

NAME = "kernel.config"
TITLE = "merge_config.sh -m .config kernel.config && make olddefconfig; gcc's plugins need its headers (gcc-plugin-dev)"
CHANGED = "What findings ask for, and what that depends on"
UNSAID = "What no configuration says of the kernel that there is"
KEPT = "What the kernel has already"
LEFT = "What is not written"
CONDITIONS = (
    (
        re.compile(r"CONFIG_(?:GCC_PLUGIN\w*|RANDSTRUCT_FULL|KSTACK_ERASE)"),
        "a gcc with its plugins' headers (gcc-plugin-dev)",
    ),
    (re.compile(r"CONFIG_STACKPROTECTOR_PER_TASK"), "a compiler with -mstack-protector-guard"),
    (re.compile(r"CONFIG_MIPS_CMDLINE_FROM_BOOTLOADER"), "another of its choice on, CONFIG_MIPS_CMDLINE_FROM_DTB say"),
    (re.compile(r"CONFIG_SLUB_DEBUG"), "CONFIG_SLUB on, from Linux 6.8 on always"),
    (re.compile(r"CONFIG_BPF_UNPRIV_DEFAULT_OFF"), "CONFIG_BPF_SYSCALL on"),
)
"""What no other line can give, by the options that Kconfig keeps only with it."""
EXPERT = frozenset(f"CONFIG_{name}" for name in (
    "AIO", "ARCH_MMAP_RND_BITS", "ARCH_MMAP_RND_COMPAT_BITS", "CACHESTAT_SYSCALL", "COREDUMP", "IO_URING", "KALLSYMS",
    "KCMP", "MIPS_FP_SUPPORT", "MODIFY_LDT_SYSCALL", "PROC_PAGE_MONITOR", "RSEQ", "SYSFS_SYSCALL", "TRIM_UNUSED_KSYMS",
    "VT", "X86_16BIT", "X86_VSYSCALL_EMULATION"))  # fmt: skip
"""What Kconfig decides by itself for everybody but experts, and would put back to its default."""
NEEDS = {
    "CONFIG_MODULE_SIG_FORCE": ("CONFIG_MODULE_SIG",),
    "CONFIG_SECURITY_LOCKDOWN_LSM_EARLY": ("CONFIG_SECURITY_LOCKDOWN_LSM",),
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY": ("CONFIG_SECURITY_LOCKDOWN_LSM",),
    "CONFIG_SECURITY_YAMA": ("CONFIG_SECURITY",),
    "CONFIG_SECURITY_LANDLOCK": ("CONFIG_SECURITY",),
    "CONFIG_SECURITY_LOCKDOWN_LSM": ("CONFIG_SECURITY", "CONFIG_MODULE_SIG"),
    "CONFIG_SECURITY_SELINUX": ("CONFIG_SECURITY", "CONFIG_SECURITY_NETWORK", "CONFIG_AUDIT"),
    "CONFIG_SECURITY_APPARMOR": ("CONFIG_SECURITY", "CONFIG_SECURITYFS"),
    "CONFIG_IO_STRICT_DEVMEM": ("CONFIG_STRICT_DEVMEM",),
    "CONFIG_STACKPROTECTOR_STRONG": ("CONFIG_STACKPROTECTOR",),
    "CONFIG_SECCOMP_FILTER": ("CONFIG_SECCOMP",),
    "CONFIG_UBSAN_BOUNDS": ("CONFIG_UBSAN",),
    "CONFIG_UBSAN_SANITIZE_ALL": ("CONFIG_UBSAN",),
    "CONFIG_RANDSTRUCT_FULL": ("CONFIG_GCC_PLUGINS",),
    "CONFIG_GCC_PLUGIN_LATENT_ENTROPY": ("CONFIG_GCC_PLUGINS",),
    "CONFIG_GCC_PLUGIN_STACKLEAK": ("CONFIG_GCC_PLUGINS",),
    "CONFIG_KASAN_HW_TAGS": ("CONFIG_KASAN",),
}
"""By option what Kconfig has it depend on, and would else drop it without a word."""
ALONE = {"CONFIG_UBSAN_TRAP": tuple(f"CONFIG_UBSAN_{kind}" for kind in (
    "SHIFT", "DIV_ZERO", "UNREACHABLE", "SIGNED_WRAP", "INTEGER_WRAP", "BOOL", "ENUM", "ALIGNMENT"))}  # fmt: skip
"""By option what has to be off beside it, and Kconfig does not turn off."""


def render(beside: Beside, policy: Policy | None) -> str | None:
    rows = [one for one in beside.rows if _is_line(one)]
    unsaid = [one for one in rows if one.standing is Standing.OPEN and one.option not in beside.kernel]
    changed = _with_needs(beside.kernel)
    opened = {name: value for name, value in _with_needs(_values(unsaid)).items() if name not in changed}
    kept = _values(one for one in rows if one.standing is Standing.RIGHT)
    kept = {name: value for name, value in kept.items() if name not in changed and name not in opened}
    written = {**changed, **opened, **kept}
    left = [one for one in beside.rows if one.option not in written]
    if not written and not left:
        return None
    lines = [kconfig.comment(TITLE)]
    for title, options in ((CHANGED, changed), (UNSAID, opened), (KEPT, kept)):
        lines += _section(title, options, beside)
    lines += ["#", kconfig.comment(LEFT), *map(_told, left)] if left else []
    return "".join(f"{one}\n" for one in lines)


def _is_line(one: AskedOption) -> bool:
    """What stands in the kernel may be no text that a fragment can hold."""
    return not one.left and kconfig.is_line(one.option, one.value)


def _values(rows: Iterable[AskedOption]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in rows:
        found |= {one.option: one.value}
        for other in one.also:
            found.setdefault(other, "n")
    return found


def _with_needs(asked: dict[str, str]) -> dict[str, str]:
    options = dict(asked)
    for option, value in asked.items():
        if option in EXPERT:
            options.setdefault("CONFIG_EXPERT", "y")
        if value != "y":
            continue
        for need in NEEDS.get(option, ()):
            options.setdefault(need, "y")
        for other in ALONE.get(option, ()):
            options.setdefault(other, "n")
    return options


def _section(title: str, options: dict[str, str], beside: Beside) -> Iterator[str]:
    if not options:
        return
    yield "#"
    yield kconfig.comment(title)
    for option, value in sorted(options.items()):
        yield from _reasons(option, beside)
        yield kconfig.line(option, value)


def _reasons(option: str, beside: Beside) -> Iterator[str]:
    """Of the rows that ask for it, else of the cure that does."""
    rows = [one for one in beside.rows if one.option == option]
    for one in dict.fromkeys(rows):
        yield kconfig.comment(f"{one.key}: else {one.why} ({one.advised})")
        if one.breaks and one.standing is not Standing.RIGHT:
            yield kconfig.comment(f"may break: {one.breaks}")
    reason = beside.reasons.get((SetKernelOption, option))
    if not rows and reason is not None:
        yield kconfig.comment(reason)
    if rows and all(one.standing is Standing.RIGHT for one in rows):
        return
    conditions = [one.condition for one in rows if one.condition]
    conditions += [words for options, words in CONDITIONS if options.fullmatch(option)]
    if conditions:
        yield kconfig.comment(f"it is there with {', '.join(dict.fromkeys(conditions))}")


def _told(one: AskedOption) -> str:
    wanted = f"={one.value}" if one.value else ""
    return kconfig.comment(f"{one.option.removeprefix('CONFIG_')}{wanted}: {one.left or 'its cure was not applied'}")
