"""An update that an attacker offers, and what each updater is seen to do with it.

The twin's runs what it fetched, which answers the challenge. The device's would ask for the payload that the offer
names: that is seen on the wire, before anything could be installed. It is not enough that it does not: an updater that
is broken takes nothing either. So the attacker leaves in the end, and the device has to take its maker's own update.
"""

import time
from dataclasses import dataclass

from firmward.lab.attacks import Attack, Result, Unseen
from firmward.lab.means import update_server
from firmward.lab.means.update_server import Site, UpdateServer, serving
from firmward.lab.target import Powered, Target, Witness
from firmward.lab.updates import Updates, payloads

ASKS = 75.0
"""Seconds in which an updater asks for the first time, once the device serves."""
QUIET = 6.0
"""Seconds without another question, after which it has made up its mind."""
COMES_BACK = 120.0
"""Seconds in which a device that was refused asks again."""


@dataclass(frozen=True, slots=True)
class Offered:
    """`bad` are paths that nobody asks for who was not deceived. `then` is the maker's repository (updates.py) that is
    there once the attacker has left."""

    site: Site
    bad: frozenset[str]
    then: str = "current"


def attacked(target: Target, attack: Attack, offer: Offered) -> Result:
    """Whoever it is offered to."""
    with serving(offer.site) as server, target.power(station=server.station) as powered:
        powered.await_healthy(attack.within)
        target.note(Witness.ATTACKER, attack.does)
        if target.is_plain:
            return twin(powered, server)
        until_quiet(powered, server)
        if took(powered, server, offer.bad):
            return Result.SUCCEEDED
        return leaves(powered, server, offer.bad, then=offer.then)


def twin(powered: Powered, server: UpdateServer) -> Result:
    """Raises Unseen where it asks for nothing."""
    if powered.until(powered.answers, ASKS):
        powered.target.note(Witness.SERIAL, "what the updater fetched ran as root, and answered the challenge")
        return Result.SUCCEEDED
    if not server.log:
        raise Unseen(f"the updater asked for nothing within {ASKS:g} s")
    powered.target.note(Witness.NETWORK, f"the updater asked for {_last(server)}, and ran nothing")
    return Result.STOPPED


def until_asked(powered: Powered, server: UpdateServer) -> None:
    """Raises Unseen where it asks for nothing."""
    if not powered.until(lambda: bool(server.log), ASKS):
        raise Unseen(f"the updater asked for nothing within {ASKS:g} s")


def until_quiet(powered: Powered, server: UpdateServer) -> None:
    until_asked(powered, server)
    powered.until(lambda: time.monotonic() - server.log[-1].at > QUIET, COMES_BACK)
    powered.target.note(Witness.NETWORK, f"the updater asked for {len(server.log)} files, the last {_last(server)}")


def took(powered: Powered, server: UpdateServer, bad: frozenset[str]) -> bool:
    asked = bad.intersection(server.paths())
    if asked:
        powered.target.note(Witness.NETWORK, f"it asked for the payload that the attacker offers: {min(asked)}")
    return bool(asked)


def leaves(
    powered: Powered, server: UpdateServer, bad: frozenset[str], held: Result = Result.STOPPED, then: str = "current"
) -> Result:
    """The attacker goes, and the maker's own repository is there again. Raises Unseen where it is not taken either."""
    updates = powered.target.updates
    wanted, version = payloads(updates.manifest("current")), updates.manifest("current").version
    since, server.site = time.monotonic(), honest(updates, then)
    came = powered.until(lambda: bool(wanted.intersection(server.paths(since))), COMES_BACK)
    if took(powered, server, bad - wanted):
        return Result.SUCCEEDED
    if not came:
        raise Unseen(f"the attacker left, and the updater did not take {version} within {COMES_BACK:g} s")
    words = f"the attacker left, and {time.monotonic() - since:.0f} s later the updater fetches {version} of its maker"
    powered.target.note(Witness.NETWORK, words)
    return held


def honest(updates: Updates, name: str = "current") -> Site:
    return update_server.folder(updates.place(name))


def _last(server: UpdateServer) -> str:
    return server.log[-1].path
