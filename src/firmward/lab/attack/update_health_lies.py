"""A version of the maker's own that does not serve, and somebody who claims that it does.

The claim is written where Linux makes it for the boot loader, and has no signature: no board of the lab has a key that
could make one. So it is believed, and the slot before it falls below the rollback floor. What remains is the updater,
which the broken version has too: it has to find the way out by itself.
"""

from firmward.build.built import STATE
from firmward.formats.boot_state import Records, Request, State
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import in_place, offered_update, outcome, slot_content
from firmward.lab.means.slot_content import Release
from firmward.lab.means.update_server import serving_beside
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

PORT = 443
BROKEN, OTHER = "b", "a"
CLAIM = Request(good=BROKEN)
BELIEVED = 60.0
"""Seconds in which the boot loader has read the claim."""
SERVES = 40.0
"""Seconds after which the twin would serve."""


def run(target: Target) -> Result:
    return _twin(target) if target.is_plain else _device(target)


def _twin(target: Target) -> Result:
    broken = slot_content.release(target.updates, "broken")
    target.write(in_place.PARTITION, broken.content("root"))
    target.note(Witness.ATTACKER, f"put {broken.manifest.version} into it, whose application does not start")
    with target.power(ports=ATTACK.ports) as powered:
        if powered.until(lambda: powered.is_healthy, SERVES) or outcome.answers(powered, PORT):
            return Result.STOPPED
    target.note(Witness.NETWORK, f"port {PORT} did not answer within {SERVES:g} s, and nothing ends that")
    return Result.SUCCEEDED


def _device(target: Target) -> Result:
    broken = slot_content.release(target.updates, "broken")
    slot_content.placed(target, BROKEN, broken)
    last = State(8, active=BROKEN, last=BROKEN, a_good=True)
    target.write(STATE, Records((last, last), CLAIM).to_bytes())
    says = f"put {broken.manifest.version} into slot {BROKEN}, which does not serve, and the claim that it does"
    target.note(Witness.ATTACKER, says)
    with (
        serving_beside(offered_update.honest(target.updates)) as server,
        target.power(ATTACK.ports, station=server.wire) as powered,
    ):
        _believed(powered)
        return _ended(powered, slot_content.release(target.updates, "current"))


def _believed(powered: Powered) -> None:
    """What the boot loader makes of it. Raises Unseen where it reads nothing."""
    if not powered.until(lambda: powered.target.records().request != CLAIM, BELIEVED):
        raise Unseen(f"the boot loader did not read the claim within {BELIEVED:g} s")
    state = powered.target.records().state
    counts = state is not None and state.b_good
    words = "counts slot b as healthy" if counts else "does not believe it"
    powered.target.note(Witness.DISK, f"the boot loader has read the claim, and {words}")


def _ended(powered: Powered, mended: Release) -> Result:
    target = powered.target
    if not powered.until(lambda: powered.is_healthy, ATTACK.within):
        target.note(
            Witness.DISK, f"no slot served within {ATTACK.within:g} s; the machine was reset {powered.resets} times"
        )
        return Result.SUCCEEDED
    if powered.served == BROKEN:
        raise Unseen("Linux marked the slot good that does not serve")
    if not outcome.answers(powered, PORT, BELIEVED):
        raise Unseen(f"Linux marked slot {powered.served} good, and port {PORT} does not answer")
    holds = slot_content.holds(target, OTHER, mended)
    what = f"{mended.manifest.version}, which it fetched itself" if holds else "what it had before"
    target.note(Witness.DISK, f"slot {OTHER} serves in its place, with {what}; port {PORT} answers")
    return Result.DETECTED


ATTACK = Attack(
    id="update-health-lies",
    title="A broken version that is said to be healthy",
    does="puts a signed version that does not serve into the storage, and the claim that it serves beside it",
    position=Position.BENCH,
    link=UPDATES,
    case="CrowdStrike's channel file 291 (2024): passed as good by its checks, and 8.5 million machines did not start",
    foretold=("update-without-fallback",),
    run=run,
    within=170.0,
    takes=90.0,
    ports=(PORT,),
    needs=(Need.NETWORK, Need.UPDATES),
)
