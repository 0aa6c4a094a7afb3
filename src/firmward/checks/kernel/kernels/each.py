"""Each kernel of a root judged for itself: one finding for each at most, and what is not known of any."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.model.check import Findings
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy

DOUBTS = 3
"""Reasons that are told of what is not known."""

NUMBERS = re.compile(r"[\d.]+(?:[-+~]\d+(?=[-+~]))*[-+~]?")
"""Of a release: 6.1.55- of 6.1.55-yocto-standard, 6.1.0-50- of Debian's 6.1.0-50-amd64."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one kernel: `what` follows the words "the kernel 6.1.55"."""

    what: str
    remedy: Remedy
    evidence: str
    severity: Severity | None = None


Judge = Callable[[KernelOptions], Fault | None | Unknown]


def findings(configs: KernelConfigs, topic: str, judge: Judge) -> Findings:
    """One for each kernel that has a fault. Raises Unavailable when any could not be judged."""
    doubts = list(configs.unread)
    keys: set[str] = set()
    for options in configs.found:
        judged = judge(options)
        if isinstance(judged, Unknown):
            doubts.append(f"the kernel {options.title}: {judged.reason}")
        elif judged is not None:
            key = topic if len(configs.found) == 1 else f"{topic} {_place(options)}"
            key = key if key not in keys else f"{key} {len(keys) + 1}"
            keys.add(key)
            yield Finding(
                key, f"the kernel {options.title} {judged.what}", options.at, judged.remedy, judged.severity,
                judged.evidence,
            )  # fmt: skip
    if doubts:
        raise Unavailable("; ".join(doubts[:DOUBTS]))


def _place(options: KernelOptions) -> str:
    """Where a kernel lies, without the numbers that change with each build."""
    place = options.kernel or options.name
    if not options.release:
        return place
    return place.replace(options.release, NUMBERS.sub("", options.release, 1)).rstrip("-/")
