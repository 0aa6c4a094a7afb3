"""The power is cut while the device updates itself, again and again, wherever it hurts."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import in_place, offered_update, outcome, slot_content
from firmward.lab.means.slot_content import Release
from firmward.lab.means.update_server import UpdateServer, over, serving, serving_beside
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

PORT = 443
NEXT = "b"
"""The slot that an untouched device installs into."""
COMES = 100.0
"""Seconds in which an update comes to where its power is cut: until it is asked for, and until it is there."""
LOOK = 0.02
"""Seconds between two looks at the disk: some of the moments are short."""
FIRST_START = 4.0
"""Seconds that the new version runs for the first time."""
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Update:
    """One start in which the device is updated. `since` is when it began, by the monotonic clock."""

    powered: Powered
    server: UpdateServer
    release: Release
    since: float

    def has_come(self, partition: str, share: float) -> bool:
        """So far into a payload."""
        return slot_content.mark(self.release, partition, share).has_come(self.powered.target, NEXT)

    @property
    def is_switched(self) -> bool:
        """The boot loader is asked for the new version."""
        return self.powered.target.records().request.active == NEXT

    @property
    def is_started(self) -> bool:
        """The boot loader has begun with the new version."""
        state = self.powered.target.records().state
        return state is not None and state.last == NEXT


@dataclass(frozen=True, slots=True)
class Cut:
    """`serves` is whether the device is looked at before: the version that it came with has to serve again."""

    says: str
    is_due: Callable[[Update], bool]
    serves: bool = True
    then: float = 0.0
    """Seconds that pass first."""


CUTS = (
    Cut("in the middle of the root", lambda update: update.has_come("root", HALF)),
    Cut("in the middle of boot", lambda update: update.has_come("boot", HALF)),
    # the first block of boot comes last of all
    Cut("with all written, before the switch", lambda update: update.has_come("boot", 0.0)),
    # the cut before may have come a moment late: then it was the one behind the switch, and the new version runs
    Cut("behind the switch", lambda update: update.is_switched or update.is_started),
    Cut("at the first start of the new version", lambda update: update.is_started, serves=False, then=FIRST_START),
)


def run(target: Target) -> Result:
    return _twin(target) if target.is_plain else _device(target)


def _twin(target: Target) -> Result:
    release = slot_content.release(target.updates, "current")
    image = release.content("root")
    was = target.read(in_place.PARTITION, len(image))
    with serving(over(in_place.streamed(release.manifest.version, image))) as server:
        with target.power(station=server.station) as powered:
            powered.await_healthy(ATTACK.within)
            if not _listened(powered, lambda: in_place.is_half_written(target, image, was), offered_update.ASKS):
                raise Unseen("the twin's update was never seen half written")
        target.note(Witness.ATTACKER, f"cuts the power while {release.manifest.version} is written over what runs")
        with target.power(ports=ATTACK.ports) as powered:
            result = outcome.of_brick(powered, PORT, ATTACK.within)
    if result is Result.SUCCEEDED:
        target.note(Witness.MACHINE, f"it was reset {outcome.LOOPS} times, and serves nobody any more")
    return result


def _device(target: Target) -> Result:
    release = slot_content.release(target.updates, "current")
    slot_content.emptied(target, NEXT)
    with serving_beside(offered_update.honest(target.updates)) as server:
        for cut in CUTS:
            with target.power(ATTACK.ports, station=server.wire) as powered:
                update = Update(powered, server, release, time.monotonic())
                if cut.serves and not _serves(powered, cut):
                    return Result.SUCCEEDED
                _await(update, cut)
                powered.until(lambda: False, cut.then)
            target.note(Witness.ATTACKER, f"cuts the power {cut.says}{_asked(update)}")
        with target.power(ATTACK.ports, station=server.wire) as powered:
            return _ended(powered, release)


def _serves(powered: Powered, cut: Cut) -> bool:
    if powered.until(lambda: powered.is_healthy, COMES):
        return True
    powered.target.note(Witness.DISK, f"the device did not serve within {COMES:g} s, before it was cut {cut.says}")
    return False


def _await(update: Update, cut: Cut) -> None:
    """Raises Unseen where the update does not come so far."""
    if not _listened(update.powered, lambda: cut.is_due(update), COMES):
        raise Unseen(f"the update did not come so far as to be cut {cut.says} within {COMES:g} s")


def _asked(update: Update) -> str:
    """From where on it asked for what it fetched."""
    asked = [one for one in tuple(update.server.log) if one.at >= update.since and one.offset]
    found = [
        f"{name} from byte {one.offset} on"
        for name in ("root", "boot")
        for one in asked
        if one.path in update.release.urls(name)
    ]
    return f"; this time it asked for {' and '.join(found)}" if found else ""


def _ended(powered: Powered, release: Release) -> Result:
    """It serves, and with the new version. Raises Unseen where another one serves."""
    target, version = powered.target, release.manifest.version
    if not powered.until(lambda: powered.is_healthy, COMES):
        target.note(Witness.DISK, f"the device did not serve any more within {COMES:g} s")
        return Result.SUCCEEDED
    if powered.served != NEXT or not slot_content.holds(target, NEXT, release):
        raise Unseen(f"slot {powered.served} serves in the end, and {version} was to serve from {NEXT}")
    if not outcome.answers(powered, PORT, COMES):
        raise Unseen(f"Linux marked slot {NEXT} good, and port {PORT} does not answer")
    words = f"Linux marked slot {NEXT} good, which holds {version} to the byte, after {len(CUTS)} cuts"
    target.note(Witness.DISK, f"{words}; port {PORT} answers")
    return Result.STOPPED


def _listened(powered: Powered, seen: Callable[[], bool], seconds: float) -> bool:
    """As Powered.until, and more often."""
    limit = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > limit:
            return False
        powered.hear(LOOK)
    return True


ATTACK = Attack(
    id="update-interrupted",
    title="The power cut while the device updates itself",
    does="cuts the power at each stage of an update of the maker's own, one after the other",
    position=Position.HAND,
    link=UPDATES,
    case="Smith: PhlashDance, EUSecWest 2008: devices destroyed for good by way of their own updates",
    foretold=("update-without-fallback",),
    run=run,
    within=180.0,
    takes=200.0,
    ports=(PORT,),
    needs=(Need.NETWORK, Need.UPDATES),
)
