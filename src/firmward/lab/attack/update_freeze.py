"""A device that is shown yesterday for ever, so that it never learns what closes its holes.

Nobody can tell at once that there is something newer. What a device can tell is that it has heard nothing fresh for
too long, and not rest: here the timestamp that it is shown has expired.
"""

import time

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import naive_server, offered_update
from firmward.lab.means.update_server import UpdateServer, folder, over, serving
from firmward.lab.target import Powered, Target, Witness
from firmward.lab.updates import payloads
from firmward.model.chain import UPDATES

RESTS = 45.0
"""Seconds without another question: then an updater is content with what it was told."""


def run(target: Target) -> Result:
    version = target.device.said.version
    stale = over(naive_server.offered(version, target.challenge), folder(target.updates.place("stale")))
    with serving(stale) as server, target.power(station=server.station) as powered:
        powered.await_healthy(ATTACK.within)
        target.note(Witness.ATTACKER, ATTACK.does)
        offered_update.until_quiet(powered, server)
        asked = len(server.log)
        if not powered.until(lambda: len(server.log) > asked, RESTS):
            return _rests(powered)
        return _goes_on(powered, server, asked)


def _rests(powered: Powered) -> Result:
    if powered.answers():
        raise Unseen("the updater ran what it was not even offered")
    newer = powered.target.updates.manifest("current").version
    words = f"the updater is content: it asks for nothing more for {RESTS:g} s, and never hears of {newer}"
    powered.target.note(Witness.NETWORK, words)
    return Result.SUCCEEDED


def _goes_on(powered: Powered, server: UpdateServer, asked: int) -> Result:
    seconds = server.log[asked].at - server.log[asked - 1].at
    powered.target.note(Witness.NETWORK, f"the updater did not rest with it: it asks again {seconds:.0f} s later")
    powered.until(lambda: time.monotonic() - server.log[-1].at > offered_update.QUIET, RESTS)
    stale = payloads(powered.target.updates.manifest("stale"))
    return offered_update.leaves(powered, server, stale, Result.DETECTED)


ATTACK = Attack(
    id="update-freeze",
    title="A device held back for ever",
    does="answers in the update server's place, for ever as it did three days ago, before there was a newer release",
    position=Position.NETWORK,
    link=UPDATES,
    case="Cappos et al., A Look in the Mirror, CCS 2008: a mirror that stands still keeps machines at what has holes",
    foretold=("update-over-plaintext",),
    run=run,
    within=120.0,
    takes=140.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
