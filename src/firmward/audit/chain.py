"""The chain of trust, drawn: what starts what, and the first link that does not hold.

Each link has a ground, what verifies it or that nothing does, and checks whose findings are ways round it: a link that
is verified and has a way round is broken. The grounds of the links up to the kernel are the signatures over the pieces
that boot (facts/boot_pieces.py); those of the root, its plug-ins and its updates are verdicts, so that chain and
findings never say two things.

The links up to the kernel are of the image, the others of each root in it; of several roots the worst counts. A system
that runs from its initramfs ends the chain there: it is verified with the kernel.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from firmward.audit import virtual_board
from firmward.audit.engine import Verdict
from firmward.facts.boot_pieces import PROGRAM, BootPiece, BootPieces, Stage
from firmward.facts.fuses import Fuses
from firmward.facts.initramfses import Initramfses
from firmward.facts.secure_boot import SecureBoot
from firmward.facts.secure_boot import State as Secure
from firmward.facts.signed_files import SignedFiles
from firmward.facts.uboots import Uboots
from firmward.facts.updaters import Updaters
from firmward.facts.verity import Verity
from firmward.model.chain import (
    BOOT_LOADER,
    BOOT_ROM,
    FIRST_STAGE,
    KERNEL,
    PLUG_INS,
    ROOT,
    UPDATES,
    Evidence,
    Link,
    State,
)
from firmward.model.facts import Facts, Unknown
from firmward.model.finding import Outcome, Severity
from firmward.model.location import Location
from firmward.model.report import Part

UEFI = "UEFI Secure Boot"
WORST_FIRST = (State.BROKEN, State.UNVERIFIED, State.UNKNOWN, State.VERIFIED)
EVIDENCE_LIMIT = 12
"""Pieces of evidence of one link; the findings have all of them."""

BARE = frozenset(("booti", "bootz", "zboot", "bootelf", "bootvx", "go", "bootefi", "sysboot"))
"""Commands of U-Boot that start a kernel or program without a look at a FIT's signature."""
CHIP_CLOSED = "chip-open"
AROUND_KERNEL = (
    "uboot-legacy-image-accepted",
    "uboot-shell-reachable",
    "uboot-environment-on-media",
    "uboot-environment-writable",
    "boot-mode-unverified",
    "fit-component-uncovered",
    "fit-weak-algorithm",
)
ON_THE_WAY = ("initramfs-root-unverified",)
ROOT_VERIFIED = "rootfs-unverified"
AROUND_ROOT = (
    "rootfs-hash-mismatch",
    "verity-root-hash-untrusted",
    "verity-ignores-corruption",
    "package-manifest-uncovered",
)
ONLY_WHEN_FOUND = frozenset(("package-manifest-uncovered",))
"""Those that ask about a way to verify which few devices have: that they cannot be judged says nothing."""
AROUND_PLUG_INS = (
    "removable-media-executed",
    "hook-directory-writable",
    "init-script-writable",
    "privileged-hooks",
)
UPDATES_VERIFIED = "update-unauthenticated"

CHECKS = frozenset(
    (CHIP_CLOSED, *AROUND_KERNEL, *ON_THE_WAY, ROOT_VERIFIED, *AROUND_ROOT, *AROUND_PLUG_INS, UPDATES_VERIFIED)
)
"""The checks without whose verdicts it cannot be drawn."""
FAMILIES = (BootPieces, Fuses, SecureBoot, Initramfses, Uboots)
"""What it reads of the image beside the verdicts."""
ROOT_FAMILIES = (Verity, SignedFiles, Updaters)
"""What it reads of each root."""

Verdicts = Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class ImageLinks:
    """The `links` up to the kernel. `way` is what an initramfs does on the way to the root: broken where it may go on
    without verifying. `ends` is whether the system runs from its initramfs, None where that is not known."""

    links: tuple[Link, ...]
    way: Link
    ends: bool | None = False


