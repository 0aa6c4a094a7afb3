"""initramfs-root-unverified"""

from collections.abc import Iterator, Sequence

from firmward.facts.initramfses import Anchor, FoundInitramfs, Given, Initramfses, Verdict, Verification, WayOut
from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

INIT = Location("init", part="image/initramfs")
SHELL = WayOut(Location("init", 7, part="image/initramfs"), "sh", (frozenset(),))
VERITY = Verification("dm-verity", INIT, "veritysetup", Anchor.INITRAMFS)
TOLD = 4
"""Places of shells named in one message."""

VERIFY = Remedy(
    "Open the root with `veritysetup open`, its root hash in the initramfs, and start the device anew when that fails",
    Safety.MANUAL,
    Stage.SOURCE,
)


def _example(verdict: Verdict, *ways_out: WayOut, skipped: tuple[str, ...] = ()) -> Example:
    found = FoundInitramfs(INIT, verdict, "/dev/mmcblk0p2 is mounted", False, (), (VERITY,), skipped, ways_out)
    return Example(facts=(Initramfses((found,)),))


@check(
    title="The initramfs goes on to a root that it does not verify, or gives a shell",
    severity=Severity.HIGH,
    practice="P11",
    cwe=354,
    bad=(
        _example(Verdict.UNVERIFIED),
        _example(Verdict.UNVERIFIED, skipped=("when veritysetup fails",)),
        _example(Verdict.VERIFIED, SHELL),
    ),
    good=_example(Verdict.VERIFIED),
)
def initramfs_root_unverified(initramfses: Initramfses) -> Findings:
    """The boot loader's signatures end at the initramfs: what it mounts and starts next, nothing has looked at, unless
    it does so itself. A script that mounts the root as it is, or does so when verity fails, runs whatever somebody has
    written there. A shell for emergencies is worse: who unplugs the storage, or adds a word to the kernel's command
    line, is root before anything was verified, with the keys of the device at hand. A failure must end in a reset.
    Whether the initramfs itself is signed, and the root hash with it, is another question.
    """
    doubts = list(initramfses.unread)
    others = [one for one in initramfses.found if not one.is_whole_system]
    for found in others:
        yield from _of_root(found, initramfses.lines, doubts)
        yield from _of_shells(found, initramfses.lines, doubts)
    if doubts:
        raise Unavailable("; ".join(doubts[:3]))
    if not others:
        raise NotApplicable("the initramfs is the whole system, and is verified with what carries it")


def _of_root(found: FoundInitramfs, lines: KernelCommandLine, doubts: list[str]) -> Iterator[Finding]:
    if found.verdict is Verdict.VERIFIED or (lines.lines and not lines.unread and all(map(_verifies, lines.lines))):
        return
    if found.verdict is Verdict.UNVERIFIED:
        yield _root(found)
        return
    needs = next((one.needs for one in found.verifies if one.needs), "")
    if needs and lines.lines and not lines.unread:
        without = next((line for line in lines.lines if not line.has(needs)), None)
        if without is not None:
            message = f"the initramfs verifies the root when {needs}= is on the kernel's command line, and it is not"
            yield Finding("root", message, at=without.at, remedy=VERIFY)
        return
    doubts.append(f"{found.at.part}: {found.why}")


def _verifies(line: CommandLine) -> bool:
    """Whether the kernel verifies the root itself: a table of verity's, or an IMA policy that appraises."""
    tables = any(" verity " in value for name in ("dm_mod.create", "dm") for value in line.all(name))
    policies = "|".join(line.all("ima_policy"))
    appraises = "appraise_tcb" in policies or "secure_boot" in policies
    return (tables and (line.get("root") or "").startswith(("/dev/dm-", "/dev/mapper/"))) or (
        appraises and line.get("ima_appraise") not in ("off", "log", "fix")
    )


def _root(found: FoundInitramfs) -> Finding:
    beside = [one for one in found.verifies if one.anchor is Anchor.MEDIUM]
    if found.skipped:
        message = f"the initramfs verifies the root, but not {' or '.join(found.skipped[:3])}: {found.why}"
    elif beside:
        message = f"the initramfs: {found.why}; what {beside[0].program} compares with lies on a medium as well"
    else:
        message = f"the initramfs: {found.why}"
    return Finding("skipped" if found.skipped else "root", message, at=found.at, remedy=VERIFY)


def _of_shells(found: FoundInitramfs, lines: KernelCommandLine, doubts: list[str]) -> Iterator[Finding]:
    """One finding for each script."""
    by_path: dict[str, list[WayOut]] = {}
    for way in found.ways_out:
        if _is_open(way, lines):
            by_path.setdefault(way.at.path or "", []).append(way)
        elif not lines.lines or lines.unread:
            doubts.append(f"{way.at.part}: whether a shell opens in {way.at}, no command line in the image says")
    for path, ways in by_path.items():
        yield _shell(path, ways)


def _is_open(way: WayOut, lines: KernelCommandLine) -> bool:
    """Whether a shell opens with some command line of the image; where none is known, whether no line closes it."""
    if not way.conditions:
        return True
    if not lines.lines or lines.unread:
        return any(not any(_closes(one) for one in alternative) for alternative in way.conditions)
    return any(
        not any(_closes(one) and _holds(one, line) for one in alternative)
        for alternative in way.conditions
        for line in lines.lines
    )


def _closes(given: Given) -> bool:
    """A word that keeps the shell shut when it is there."""
    return bool(given.word) and not given.holds


def _holds(given: Given, line: CommandLine) -> bool:
    value = line.get(given.word.replace("-", "_"))
    return value is not None and (value != "" if given.value is None else value == given.value)


def _shell(path: str, ways: Sequence[WayOut]) -> Finding:
    places = ", ".join(str(way.at) for way in ways[:TOLD])
    words = sorted({word for way in ways for word in way.words})
    closing = sorted(set.intersection(*map(_closing, ways)))
    shut = f", unless {', '.join(closing)} is there" if closing else ""
    keep = f", or forbid it with {closing[0]} on a command line that is signed" if closing else ""
    return Finding(
        f"shell in {path}",
        f"the initramfs gives a shell {_when(ways, words)} ({places}){shut}",
        at=ways[0].at,
        evidence=ways[0].program,
        remedy=Remedy(
            f"Start the device anew instead of a shell: `reboot -f` where {path} starts one{keep}",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )


def _closing(way: WayOut) -> set[str]:
    """The words that keep a shell shut, each alone."""
    kept = [{_written(one) for one in alternative if _closes(one)} for alternative in way.conditions]
    return set.intersection(*kept) if kept else set()


def _written(given: Given) -> str:
    return f"{given.word}={'' if given.value is None else given.value}"


def _when(ways: Sequence[WayOut], words: Sequence[str]) -> str:
    asked = f"with {', '.join(words)} on the kernel's command line"
    is_asked_for = words and all(
        alternative and any(one.holds and one.word in words for one in alternative)
        for way in ways
        for alternative in way.conditions or (frozenset(),)
    )
    if is_asked_for:
        return asked
    return f"when something fails, and {asked}" if words else "when something fails"
