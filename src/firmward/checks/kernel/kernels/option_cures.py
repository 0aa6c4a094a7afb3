"""The cure of a row of kernel options: what the configuration has to say, and how safe that is."""

import re

from firmward.checks.kernel.kernels.security_modules import MANDATORY, built
from firmward.checks.kernel.options.row import RISKY, Row
from firmward.facts.kernel_config import KernelOptions
from firmward.model.remedy import Remedy, Safety, SetKernelOption, Stage

NUMBER = re.compile(r"-?\d+|0x[0-9a-fA-F]+")


def cure(row: Row, option: str, options: KernelOptions, need: str = "") -> Remedy:
    """For a kernel that calls it `option`; `need` is why the product cannot do so, empty where it can.

    What a configuration does not say may be on: it holds the row, or goes off with it.
    """
    wanted = wanted_value(row, options)
    advice = "turn it off" if wanted == "n" else f"set it to {wanted}"
    word = "" if row.words is None else f", or start the kernel with {row.words.advice}"
    summary = f"In the kernel's configuration {advice}{word}, as {row.source} advises; {row.cost}"
    if need:
        return Remedy(f"Accept it with a reason, since {need}", Safety.MANUAL, Stage.SOURCE)
    held = [one for one in row.held_by if options.is_on(one) is not False]
    if held:
        return Remedy(f"{summary}. It has to do without CONFIG_{held[0]} first", Safety.MANUAL, Stage.SOURCE)
    with_it = [f"CONFIG_{one}" for one in row.selected_by if options.is_on(one) is not False]
    off = tuple(SetKernelOption(one, "n") for one in with_it)
    return Remedy(
        summary,
        Safety.UNSAFE if row.cost in RISKY or off else Safety.SAFE,
        Stage.SOURCE,
        (SetKernelOption(f"CONFIG_{option}", written(wanted)), *off),
        f"what needs {' or '.join(with_it)}, which selects it, stops working" if off else row.breaks,
    )


def written(value: str) -> str:
    """As Kconfig reads it: words in quotes."""
    return value if value in ("y", "m", "n") or NUMBER.fullmatch(value) else f'"{value}"'


def wanted_value(row: Row, options: KernelOptions) -> str:
    """Empty where the configuration does not say how much there can be."""
    if row.wanted == "max":
        return options.options.get(f"{row.option}_MAX", "")
    if row.wanted.startswith("has:"):
        words = [word for word in options.options.get(row.option, "").split(",") if word]
        return ",".join((*words, _module(row, options)))
    return "y" if row.wanted == "on" else row.wanted


def _module(row: Row, options: KernelOptions) -> str:
    """The word that the list lacks; of several that are as good, one that is built already."""
    wanted = row.wanted.removeprefix("has:")
    if row.name != "lsm-mandatory":
        return wanted
    return next((name for name in MANDATORY if built(options, name) is True), wanted)
