"""An answer that drips: an updater that waits for it asks nobody else any more."""

import time

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.means import offered_update
from firmward.lab.means.update_server import Asked, Slow, UpdateServer, always, serving
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

HOLDS = 45.0
"""Seconds after which an updater that still waits is held for good: all that it asked for has a few kilobytes."""


def run(target: Target) -> Result:
    with serving(always(Slow())) as server, target.power(station=server.station) as powered:
        powered.await_healthy(ATTACK.within)
        target.note(Witness.ATTACKER, ATTACK.does)
        offered_update.until_asked(powered, server)
        first = server.log[0]
        powered.until(lambda: first.ended is not None, HOLDS)
        return _seen(powered, server, first)


def _seen(powered: Powered, server: UpdateServer, first: Asked) -> Result:
    if first.ended is None:
        seconds, taken = time.monotonic() - first.at, server.taken
        words = f"the updater has waited for {first.path} for {seconds:.0f} s, has {taken} bytes, and asks nothing else"
        powered.target.note(Witness.NETWORK, words)
        return Result.SUCCEEDED
    powered.target.note(Witness.NETWORK, f"the updater broke off after {first.ended - first.at:.0f} s")
    return offered_update.leaves(powered, server, frozenset(), Result.DETECTED)


ATTACK = Attack(
    id="update-slow",
    title="An answer that drips",
    does="answers in the update server's place, with a byte every two seconds",
    position=Position.NETWORK,
    link=UPDATES,
    case="TUF specification 1.0, section 1.5.2: slow retrieval attacks",
    foretold=("update-over-plaintext",),
    run=run,
    within=90.0,
    takes=130.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
