"""An answer without an end: it fills what the device has to write to."""

import time

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.means import offered_update
from firmward.lab.means.update_server import Endless, UpdateServer, always, serving
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import UPDATES

TOO_MUCH = 24 << 20
"""Bytes in answer to one question, which a line of text or a kilobyte of metadata would answer."""
ENDS = 90.0
"""Seconds in which it is taken, or ended."""


def run(target: Target) -> Result:
    with serving(always(Endless())) as server, target.power(station=server.station) as powered:
        powered.await_healthy(ATTACK.within)
        target.note(Witness.ATTACKER, ATTACK.does)
        offered_update.until_asked(powered, server)
        powered.until(lambda: server.taken > TOO_MUCH or _has_ended(server), ENDS)
        return _seen(powered, server)


def _has_ended(server: UpdateServer) -> bool:
    """Every connection, and for a while."""
    asked = tuple(server.log)
    return all(one.ended is not None and time.monotonic() - one.ended > offered_update.QUIET for one in asked)


def _seen(powered: Powered, server: UpdateServer) -> Result:
    if server.taken > TOO_MUCH:
        words = f"the updater has taken {server.taken >> 20} MiB in answer to {server.log[-1].path}, and goes on"
        powered.target.note(Witness.NETWORK, words)
        return Result.SUCCEEDED
    if not _has_ended(server):
        raise Unseen(f"the updater neither took {TOO_MUCH >> 20} MiB nor ended it within {ENDS:g} s")
    taken = max(one.taken for one in server.log)
    powered.target.note(Witness.NETWORK, f"the updater broke off after {taken >> 10} KiB")
    return offered_update.leaves(powered, server, frozenset())


ATTACK = Attack(
    id="update-endless",
    title="An answer without an end",
    does="answers in the update server's place, and never stops sending",
    position=Position.NETWORK,
    link=UPDATES,
    case="Cappos et al., A Look in the Mirror, CCS 2008: endless data in the place of metadata fills disks",
    foretold=("update-over-plaintext",),
    run=run,
    within=120.0,
    takes=70.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
