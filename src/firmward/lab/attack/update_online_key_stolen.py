"""The update server taken over, with the keys that have to lie on it.

What the thief signs with them is believed as far as they reach, so that a device may not go back to what the maker had
published before: he has to replace the stolen keys, and then it follows him again.
"""

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.challenge import Challenge
from firmward.lab.means import naive_server, offered_update
from firmward.lab.means.forged_repository import forged
from firmward.lab.means.offered_update import Offered
from firmward.lab.means.update_server import folder, over
from firmward.lab.target import Target
from firmward.lab.updates import Updates
from firmward.model.chain import UPDATES

VERSION = "9.9.9"


def run(target: Target) -> Result:
    return offered_update.attacked(target, ATTACK, offer(target.updates, target.challenge))


def offer(updates: Updates, challenge: Challenge) -> Offered:
    own = forged(updates, updates.online)
    files = {**own.files, **naive_server.offered(VERSION, challenge)}
    return Offered(over(files, folder(updates.place("current"))), own.payloads, "recovered")


ATTACK = Attack(
    id="update-online-key-stolen",
    title="The update server and its keys stolen",
    does="signs snapshot and timestamp with the maker's own keys, which lay on the server, over a release of his own",
    position=Position.NETWORK,
    link=UPDATES,
    case="Operation ShadowHammer (2018): ASUS' own update servers gave out an updater with a back door",
    foretold=("update-unauthenticated",),
    run=run,
    within=120.0,
    takes=60.0,
    needs=(Need.NETWORK, Need.UPDATES, Need.ONLINE_KEYS),
)
