"""The page of the rows of kernel-config, and of what each profile leaves out."""

from collections.abc import Iterator

from firmward.audit.profiles import PROFILES
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import Row

INTRODUCTION = """
[kernel-config](checks/kernel-config.md) asks these of every kernel whose configuration is known: from `CONFIG_IKCONFIG`
inside it, a distribution's `/boot/config-*`, `/proc/config.gz` or `--kernel-config`. A row is asked only where the
option exists: of its processors and versions. *Instead* is as good, and so is a word that every command line has; what
the row *needs* and lacks has a row of its own. A defconfig says nothing of what it leaves out: such rows are unknown.
"""
PROFILES_INTRODUCTION = """
`[kernel] profile` in the [policy](policy.md) says what kind of product it is. What the profile leaves out stays in the
report, as accepted, with this sentence; everything else is asked of it as of any other.
"""


def kernel_options_page() -> str:
    parts = ["# Kernel options", INTRODUCTION, "\n".join(_options()), "## Profiles", PROFILES_INTRODUCTION]
    return "\n\n".join((*parts, "\n".join(_profiles())))


def _options() -> Iterator[str]:
    yield "| option | wanted | otherwise | kernels | severity | what it costs | advised by |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in sorted(rows(), key=lambda row: (row.option, sorted(row.architectures), row.wanted)):
        yield (
            f"| `{row.option}` | {_wanted(row)} | {row.why} | {_kernels(row)} | {row.severity} | {row.cost} "
            f"| {row.source} |"
        )


def _wanted(row: Row) -> str:
    words = {"n": "off", "y": "y", "on": "y or m", "max": "the most it takes"}
    wanted = words.get(row.wanted, row.wanted.replace("has:", "with "))
    least = " or more" if row.least else ""
    instead = f"; instead {', or '.join(one.text for one in row.instead)}" if row.instead else ""
    words = f"; or `{row.words.advice}` on the command line" if row.words is not None else ""
    needs = f"; needs {' and '.join(one.text for one in row.needs)}" if row.needs else ""
    return f"{wanted}{least}{instead}{words}{needs}"


def _kernels(row: Row) -> str:
    first = f"from {'.'.join(map(str, row.since))}" if row.since else ""
    last = f"before {'.'.join(map(str, row.until))}" if row.until else ""
    return " ".join(filter(None, (", ".join(sorted(row.architectures)), first, last))) or "all"


def _profiles() -> Iterator[str]:
    yield "| profile | may leave | why |"
    yield "| --- | --- | --- |"
    for profile, allowances in PROFILES.items():
        for one in allowances:
            yield f"| {profile} | {', '.join(f'`{key}`' for key in one.keys)} | {one.reason} |"
