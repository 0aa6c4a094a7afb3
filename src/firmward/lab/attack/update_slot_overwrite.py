"""The installer's own records, forged: they tell of an update that was written, and the attacker's own lies there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from firmward.build.built import STATE
from firmward.build.client.starts.loop import LASTING
from firmward.formats.boot_state import Records, Request, State
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import data_partition, fit, in_place, offered_update, outcome, program, slot_content
from firmward.lab.means.data_partition import Planted
from firmward.lab.means.slot_content import Release
from firmward.lab.means.update_server import over, serving, serving_beside
from firmward.lab.target import Powered, Target, Witness
from firmward.lab.updates import Updates
from firmward.model.chain import UPDATES
from firmward.trust.store import Store
from firmward.update import journal, landing, slots
from firmward.update.journal import Journal

PORT = 443
RUNS, NEXT = "a", "b"
FOLDER = "firmward"
"""Where the device's client keeps its own, on the data partition."""
HELD = landing.HEAD
"""Of boot, what the installer holds back."""
DOWNLOAD = "update.sh"
"""Where the twin's updater goes on with what it fetched in part, there too."""
COMES = 150.0
"""Seconds in which the device runs the maker's update in the end."""


def run(target: Target) -> Result:
    return _twin(target) if target.is_plain else _device(target)


def _twin(target: Target) -> Result:
    """What it fetches is put behind what is there."""
    own = program.script(target.challenge).encode()
    data_partition.plant(target, (Planted(DOWNLOAD, 0o644, content=own),))
    target.note(Witness.ATTACKER, f"put {LASTING}/{DOWNLOAD} there, as if its download had been broken off")
    release = slot_content.release(target.updates, "current")
    files = in_place.streamed(release.manifest.version, release.content("root"))
    with serving(over(files)) as server, target.power(station=server.station) as powered:
        powered.await_healthy(ATTACK.within)
        return offered_update.twin(powered, server)


def _device(target: Target) -> Result:
    release = slot_content.release(target.updates, "current")
    _forge(target, release)
    before = _running(target)
    with (
        serving_beside(offered_update.honest(target.updates)) as server,
        target.power(ATTACK.ports, station=server.wire) as powered,
    ):
        powered.until(lambda: powered.answers() or powered.served == NEXT, COMES)
        if powered.answers():
            target.note(Witness.SERIAL, f"what he put into slot {NEXT} was started, and answered the challenge")
            return Result.SUCCEEDED
        return _ended(powered, release, before)


def _forge(target: Target, release: Release) -> None:
    """His own kernel and program in the slot, rubbish behind them, and records that call it the maker's update."""
    target.write(f"boot_{NEXT}", fit.unsigned(target).read_bytes())
    target.write(f"root_{NEXT}", b"own " * (1 << 18))
    states = State(1), State(2, last=RUNS, a_good=True)
    target.write(STATE, Records(states, Request(active=NEXT)).to_bytes())
    things = tuple(
        Planted(f"{FOLDER}/{path.name}", 0o600, content=path.read_bytes()) for path in records(target, release)
    )
    data_partition.plant(target, things, (FOLDER,))
    says = f"put a kernel of his own into slot {NEXT}, has it asked for, and forged the installer's records of it"
    target.note(Witness.ATTACKER, says)


def records(target: Target, release: Release) -> Iterator[Path]:
    """Files of the client's own: all of the newest version was written, and is what runs already."""
    folder = target.work / "records"
    store = Store(folder)
    manifest, boot = release.manifest, release.payload("boot")
    digest = _digest(target.updates)
    journal.keep(store, Journal(digest, manifest.version, NEXT, "boot", boot.size, 0, boot.size, boot.sha256))
    store.keep(HELD, release.content("boot")[: slot_content.BLOCK])
    for slot, version in ((NEXT, manifest.version), (RUNS, target.device.said.version)):
        slots.keep(store, slot, replace(slots.of_manifest(manifest, digest), version=version))
    yield from sorted(folder.iterdir())


def _digest(updates: Updates) -> str:
    """Of the manifest, as the maker signed it."""
    state = updates.state("current")
    return state.of_channel(updates.channel).signed.targets[updates.path].hashes["sha256"]


def _running(target: Target) -> tuple[str, ...]:
    """What the slot that runs has, to the byte."""
    return tuple(slot_content.digest(target, f"{name}_{RUNS}") for name in ("boot", "root"))


def _ended(powered: Powered, release: Release, before: tuple[str, ...]) -> Result:
    """Raises Unseen where the maker's update does not come to serve."""
    target, version = powered.target, release.manifest.version
    if _running(target) != before:
        target.note(Witness.DISK, f"the device wrote over slot {RUNS}, which ran")
        return Result.SUCCEEDED
    if powered.served != NEXT:
        raise Unseen(f"slot {powered.served} serves, and {version} did not come to serve within {COMES:g} s")
    if not slot_content.holds(target, NEXT, release) or not outcome.answers(powered, PORT, COMES):
        raise Unseen(f"Linux marked slot {NEXT} good, which does not hold {version}, or does not answer")
    words = f"slot {RUNS} is as it was; Linux marked slot {NEXT} good, which holds {version} to the byte"
    target.note(Witness.DISK, f"{words}; port {PORT} answers")
    return Result.STOPPED


ATTACK = Attack(
    id="update-slot-overwrite",
    title="The installer's records forged",
    does="takes the storage out, puts his own where an update would lie, and forges what the updater knows of it",
    position=Position.BENCH,
    link=UPDATES,
    case="CVE-2020-25860: what RAUC had verified could be replaced by another before it was installed",
    foretold=("update-unauthenticated",),
    run=run,
    within=160.0,
    takes=60.0,
    ports=(PORT,),
    needs=(Need.NETWORK, Need.UPDATES),
)