@dataclass(frozen=True, slots=True)
class RootLinks:
    """The links of one root, `part`. `root` is None where that is an initramfs, which is verified with its kernel."""

    part: str
    root: Link | None
    plug_ins: Link
    updates: Link


def of_image(facts: Facts, verdicts: Iterable[Verdict], board: str | None = None) -> ImageLinks:
    """The links up to the kernel; `board` as the policy names it."""
    known = _by_id(verdicts)
    beyond = Link(ROOT, State.VERIFIED, "the initramfs")
    return ImageLinks(
        _up_to_kernel(facts, known, board), _with_ways_round(beyond, known, ON_THE_WAY, None), _ends(facts)
    )


def _ends(facts: Facts) -> bool | None:
    """Whether some initramfs is the whole system, and none goes on to a root; None where that is not known."""
    found = facts.get(Initramfses)
    if not isinstance(found, Initramfses) or found.unread:
        return None if found is not None else False
    known = [one.is_whole_system for one in found.found]
    if False in known or not known:
        return False
    return None if None in known else True


def _up_to_kernel(facts: Facts, known: Verdicts, board: str | None) -> tuple[Link, ...]:
    pieces = facts.get(BootPieces)
    if not isinstance(pieces, BootPieces):
        reason = pieces.reason if isinstance(pieces, Unknown) else None
        pieces = BootPieces((), (reason,) if reason else ())
    first, loader, kernel = (pieces.of(stage) for stage in (Stage.FIRST, Stage.LOADER, Stage.KERNEL))
    stands_in = _is_carried_by(kernel, first) or _is_uefi(first)
    links = [
        _boot_rom(first, facts, known.get(CHIP_CLOSED)),
        _of_pieces(FIRST_STAGE, first, pieces.unread, NO_FIRST_STAGE),
    ]
    if board is not None and board in virtual_board.MEMORY and loader and not first:
        links = [virtual_board.rom(board), virtual_board.loader(board, loader)]
    elif loader or not stands_in:
        links.append(_of_pieces(BOOT_LOADER, loader, pieces.unread, NO_BOOT_LOADER))
    ground = _of_pieces(KERNEL, kernel, pieces.unread, NO_KERNEL)
    if ground.state is State.VERIFIED and not loader and not stands_in:
        ground = replace(ground, state=State.UNKNOWN, evidence=(Evidence(NO_ONE_ASKS),))
    return (*links, _with_ways_round(ground, known, AROUND_KERNEL, None, tuple(_bare_boots(facts))))


def _bare_boots(facts: Facts) -> Iterator[Evidence]:
    """Boot loaders whose boot command comes to one that asks for no signature."""
    uboots = facts.get(Uboots)
    for one in uboots.proper if isinstance(uboots, Uboots) else ():
        names = [name for name in one.boots if name in BARE] if isinstance(one.boots, tuple) else []
        if names:
            says = f"the boot command of {one.name} comes to {', '.join(names)}, which asks for no signature"
            yield Evidence(says, one.at, "uboot-risky-command")


NO_FUSES = (
    "whether the chip asks for a signature stands in its fuses, which no image holds: read them with U-Boot's "
    "`fuse read`, and give them with --fuses"
)
NO_VARIABLES = "whether secure boot is on stands in the firmware's variables, and no store of them is in the image"
NO_FIRST_STAGE = "no first stage for a boot ROM, and no UEFI program, lies in the image"
NO_BOOT_LOADER = "no boot loader lies in the image; --uboot names one"
NO_KERNEL = "no kernel lies in the image"
NO_ONE_ASKS = "it is signed; the boot loader that asks for it, and what else that one boots, is not in the image"


