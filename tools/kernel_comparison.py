"""Write tools/kernel_comparison.md, a section of docs/accuracy.md: firmward's verdicts on the kernel configurations of
Debian beside those of kernel-hardening-checker, which tests/support/real/kernel_verdicts.json holds, and then those on
command lines and parameters (kernel_words.py).

`python tools/kernel_comparison.py` fetches the configurations and writes it; then run tools/accuracy.py.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

PROJECT = Path(__file__).parents[1]
SECTION = Path(__file__).with_suffix(".md")
sys.path[:0] = (str(PROJECT / "tests" / "support"), str(Path(__file__).parent))

import kernel_words  # noqa: E402 - the folders have to be known first
from firmward.checks.kernel.options import rows  # noqa: E402
from firmward.checks.kernel.options.row import kernel_of  # noqa: E402
from real import kernel_verdicts  # noqa: E402

LATER = "the option is of other versions of Linux than this kernel, and no configuration can have it"
NEEDED = "what it needs is off, which a finding of its own tells"
OLD_NAME = (
    "the stable kernel has it under its older name (CONFIG_RETHUNK, CONFIG_CPU_UNRET_ENTRY and the like), which the "
    "program does not know"
)
WORDS = """
## Beside a checker of kernel configurations

What {program} says of {judged} configurations that Debian ships with its kernels ({releases}), and what
[kernel-config](checks/kernel-config.md) says of the same: {same} of {all} verdicts are the same, and none of the
program's rows is missing. Where they are not, firmward does not ask, or knows more:
"""
OTHERS = """
The program has no rows for other processors. Of those that Debian builds kernels for:
"""


def section(configurations: Sequence[tuple[str, str]]) -> str:
    told = [kernel_verdicts.compare(name, text) for name, text in configurations]
    judged = [one for one in told if one.name in kernel_verdicts.recorded().names]
    lacking = sorted({option for one in judged for option in one.lacking})
    if lacking:
        raise SystemExit(f"no row for {', '.join(lacking)}")
    same = sum(one.same for one in judged)
    words = WORDS.format(
        program=kernel_verdicts.recorded().program,
        judged=len(judged),
        releases=_releases(judged),
        same=f"{same:,}",
        all=f"{same + sum(len(one.not_asked) + len(one.differing) for one in judged):,}",
    )
    reasons = "\n".join(_reasons(judged, dict(configurations)))
    return "\n\n".join(
        (
            words.strip(),
            reasons,
            "\n".join(_architectures(judged)),
            OTHERS.strip(),
            "\n".join(_others(told, judged)),
            kernel_words.section(),
        )
    )


def _releases(judged: Sequence[kernel_verdicts.Comparison]) -> str:
    found = {one.name.split("/")[0] for one in judged}
    return ", ".join(f"Linux {one}" for one in sorted(found, key=lambda one: [int(step) for step in one.split(".")]))


def _reasons(judged: Sequence[kernel_verdicts.Comparison], texts: dict[str, str]) -> Iterator[str]:
    options: dict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        for option in one.not_asked:
            options[_why_not(option, texts[one.name])][option] += 1
        for option, mine, _ in one.differing:
            if not mine:
                raise SystemExit(f"{one.name}: {option} fails here alone, and nothing says why")
            options[OLD_NAME][option] += 1
    yield "| why | verdicts | options |"
    yield "| --- | --- | --- |"
    for why, counted in sorted(options.items(), key=lambda item: -item[1].total()):
        yield f"| {why} | {counted.total()} | {', '.join(f'`{option}`' for option in sorted(counted))} |"


def _why_not(option: str, text: str) -> str:
    kernel = kernel_of(kernel_verdicts.options(text))
    there = [row for row in rows() if kernel_verdicts.identity(row) == option]
    return LATER if all(replace(row, needs=()).judge(kernel) is None for row in there) else NEEDED


def _architectures(judged: Sequence[kernel_verdicts.Comparison]) -> Iterator[str]:
    yield "| Debian's architecture | configurations | rows asked | failing | the program's verdicts | the same |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name in sorted({one.name.split("/")[1] for one in judged}):
        chosen = [one for one in judged if one.name.split("/")[1] == name]
        verdicts = sum(one.same + len(one.not_asked) + len(one.differing) for one in chosen)
        yield (
            f"| {name} | {len(chosen)} | {_span(one.rows for one in chosen)} | {_span(one.failing for one in chosen)} "
            f"| {verdicts:,} | {sum(one.same for one in chosen):,} |"
        )


def _others(told: Sequence[kernel_verdicts.Comparison], judged: Sequence[kernel_verdicts.Comparison]) -> Iterator[str]:
    yield "| Debian's architecture | configurations | rows asked | failing |"
    yield "| --- | --- | --- | --- |"
    others = [one for one in told if one not in judged]
    for name in sorted({one.name.split("/")[1] for one in others}):
        chosen = [one for one in others if one.name.split("/")[1] == name]
        asked, failing = _span(one.rows for one in chosen), _span(one.failing for one in chosen)
        yield f"| {name} | {len(chosen)} | {asked} | {failing} |"


def _span(numbers: Iterator[int]) -> str:
    found = sorted(set(numbers))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


if __name__ == "__main__":
    from real.kernel_configs import configurations

    SECTION.write_text(section(configurations()) + "\n", encoding="utf-8")
