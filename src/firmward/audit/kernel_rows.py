"""All rows of kernel options that a root's kernel is asked, for the fragment that hardening writes beside the root.

The rules this file holds:

- Where a configuration is known, rows stand as kernel-config judges them. Where none is, all rows are asked of the
  processor that the policy or a kernel's header names, and of the release that a kernel or its modules name.
- What the profile of the policy leaves out, what is accepted and what the policy needs is not asked for, with the
  reason; what the configuration has as wanted already stays as it is.
- Without a configuration the fragment itself is what is known: a row that another of its lines makes needless, or
  contradicts, gives way. A list is not written, since it would take the place of one that names more.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date

from firmward.audit.accept import covers
from firmward.audit.profiles import allowance
from firmward.checks.kernel.kernels.needed import needed
from firmward.checks.kernel.kernels.option_cures import cure, written
from firmward.checks.kernel.options import rows
from firmward.checks.kernel.options.row import FORMER, Kernel, Row, kernel_of, name_in
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.kernel_images import KernelImages
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.asked_option import AskedOption, Standing
from firmward.model.facts import Facts, Unknown
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Safety, SetKernelOption

CHECK = "kernel-config"
LINUX_NAMES = {"x86-64": "x86_64", "x86": "i386", "riscv64": "riscv", "mipsel": "mips"}
"""What Linux calls the architectures of the policy, where that is another name."""
LIST, NO_VALUE = "has:", '""'

Asked = tuple[Row, Kernel, AskedOption]


def asked(
    facts: Facts, policy: Policy | None, today: date, *, unsafe: bool = False, only: Collection[str] = ()
) -> tuple[AskedOption, ...]:
    """Of every row that one of the root's kernels is asked; `only` names checks, or findings as `check[key]`."""
    kernels, needs = _kernels(facts, policy), needed(policy)
    found: list[Asked] = []
    for row in rows():
        if only and CHECK not in only and f"{CHECK}[{row.name}]" not in only:
            continue
        one = _deciding(row, kernels)
        if one is not None:
            kernel, standing = one
            for option in _names(row, kernel, standing):
                told = _told(row, option, kernel, standing, needs.get(row.name, ""), policy, today)
                found.append((row, kernel, told if unsafe else _safely(told)))
    return tuple(_agreeing(found))


def _safely(one: AskedOption) -> AskedOption:
    is_left = one.safety is Safety.UNSAFE and one.standing is not Standing.RIGHT and not one.left
    return replace(one, left=f"--unsafe writes it: {one.breaks}") if is_left else one


# ---------------------------------------------------------------------- the kernels


def _kernels(facts: Facts, policy: Policy | None) -> list[Kernel]:
    configs, lines = facts.get(KernelConfigs), facts.get(KernelCommandLine)
    if isinstance(configs, KernelConfigs):
        return [kernel_of(one, lines) for one in configs.found]
    unknown = _unconfigured(facts, policy)
    return [kernel_of(KernelOptions(Location(), {}, False, release, release, architecture), lines)
            for release, architecture in unknown]  # fmt: skip


def _unconfigured(facts: Facts, policy: Policy | None) -> list[tuple[str, str]]:
    """Releases and architectures of kernels whose configuration is not known; one of which nothing is, at least."""
    images, modules = facts.get(KernelImages), facts.get(ShippedModules)
    declared = "" if policy is None or policy.device is None else policy.device.architecture or ""
    declared = LINUX_NAMES.get(declared, declared)
    found = images.found if isinstance(images, KernelImages) else ()
    named = [(one.release, declared or one.architecture) for one in found if not isinstance(one.release, Unknown)]
    if not named and isinstance(modules, ShippedModules):
        named = [(release, declared) for release in sorted(modules.releases) if release]
    architectures = [declared, *(one.architecture for one in found)]
    return list(dict.fromkeys(named)) or [("", next(filter(None, architectures), ""))]


# ---------------------------------------------------------------------- one row


def _deciding(row: Row, kernels: list[Kernel]) -> tuple[Kernel, Standing] | None:
    """Of the kernels that are asked the one that has it least."""
    answers = [(answer, one) for one in kernels if (answer := row.judge(one)) is not None]
    for answer, one in answers:
        if answer is False:
            return one, Standing.WRONG
    for answer, one in answers:
        if isinstance(answer, Unknown):
            return one, Standing.OPEN
    return (answers[0][1], Standing.RIGHT) if answers else None


def _names(row: Row, kernel: Kernel, standing: Standing) -> tuple[str, ...]:
    """What the kernel calls it. Stable releases take new names over: where no configuration says, either may count."""
    own = name_in(row.option, kernel)
    if standing is not Standing.OPEN or row.option not in FORMER or own in kernel.options.options:
        return (own,)
    since, former = FORMER[row.option]
    is_new = not isinstance(kernel.version, Unknown) and kernel.version >= since
    return (row.option,) if is_new else (row.option, former)