def _boot_rom(first: Sequence[BootPiece], facts: Facts, closed: Verdict | None) -> Link:
    boot = facts.get(SecureBoot)
    if isinstance(boot, SecureBoot) and _is_uefi(first):
        return _firmware(boot)
    if closed is not None and closed.outcome is not Outcome.NOT_APPLICABLE:
        return _by_fuses(closed, facts)
    bare = [piece for piece in first if piece.state is State.UNVERIFIED]
    if bare:
        says = f"it starts {bare[0].at.part}, which is not signed: so it asks for no signature"
        return Link(BOOT_ROM, State.UNVERIFIED, None, (Evidence(says, bare[0].at, "bootloader-unsigned"),))
    return Link(BOOT_ROM, State.UNKNOWN, None, (Evidence(NO_VARIABLES if _is_uefi(first) else NO_FUSES),))


def _by_fuses(closed: Verdict, facts: Facts) -> Link:
    found = facts.get(Fuses)
    at = found.at if isinstance(found, Fuses) else None
    match closed.outcome:
        case Outcome.PASS:
            says = "; ".join(found.evidence) if isinstance(found, Fuses) and found.evidence else "the fuses say so"
            return Link(BOOT_ROM, State.VERIFIED, "its fuses", (Evidence(f"the chip is closed: {says}", at),))
        case Outcome.FAIL:
            return Link(BOOT_ROM, State.UNVERIFIED, None, _shortened(_found(closed, None)))
    return Link(BOOT_ROM, State.UNKNOWN, None, (Evidence(closed.reason or "", at, CHIP_CLOSED),))


def _firmware(boot: SecureBoot) -> Link:
    """UEFI's, by its variables."""
    at = next((store.at for store in boot.deciding), None)
    tests = [key for store in boot.deciding for key in store.keys if key.is_test]
    match boot.state:
        case Secure.ON if tests:
            says = f"{tests[0].list} has {tests[0].subject}, whose private key everybody can have"
            return Link(BOOT_ROM, State.BROKEN, UEFI, (Evidence(says, at, "efi-secure-boot-off"),))
        case Secure.ON:
            says = "secure boot is on, with keys enrolled: what they do not let in is not started"
            return Link(BOOT_ROM, State.VERIFIED, UEFI, (Evidence(says, at),))
        case Secure.OFF | Secure.SETUP:
            says = "secure boot is off" if boot.state is Secure.OFF else "no platform key is enrolled (setup mode)"
            return Link(BOOT_ROM, State.UNVERIFIED, None, (Evidence(says, at, "efi-secure-boot-off"),))
    return Link(BOOT_ROM, State.UNKNOWN, None, (Evidence("UEFI's variables do not say whether secure boot is on", at),))


def _is_uefi(first: Sequence[BootPiece]) -> bool:
    return bool(first) and all(piece.what == PROGRAM for piece in first)


def _is_carried_by(kernel: Sequence[BootPiece], first: Sequence[BootPiece]) -> bool:
    """Whether the first stage brings the kernel with it, as a UKI does."""
    carriers = {piece.carrier for piece in first}
    return bool(kernel) and all(piece.carrier in carriers for piece in kernel)


def _of_pieces(link: str, pieces: Sequence[BootPiece], unread: tuple[str, ...], absent: str) -> Link:
    if not pieces:
        return Link(link, State.UNKNOWN, None, tuple(Evidence(reason) for reason in unread[:3] or (absent,)))
    states = {piece.state for piece in pieces}
    state = next(one for one in WORST_FIRST if one in states)
    if state is State.UNVERIFIED and State.VERIFIED in states:
        state = State.BROKEN  # what is signed starts what is not
    if state is State.VERIFIED and unread:
        return Link(link, State.UNKNOWN, None, tuple(Evidence(reason) for reason in unread[:3]))
    worst = sorted(pieces, key=lambda piece: WORST_FIRST.index(piece.state))
    shown = dict.fromkeys((piece.why, piece.state) for piece in worst)
    at = {(piece.why, piece.state): piece.at for piece in reversed(worst)}
    told = [Evidence(why, at[why, one]) for why, one in shown if one is not State.VERIFIED or state is State.VERIFIED]
    by = next((piece.by for piece in worst if piece.by is not None), None)
    return Link(link, state, by, _shortened(told))


