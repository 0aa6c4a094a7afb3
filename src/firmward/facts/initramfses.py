"""Every initramfs of the image: what its scripts mount, what verifies that, and where somebody gets a shell.

The kernel runs /init of an initramfs (rdinit=), else /linuxrc of an old ramdisk. A shell script is followed on every
way to `switch_root`, `run-init`, `pivot_root` or `chroot` (early/ways.py); systemd goes on to the root where
etc/initrd-release says that it runs in an initramfs (bootup(7)), and sets verity up when the command line names a root
hash or etc/veritytab does (systemd-veritysetup-generator(8)). Any other program may do what it likes. Whether the
initramfs can be trusted itself is another question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.facts.early import units
from firmward.facts.early.programs import NOT_KNOWN, dispatch
from firmward.facts.early.records import (
    Anchor,
    EarlyMount,
    Given,
    Handover,
    Verdict,
    Verification,
    WayOut,
)
from firmward.facts.early.ways import Ways
from firmward.facts.early_scripts import said, verifying
from firmward.facts.kernel_command_line import KernelCommandLine, whole_lines
from firmward.facts.process import is_multi_call
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Role
from firmward.model.tree import Entry, Kind, Tree

FIRST = ("init", "linuxrc", "sbin/init")
INITS = frozenset(("busybox", "init", "runit", "runit-init", "finit", "openrc-init", "s6-svscan", "s6-linux-init"))

NO_LINES = KernelCommandLine(())

__all__ = [
    "Anchor",
    "EarlyMount",
    "FoundInitramfs",
    "Given",
    "Initramfses",
    "Verdict",
    "Verification",
    "WayOut",
    "collect",
]


@dataclass(frozen=True, slots=True)
class FoundInitramfs:
    """One initramfs, `at` its first program. `verdict` is of the root that it goes on to, None where it goes on to no
    other (`is_whole_system`, which is None where that is not known); `why` says in words what shows it.

    `mounts` are those of media, on any way; `verifies` is what verifies something; `skipped` says in words how one gets
    past that. `ways_out` are the places where somebody gets a shell. `unread` says what could not be followed.
    """

    at: Location
    verdict: Verdict | None
    why: str
    is_whole_system: bool | None = False
    mounts: tuple[EarlyMount, ...] = ()
    verifies: tuple[Verification, ...] = ()
    skipped: tuple[str, ...] = ()
    ways_out: tuple[WayOut, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Initramfses:
    """All that were `found`; `unread` says in words which could not be. `lines` are the kernel's whole command lines
    anywhere in the image, with what could not be read of them."""

    found: tuple[FoundInitramfs, ...]
    unread: tuple[str, ...] = ()
    lines: KernelCommandLine = NO_LINES


def collect(parts: Parts) -> Initramfses | None:
    found: list[FoundInitramfs] = []
    unread: list[str] = []
    for id, one in parts.all.items():
        if one.part.role is not Role.INITRAMFS or one.part.same_as is not None:
            continue
        if one.tree is None and any(each.startswith(f"{id}/") for each in parts.all):
            continue  # a wrapper, whose content is a part of its own
        if one.tree is None:
            unread.append(f"{id}: {one.part.problem or 'its files are not at hand'}")
        else:
            found.append(told(one, one.tree))
    if not found and not unread:
        return None
    return Initramfses(tuple(found), tuple(unread), whole_lines(parts))


def told(one: OpenPart, tree: Tree) -> FoundInitramfs:
    """What one initramfs does."""
    path = next((name for name in FIRST if tree.lstat_through(name) is not None), FIRST[0])
    at = Location(path, part=one.part.id)
    entry = tree.resolve(path)
    if one.part.problem:
        return _unclear(at, f"{one.part.id} was read only in part: {one.part.problem}")
    if entry is None or entry.kind is not Kind.FILE:
        return _unclear(at, "its first program is not known")
    try:
        if entry.name == "systemd":
            return _of_systemd(at, tree)
        ways = Ways(tree, one.part.id, dispatch)
        if not ways.is_script(entry):
            return _of_program(at, tree, entry)
        ways.run(path)
        return _of_scripts(at, tree, ways)
    except Unavailable as reason:
        return _unclear(at, str(reason))


def _unclear(at: Location, why: str) -> FoundInitramfs:
    return FoundInitramfs(at, Verdict.UNCLEAR, why, is_whole_system=None)


def _of_program(at: Location, tree: Tree, entry: Entry) -> FoundInitramfs:
    """BusyBox and its like start a whole system; what a maker's own program does is not known."""
    is_known = is_multi_call(entry.name) or (entry.name in INITS and tree.exists("etc/inittab"))
    if is_known:
        return FoundInitramfs(at, None, f"{entry.path} starts a whole system", is_whole_system=True)
    return _unclear(at, f"{at.path} is a program, and what it does is not known")


