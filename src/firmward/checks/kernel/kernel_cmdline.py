"""kernel-cmdline"""

from collections.abc import Iterator

from firmward.checks.kernel.command_line import lacking, undoing
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import BREAKS, RISKY, Kernel, kernel_of
from firmward.facts.kernel_command_line import Argument, CommandLine, KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.medium import Medium
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, RemoveKernelWord, Safety, SetKernelWord, Stage

EXTLINUX = "boot/extlinux/extlinux.conf"
GRUB = "boot/grub/grub.cfg"
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
def kernel_cmdline(
    command_lines: KernelCommandLine,
    medium: Medium | None | Unknown,
    configs: KernelConfigs | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """The kernel does what its command line says, whatever it was built for: one word takes away the randomised
    addresses, the guards against speculation, SELinux, or starts a shell instead of the system. A word for the sake of
    some per cent of speed, or from a day of debugging, stays in the product for years.

    What lacks is asked where the kernel's configuration is known: a word that an option stands for is kernel-config's,
    which passes where the option or every command line has it. Where the configuration is not known, lockdown alone is
    missed, which hardly any kernel has built in: it keeps root from the kernel's own memory.
    """
    for row in undoing.ROWS:
        found = [(line, word) for line in command_lines.lines for word in line.arguments if row.matches(word)]
        if found:
            yield _finding(row, found, _off(row, found))
    if not (isinstance(medium, Medium) and medium.is_immutable):
        writable = list(_writable(command_lines))
        if writable:
            yield _finding(undoing.ROOT_WRITABLE, writable, _read_only(policy))
    if isinstance(configs, KernelConfigs):
        kernels = [kernel_of(one, command_lines) for one in configs.found]
        yield from _undone(kernels)
        yield from _lacking(kernels)
    else:
        yield from _unlocked(command_lines)
    if command_lines.unread:
        raise Unavailable("; ".join(command_lines.unread[:5]))


def _writable(command_lines: KernelCommandLine) -> Iterator[tuple[CommandLine, Argument]]:
    """Lines in which `rw` is the last word of the two, and that name a root which is no mapped device."""
    for line in command_lines.lines:
        last = [word for word in line.arguments if word.name in ("ro", "rw") and word.value is None][-1:]
        verified = (line.get("root") or "").startswith(("/dev/dm-", "/dev/mapper/")) and line.has("dm_mod.create")
        if last and last[0].name == "rw" and not verified:
            yield line, last[0]


def _off(row: undoing.Row, found: list[tuple[CommandLine, Argument]]) -> Remedy:
    words = dict.fromkeys(str(word) for _, word in found)
    summary = f"Take {', '.join(words)} off the kernel's command line"
    if row.is_manual:
        return Remedy(f"{summary}, and {row.breaks}", Safety.MANUAL, Stage.SOURCE)
    changes = tuple(RemoveKernelWord(word) for word in words)
    return Remedy(summary, Safety.UNSAFE if row.breaks else Safety.SAFE, Stage.SOURCE, changes, row.breaks)


def _read_only(policy: Policy | None) -> Remedy:
    """Safe where the policy declares a root on verity, which nothing can write to."""
    files = None if policy is None else policy.filesystem
    is_declared = files is not None and files.verified == "verity"
    changes: tuple[Change, ...] = (RemoveKernelWord("rw"), SetKernelWord("ro"))
    return Remedy(
        "Take rw off the kernel's command line, and put ro there",
        Safety.SAFE if is_declared else Safety.UNSAFE,
        Stage.SOURCE,
        changes,
        "" if is_declared else undoing.ROOT_WRITABLE.breaks,
    )


def _finding(row: undoing.Row, found: list[tuple[CommandLine, Argument]], remedy: Remedy) -> Finding:
    words = ", ".join(dict.fromkeys(str(word) for _, word in found))
    return Finding(
        row.key,
        f"the kernel is started with {words}: {row.why}",
        at=found[0][0].at,
        remedy=remedy,
        severity=row.severity,
        evidence=words,
    )


def _undone(kernels: list[Kernel]) -> Iterator[Finding]:
    """What a configuration has as wanted and a word takes back, where no row tells the word itself."""
    told: set[str] = set()
    for row in rows():
        line = next((line for kernel in kernels if (line := row.undone(kernel)) is not None), None)
        word = None if line is None or row.words is None else row.words.deciding(line)
        if line is None or word is None or row.name in told or undoing.tells(word):
            continue
        told.add(row.name)
        yield Finding(
            row.name,
            f"the kernel is started with {word}, against what it was built for: {row.why}",
            at=line.at,
            remedy=Remedy(
                f"Take {word} off the kernel's command line",
                Safety.UNSAFE if row.cost in RISKY else Safety.SAFE,
                Stage.SOURCE,
                (RemoveKernelWord(str(word)),),
                row.breaks,
            ),
            severity=row.severity,
            evidence=str(word),
        )


def _lacking(kernels: list[Kernel]) -> Iterator[Finding]:
    for row in lacking.ROWS:
        line = next((line for kernel in kernels if row.concerns(kernel) for line in _without(row, kernel)), None)
        if line is None:
            continue
        cause = row.cause_on(line)
        yield Finding(
            row.key,
            f"the kernel is started {f'with {cause} and ' if cause else ''}without {row.words.advice}: {row.why}",
            at=line.at,
            remedy=_added(row, cause),
            severity=row.severity,
        )


def _without(row: lacking.Row, kernel: Kernel) -> Iterator[CommandLine]:
    """The lines that lack a word, and have none against it that is told already."""
    for line in () if isinstance(kernel.lines, Unknown) else kernel.lines:
        word = row.words.deciding(line)
        if row.lacks(kernel, line) and not (word is not None and undoing.tells(word)):
            yield line


def _added(row: lacking.Row, cause: Argument | None) -> Remedy:
    known = f", which takes {row.words.needs.text}" if row.words.needs is not None else ""
    off = f", or take {cause} off" if cause else ""
    return Remedy(
        f"Add {row.words.advice} to the kernel's command line{known}{off}, as {row.source} advises; {row.cost}",
        Safety.UNSAFE if row.cost in RISKY else Safety.SAFE,
        Stage.SOURCE,
        (SetKernelWord(row.words.advice),),
        BREAKS.get(row.cost, ""),
    )


def _unlocked(command_lines: KernelCommandLine) -> Iterator[Finding]:
    open_ones = [line for line in command_lines.whole if not _is_locked(line)]
    if open_ones and not any(_is_locked(line) for line in command_lines.lines if not line.is_whole):
        yield Finding(
            "lockdown",
            "the kernel is started without lockdown=: root may write to the running kernel",
            at=open_ones[0].at,
            remedy=Remedy(
                "Add lockdown=integrity to the command line, or build it in: CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
                Safety.UNSAFE,
                Stage.SOURCE,
                (SetKernelWord("lockdown=integrity"),),
                "modules without a signature, programs that use /dev/mem, hibernation and kexec stop working",
            ),
            severity=Severity.LOW,
        )


def _is_locked(line: CommandLine) -> bool:
    return any(str(word) in LOCKED for word in line.arguments)