def of_root(part: Part, facts: Facts, verdicts: Iterable[Verdict]) -> RootLinks:
    """The links behind the kernel. Nothing is verified of what was read only in part."""
    known = _by_id(verdicts)
    root, plug_ins, updates = _root(part.id, facts, known), _plug_ins(part.id, known), _updates(part.id, facts, known)
    if part.problem:
        doubt = (Evidence(f"{part.id} was read only in part: {part.problem}", Location(part=part.id)),)
        root = None if root is None else _doubted(root, doubt)
        plug_ins, updates = _doubted(plug_ins, doubt), _doubted(updates, doubt)
    return RootLinks(part.id, root, plug_ins, updates)


def _doubted(link: Link, doubt: tuple[Evidence, ...]) -> Link:
    return replace(link, state=State.UNKNOWN, evidence=doubt) if link.state is State.VERIFIED else link


def _root(part: str, facts: Facts, known: Verdicts) -> Link | None:
    verdict = known[ROOT_VERIFIED]
    match verdict.outcome:
        case Outcome.NOT_APPLICABLE:
            return None
        case Outcome.FAIL:
            return Link(ROOT, State.UNVERIFIED, None, _shortened(_found(verdict, part)))
        case Outcome.PASS:
            by = _verifies(facts)
            ground = Link(ROOT, State.VERIFIED, by, (Evidence(f"{by} covers {part}", Location(part=part)),))
            return _with_ways_round(ground, known, AROUND_ROOT, part)
    return Link(ROOT, State.UNKNOWN, None, (Evidence(verdict.reason or "", Location(part=part), ROOT_VERIFIED),))


def _verifies(facts: Facts) -> str:
    signed, verity = facts.get(SignedFiles), facts.get(Verity)
    if isinstance(verity, Verity) and verity.in_force:
        return "Android Verified Boot"
    if isinstance(signed, SignedFiles) and signed.is_enforced:
        return "IMA appraisal"
    return "dm-verity"


def _plug_ins(part: str, known: Verdicts) -> Link:
    """As if the root was verified; what becomes of that, `drawn` knows."""
    words = "init scripts, hooks and plug-ins lie in what is verified"
    ground = Link(PLUG_INS, State.VERIFIED, "the root file system", (Evidence(words, Location(part=part)),))
    return _with_ways_round(ground, known, AROUND_PLUG_INS, part)


def _updates(part: str, facts: Facts, known: Verdicts) -> Link:
    verdict = known[UPDATES_VERIFIED]
    at = Location(part=part)
    updaters = facts.get(Updaters)
    names = [one.name for one in updaters.updaters] if isinstance(updaters, Updaters) else []
    match verdict.outcome:
        case Outcome.FAIL:
            return Link(UPDATES, State.UNVERIFIED, _listed(names), _shortened(_found(verdict, part)))
        case Outcome.PASS if names:
            words = f"{_listed(names)} installs nothing whose signature does not hold"
            return Link(UPDATES, State.VERIFIED, _listed(names), (Evidence(words, at),))
        case Outcome.UNKNOWN | Outcome.ERROR:
            return Link(UPDATES, State.UNKNOWN, _listed(names), (Evidence(verdict.reason or "", at, UPDATES_VERIFIED),))
    return Link(UPDATES, State.UNKNOWN, None, (Evidence("no way to update was found", at),))


def _listed(names: Sequence[str]) -> str | None:
    return ", ".join(dict.fromkeys(names)) or None


