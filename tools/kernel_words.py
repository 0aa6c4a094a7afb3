"""The part of docs/accuracy.md on words of the command line and kernel parameters: what firmward says of them beside
what kernel-hardening-checker says, in tests/support/real/kernel_words.json. tools/kernel_comparison.py writes it.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from real.kernel_words import Difference

from real import kernel_words

MEND = (
    "gather_data_sampling", "indirect_target_selection", "l1tf", "mds", "mmio_stale_data", "reg_file_data_sampling",
    "retbleed", "spec_rstack_overflow", "spec_store_bypass_disable", "spectre_bhi", "spectre_v2", "spectre_v2_user",
    "srbds", "tsa", "tsx_async_abort", "vmscape",
)  # fmt: skip
WEAKER = (
    "fs.protected_fifos", "fs.protected_regular", "fs.suid_dumpable", "kernel.io_uring_disabled",
    "kernel.kptr_restrict", "kernel.perf_event_paranoid", "kernel.unprivileged_bpf_disabled",
    "kernel.yama.ptrace_scope", "net.core.bpf_jit_harden",
)  # fmt: skip
OTHER_WORDS = (
    "init_on_free", "iommu.passthrough", "lockdown", "module.sig_enforce", "slab_nomerge", "debugfs", "vdso32",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """Why firmward fails none of these `names` where the program does; `lines` are the cases that it holds for, all
    without any."""

    text: str
    names: tuple[str, ...]
    lines: tuple[str, ...] = ()

    def explains(self, one: Difference) -> bool:
        return not one.theirs and one.name in self.names and (not self.lines or one.case.name in self.lines)


REASONS = (
    Reason("`mitigations=off` is on the line and is told once, not once more for each fix", (*MEND, "kpti"),
        ("undone",)),
    Reason("without the word the kernel mends what the CPU needs: its default is `auto`", MEND),
    Reason("`mitigations=auto,nosmt` is no less than `auto`", ("mitigations", "kpti", "ssbd"), ("hardened",)),
    Reason("pointers are hashed unless the line turns the heap's checks on", ("hash_pointers",)),
    Reason("of processors other than x86 hardly one runs two threads on a core", ("nosmt",)),
    Reason(
        "the line says the same in other words: `init-on-free=on`, `iommu=nopt`, `lockdown=integrity`, a bare "
        "`module.sig_enforce`, `slub_nomerge`, `debugfs=no-mount`, `vdso32=1`", OTHER_WORDS, ("in other words",)),
    Reason("the smaller value keeps every account but root out as well", WEAKER),
    Reason("the bits of the mask leave only what is harmless on", ("kernel.sysrq",)),
    Reason("fewer than 100 is stricter", ("kernel.oops_limit", "kernel.warn_limit")),
    Reason("2 sends cookies always", ("net.ipv4.tcp_syncookies",)),
    Reason("32768 and more keep what a null pointer with an offset reaches", ("vm.mmap_min_addr",)),
    Reason("less than 0 takes none at all, and what holds for `all` holds for every interface",
        ("net.ipv6.conf.all.accept_source_route", "net.ipv4.conf.default.accept_source_route")),
    Reason("by router advertisements IPv6 gets its addresses", tuple(
        f"net.ipv6.conf.{which}.accept_ra" for which in ("all", "default"))),
)  # fmt: skip
WORDS = """
## Beside it on command lines and kernel parameters

The same program was asked about {lines} pairs of a configuration and a command line (x86-64, x86-32, arm64, arm,
riscv; with the defaults of words built in and without) and {settings} sets of kernel parameters. {same} of {all}
verdicts of [kernel-config](checks/kernel-config.md), [kernel-cmdline](checks/kernel-cmdline.md) and
[sysctl](checks/sysctl.md) are the same. Of the program's {rows} rows firmward asks all but {unasked}, for the reasons
below, and nowhere does it fail what the program passes. What the program fails and firmward does not:
"""


def section() -> str:
    same, others = kernel_words.differences()
    told = kernel_words.names()
    words = WORDS.format(
        lines=len(kernel_words.lines()),
        settings=len(kernel_words.parameters()),
        same=f"{same:,}",
        all=f"{same + len(others):,}",
        rows=len(told),
        unasked=len(kernel_words.unasked()),
    )
    return "\n\n".join((words.strip(), "\n".join(_table(others))))


def _table(others: tuple[Difference, ...]) -> Iterator[str]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in others:
        found[reason(one)][one.name] += 1
    yield "| why | verdicts | words and parameters |"
    yield "| --- | --- | --- |"
    for why, counted in sorted(found.items(), key=lambda item: -item[1].total()):
        yield f"| {why} | {counted.total()} | {', '.join(f'`{name}`' for name in sorted(counted))} |"


def reason(one: Difference) -> str:
    """Why the two differ; a difference without a reason is a fault."""
    for known in REASONS:
        if known.explains(one):
            return known.text
    raise SystemExit(f"{one.case.processor}, {one.case.defaults}, {one.case.name}: {one.name} differs without a reason")
