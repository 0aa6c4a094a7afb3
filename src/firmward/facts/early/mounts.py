"""The programs that mount something, on one way through a script: mount(8), umount(8), losetup(8)."""

from collections.abc import Sequence

from firmward.facts.early.command import Command, on, split
from firmward.facts.early.records import EarlyMount, Given
from firmward.facts.early.sources import PSEUDO, in_full, is_pseudo
from firmward.facts.early.state import MAPPER, Ends, Leave, Proof, State
from firmward.facts.early.ways import Ways
from firmward.facts.scripts.flow import Call


def _mount(ways: Ways, state: State, call: Call) -> Ends:
    found, operands = split(call, "-t -o -O -L -U --types --options --label --uuid --source --target")
    type_ = found.get("-t", found.get("--types", ""))
    told = tuple(found.get("-o", found.get("--options", "")).split(","))
    if found.keys() & {"-M", "--move"} or "move" in told:
        return _moved(state, operands)
    if "remount" in told or found.keys() & {"-a", "-oremount"} or not operands:
        return on(state, None)
    device, target = _ends_of(ways, call, found, operands)
    if type_ in PSEUDO - {"tmpfs"} or device in PSEUDO - {"tmpfs", "ramfs", "rootfs"}:
        return on(state, None)
    known = all(word.certain for word in call.words if word.text == device)
    one = EarlyMount(device, in_full(target), type_, tuple(each for each in told if each), ways.at(call.line), known)
    return _mounted(ways, state, one)


def _ends_of(ways: Ways, call: Call, found: dict[str, str], operands: Sequence[str]) -> tuple[str, str]:
    """Device and target; a single word is looked up in etc/fstab."""
    for option, name in (("-L", "LABEL"), ("-U", "UUID"), ("--label", "LABEL"), ("--uuid", "UUID")):
        if option in found:
            return f"{name}={found[option]}", operands[-1]
    if len(operands) > 1:
        return operands[-2], operands[-1]
    for line in (ways.tree.text("etc/fstab") or "").splitlines():
        fields = line.split()
        if len(fields) > 2 and operands[0] in fields[:2]:
            return (fields[2] if fields[2] in PSEUDO else fields[0]), fields[1]
    return "$fstab", operands[0]


def _mounted(ways: Ways, state: State, one: EarlyMount) -> Ends:
    """It succeeds, or fails; what verity did not open is not there to be mounted."""
    if len(ways.mounts) < 200 and not is_pseudo(one):
        ways.mounts.setdefault(one)
    name = one.device.removeprefix(MAPPER)
    is_shut = name in ways.volumes and name in state.failed and Proof("verity", name) not in state.proofs
    if is_shut or below(one) in state.failed:
        state.failed |= {one.target}
        return on(state, status=False)
    failed = state.copy()
    failed.failed |= {one.target}
    if name in ways.volumes:
        failed.given(Given(f"the mount of {one.device}", holds=False))
    state.failed -= {one.target}
    state.mounts = (*(each for each in state.mounts if each.target != one.target), one)
    if is_pseudo(one):
        return on(state, status=None)
    return [(Leave.GO, state.ended(status=True)), (Leave.GO, failed.ended(status=False))]


def below(mounted: EarlyMount) -> str:
    """The folder, or what may be one, that an overlay or a bind mount shows."""
    lower = next((one.partition("=")[2] for one in mounted.options if one.startswith("lowerdir=")), "")
    return in_full(lower.rpartition(":")[2] or mounted.device)


def _moved(state: State, operands: Sequence[str]) -> Ends:
    if len(operands) > 1:
        source, target = map(in_full, operands[-2:])
        if source in state.failed:
            state.failed |= {target}
        state.mounts = tuple(
            EarlyMount(one.device, target, one.type, one.options, one.at, one.is_certain)
            if one.target == source
            else one
            for one in state.mounts
        )
    return on(state, None)


def _unmount(ways: Ways, state: State, call: Call) -> Ends:
    targets = {in_full(text) for text in call.texts[1:]}
    state.mounts = tuple(one for one in state.mounts if not targets & {one.target, one.device})
    return on(state, None)


def _loop_device(ways: Ways, state: State, call: Call) -> Ends:
    words = [text for text in call.texts[1:] if not text.startswith("-")]
    if len(words) > 1:
        state.loops |= {(words[-2], words[-1])}
    return on(state, None)


ROWS: dict[str, Command] = {
    "mount": _mount,
    "nfsmount": _mount,
    "umount": _unmount,
    "losetup": _loop_device,
}