def _of_systemd(at: Location, tree: Tree) -> FoundInitramfs:
    if not units.hands_over(tree):
        return FoundInitramfs(at, None, "systemd starts a whole system", is_whole_system=True)
    verifies = tuple(units.verifies(tree, at.part or ""))
    ways_out = tuple(units.ways_out(tree, at.part or ""))
    if any(not one.needs for one in verifies):
        verdict, why = (
            Verdict.UNCLEAR,
            "systemd opens a volume with verity, and which the root is says another place",
        )
    elif verifies:
        verdict, why = Verdict.UNCLEAR, "systemd sets verity up when the command line names a root hash"
    elif said(tree, at.part or "")[0] is not None:
        verdict, why = Verdict.UNCLEAR, "what its services verify is not known"
    else:
        verdict, why = Verdict.UNVERIFIED, "systemd mounts the root, and nothing in the initramfs sets verity up"
    return FoundInitramfs(at, verdict, why, verifies=verifies, ways_out=ways_out)


def _of_scripts(at: Location, tree: Tree, ways: Ways) -> FoundInitramfs:
    words, mounts = verifying(tree, at.part or "")
    verdict, why, skipped = _judged(ways, words, has_switch=mounts)
    is_whole = _is_whole(ways, tree, has_switch=mounts)
    if is_whole:
        why = f"it becomes {next(iter(ways.stays))}, and goes on to no other root"
    first = next((one.at for one in ways.handovers if one.verdict is verdict), at)
    return FoundInitramfs(
        first if verdict is Verdict.UNVERIFIED else at,
        None if is_whole else verdict,
        why,
        is_whole,
        tuple(ways.mounts),
        tuple(ways.verifications.values()),
        skipped,
        tuple(ways.ways_out.values()),
        tuple(ways.unread),
    )


def _is_whole(ways: Ways, tree: Tree, *, has_switch: bool) -> bool | None:
    if ways.handovers:
        return False
    programs = [(name, ways.program(name)) for name in ways.stays]
    if any(entry is not None and _is_init(name, entry, tree) for name, entry in programs):
        return True
    if has_switch or ways.unread:
        return None
    return True if any(entry is not None for _, entry in programs) else None


def _is_init(name: str, entry: Entry, tree: Tree) -> bool:
    if entry.name == "systemd":
        return not units.hands_over(tree)
    return entry.name in INITS or is_multi_call(entry.name) or name.endswith("/init")


def _judged(ways: Ways, words: Mapping[str, str], *, has_switch: bool) -> tuple[Verdict, str, tuple[str, ...]]:
    """The verdict of all ways together, why, and how one gets past what verifies. `words` are those of tools that
    verify, by script."""
    tool = next(iter(words.values()), None)
    unseen = next((word for path, word in words.items() if ways.is_cut or path not in ways.followed), None)
    kinds = {verdict: [one for one in ways.handovers if one.verdict is verdict] for verdict in Verdict}
    missed = next(iter(ways.unread), None)
    worst = kinds[Verdict.UNVERIFIED]
    if worst and unseen is not None and missed is not None and not ways.verifications:
        return Verdict.UNCLEAR, f"its scripts use {unseen}, and not all could be followed: {missed}", ()
    if worst:
        is_skipped = bool(kinds[Verdict.VERIFIED])
        skipped = tuple(dict.fromkeys(_how(ways, one) for one in worst)) if is_skipped else ()
        return Verdict.UNVERIFIED, worst[0].why, skipped
    if not ways.handovers or any(one.why == NOT_KNOWN for one in kinds[Verdict.UNCLEAR]):
        if has_switch and tool is None:
            return Verdict.UNVERIFIED, "its scripts mount the root and verify nothing", ()
        why = f"its scripts use {tool}" if tool is not None else "its scripts go on to no other root"
        return Verdict.UNCLEAR, f"{why}; {missed}" if missed else why, ()
    if kinds[Verdict.UNCLEAR]:
        return Verdict.UNCLEAR, kinds[Verdict.UNCLEAR][0].why, ()
    if missed is not None:
        return Verdict.UNCLEAR, f"not all could be followed: {missed}", ()
    return Verdict.VERIFIED, kinds[Verdict.VERIFIED][0].why, ()


def _how(ways: Ways, handover: Handover) -> str:
    """How one gets to a root that is not verified, where there is a way to one that is."""
    verified = [one for each, found in ways.handovers.items() if each.verdict is Verdict.VERIFIED for one in found]
    for alternative in ways.handovers[handover]:
        words = list(_phrases([one for one in alternative if not all(one in other for other in verified)]))
        if words:
            return " and ".join(words)
    return f"on a way to {handover.at}"


def _phrases(conditions: list[Given]) -> Iterator[str]:
    for one in sorted(conditions, key=lambda one: (not one.word, one.word, one.text)):
        if one.word:
            value = f"={one.value}" if one.value is not None else ""
            yield f"{'with' if one.holds else 'without'} {one.word}{value} on the command line"
        elif not one.holds:
            yield f"when {one.text} fails"