def _told(
    row: Row, option: str, kernel: Kernel, standing: Standing, need: str, policy: Policy | None, today: date
) -> AskedOption:
    if standing is Standing.RIGHT:
        return _right(row, kernel)
    remedy = cure(row, option, kernel.options, need)
    changes = [one for one in remedy.changes if isinstance(one, SetKernelOption)]
    value = changes[0].value if changes and changes[0].value != NO_VALUE else ""
    is_list = standing is Standing.OPEN and row.wanted.startswith(LIST)
    return AskedOption(
        row.name,
        f"CONFIG_{option}",
        "" if is_list else value,
        row.why,
        f"{row.source}; {row.cost}",
        standing,
        remedy.safety,
        remedy.breaks,
        tuple(one.option for one in changes[1:]),
        left=_left(row, need, policy, today) or _unwritable(row, remedy.safety, value, is_list=is_list),
    )


def _right(row: Row, kernel: Kernel) -> AskedOption:
    """As it is; what makes up for the option is as good, and the option need not change."""
    has_it = row.is_set(kernel.options) is True
    value = written(kernel.options.options.get(row.option, "n")) if has_it else ""
    left = "" if has_it else "another option, or the command line, is as good already"
    advised = f"{row.source}; {row.cost}"
    return AskedOption(
        row.name, f"CONFIG_{row.option}", value, row.why, advised, Standing.RIGHT, Safety.SAFE, left=left
    )


def _unwritable(row: Row, safety: Safety, value: str, *, is_list: bool) -> str:
    if is_list:
        return f"it would take the place of the list that is there, which has to name {row.wanted.removeprefix(LIST)}"
    if safety is Safety.MANUAL:
        return f"the product has to do without CONFIG_{row.held_by[0]} first"
    return "" if value else f"its value is what CONFIG_{row.option}_MAX of the configuration says"


def _left(row: Row, need: str, policy: Policy | None, today: date) -> str:
    if need:
        return f"the policy needs it: {need}"
    allowed = allowance(CHECK, row.name, policy)
    if allowed is not None and policy is not None and policy.kernel is not None:
        return f"the profile {policy.kernel.profile} leaves it out: {allowed.reason}"
    risks = () if policy is None else policy.accepted
    accepted = [one for one in risks if covers(one, CHECK, row.name) and not one.is_expired(today)]
    return f"{accepted[0].owner} accepts it until {accepted[0].expires}: {accepted[0].reason}" if accepted else ""


# ---------------------------------------------------------------------- rows that meet in one fragment


def _agreeing(found: list[Asked]) -> Iterator[AskedOption]:
    """Without what other lines of the fragment make needless, and what two rows want differently where nothing says how
    the option stands."""
    target = {one.option: one.value for _, _, one in found if one.standing is not Standing.RIGHT and not one.left}
    values: dict[str, set[str]] = {}
    for _, _, one in found:
        values.setdefault(one.option, set()).add(one.value)
    for row, kernel, one in found:
        if one.left or one.standing is Standing.WRONG:
            yield one
            continue
        told = (
            _beside_changes(row, kernel, one, target)
            if one.standing is Standing.RIGHT
            else _beside_others(row, kernel, one, target, is_alone=len(values[one.option]) == 1)
        )
        if told.left:
            target.pop(one.option, None)
        yield told


def _beside_others(
    row: Row, kernel: Kernel, one: AskedOption, target: Mapping[str, str], *, is_alone: bool
) -> AskedOption:
    options = _with(kernel, one, target)
    good = next((condition.text for condition in row.instead if condition(options) is True), None)
    if good is not None:
        return replace(one, left=f"{good} is as good")
    wrong = next((condition.text for condition in row.needs if condition(options) is False), None)
    if wrong is not None:
        return replace(one, left=f"it is asked only with {wrong}")
    doubts = [condition.text for condition in row.needs if isinstance(condition(options), Unknown)]
    if doubts and not is_alone:
        return replace(one, left=f"it is for a kernel with {', '.join(doubts)}")
    needless = [f"not {condition.text}" for condition in row.instead if isinstance(condition(options), Unknown)]
    words = (*doubts, *_versions(row, kernel), *_other_name(row, kernel, one), *needless)
    return replace(one, condition=", ".join(words))


def _beside_changes(row: Row, kernel: Kernel, one: AskedOption, target: Mapping[str, str]) -> AskedOption:
    """What is right already, and what is changed makes needless: Kconfig may not keep it."""
    after = _with(kernel, one, target)
    ways = (way for way in row.instead if way(after) is True and way(kernel.options) is not True)
    good = next((way.text for way in ways), None)
    return one if good is None else replace(one, left=f"{good} is as good")


def _with(kernel: Kernel, one: AskedOption, target: Mapping[str, str]) -> KernelOptions:
    """The kernel's options with all other lines of the fragment."""
    others = {option.removeprefix("CONFIG_"): value for option, value in target.items() if option != one.option}
    return replace(kernel.options, options={**kernel.options.options, **others})


def _versions(row: Row, kernel: Kernel) -> Iterator[str]:
    """Of which Linux has the option, where nothing says which this is."""
    if not isinstance(kernel.version, Unknown):
        return
    if row.since:
        yield f"Linux from {_number(row.since)} on"
    if row.until:
        yield f"Linux before {_number(row.until)}"


def _other_name(row: Row, kernel: Kernel, one: AskedOption) -> Iterator[str]:
    names = {f"CONFIG_{name}" for name in _names(row, kernel, Standing.OPEN)}
    yield from (f"a Linux that does not call it {other}" for other in names - {one.option})


def _number(version: Iterable[int]) -> str:
    return ".".join(map(str, version))