def drawn(image: ImageLinks, roots: Sequence[RootLinks]) -> tuple[Link, ...]:
    """The whole chain."""
    kernel = next((link for link in image.links if link.link == KERNEL), Link(KERNEL, State.UNKNOWN))
    systems = [one for one in roots if one.root is not None]
    if not systems and image.ends and roots:
        plug_ins = _worst([_resting(one.plug_ins, kernel, "the initramfs") for one in roots])
        return (*image.links, plug_ins, _worst([one.updates for one in roots]))
    if not systems:
        nothing = (Evidence(NO_ROOT_BEHIND if roots and image.ends is False else NO_ROOT),)
        return (*image.links, *(Link(name, State.UNKNOWN, None, nothing) for name in (ROOT, PLUG_INS, UPDATES)))
    links = [_on_the_way(one.root, image.way) for one in systems if one.root is not None]
    pairs = zip(systems, links, strict=True)
    plug_ins = _worst([_resting(one.plug_ins, root, "the root file system") for one, root in pairs])
    return (*image.links, _worst(links), plug_ins, _worst([one.updates for one in systems]))


NO_ROOT = "no root file system could be read"
NO_ROOT_BEHIND = "the root file system that the initramfs goes on to is not in the image"


def _on_the_way(root: Link, way: Link) -> Link:
    """A root that is verified is worth what the initramfs does before it goes on there."""
    if root.state is not State.VERIFIED or way.state is State.VERIFIED:
        return root
    return replace(root, state=way.state, evidence=way.evidence)


def _resting(link: Link, ground: Link, on: str) -> Link:
    """A link that can be verified no better than what it lies on."""
    if ground.state is State.VERIFIED or link.state is State.BROKEN:
        return replace(link, by=on if link.state is State.VERIFIED else link.by)
    words = {
        State.UNVERIFIED: f"they lie on {on}, which nothing verifies",
        State.BROKEN: f"they lie on {on}, and there is a way round what verifies it",
        State.UNKNOWN: f"they lie on {on}, of which it is not known whether it is verified",
    }
    state = State.UNVERIFIED if ground.state is not State.UNKNOWN else State.UNKNOWN
    at = link.evidence[0].at if link.evidence else None
    return Link(link.link, state, None, (Evidence(words[ground.state], at),))


def _worst(links: Sequence[Link]) -> Link:
    """Of several roots' links the worst, with what shows it in each of them."""
    state = next(one for one in WORST_FIRST if any(link.state is one for link in links))
    such = [link for link in links if link.state is state]
    evidence = dict.fromkeys(one for link in such for one in link.evidence)
    return replace(such[0], evidence=_shortened(evidence))


def _by_id(verdicts: Iterable[Verdict]) -> Verdicts:
    return {verdict.check.id: verdict for verdict in verdicts}


def _with_ways_round(
    link: Link, known: Verdicts, checks: Iterable[str], part: str | None, seen: tuple[Evidence, ...] = ()
) -> Link:
    """A link that is verified, unless a way round was `seen`, a check found one, or could not tell whether there is
    one."""
    if link.state is not State.VERIFIED:
        return link
    asked = [known[id] for id in checks if id in known]
    found = [*seen, *(evidence for verdict in asked for evidence in _found(verdict, part))]
    if found:
        return replace(link, state=State.BROKEN, evidence=_shortened(found))
    doubted = [verdict for verdict in asked if verdict.outcome in (Outcome.UNKNOWN, Outcome.ERROR)]
    unsure = [verdict for verdict in doubted if verdict.check.id not in ONLY_WHEN_FOUND]
    if unsure:
        told = [
            Evidence(one.reason or "", None if part is None else Location(part=part), one.check.id) for one in unsure
        ]
        return replace(link, state=State.UNKNOWN, evidence=_shortened(told))
    return link


def _found(verdict: Verdict, part: str | None) -> Iterator[Evidence]:
    """What a check found, without what it only tells for information."""
    for finding in verdict.findings:
        if (finding.severity or verdict.check.severity) is not Severity.INFO:
            at = finding.at or Location()
            yield Evidence(finding.message, at if at.part is not None else replace(at, part=part), verdict.check.id)


def _shortened(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    told = tuple(evidence)
    if len(told) <= EVIDENCE_LIMIT:
        return told
    return (*told[: EVIDENCE_LIMIT - 1], Evidence(f"and {len(told) - EVIDENCE_LIMIT + 1} more"))
