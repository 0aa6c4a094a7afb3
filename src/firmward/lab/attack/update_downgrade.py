"""What the maker offered long ago, and signed, offered again."""

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.challenge import Challenge
from firmward.lab.means import naive_server, offered_update
from firmward.lab.means.offered_update import Offered
from firmward.lab.means.update_server import folder, over
from firmward.lab.target import Target
from firmward.lab.updates import Updates, payloads
from firmward.model.chain import UPDATES


def run(target: Target) -> Result:
    return offered_update.attacked(target, ATTACK, offer(target.updates, target.challenge))


def offer(updates: Updates, challenge: Challenge) -> Offered:
    past = updates.manifest("past")
    return Offered(over(naive_server.offered(past.version, challenge), folder(updates.place("past"))), payloads(past))


ATTACK = Attack(
    id="update-downgrade",
    title="An older version offered as an update",
    does="answers in the update server's place, with an older release as the maker signed it, and no sign of its age",
    position=Position.NETWORK,
    link=UPDATES,
    case="CVE-2022-29173: go-tuf took metadata that was older than what it had, and with it older software",
    foretold=("update-downgrade-possible",),
    run=run,
    within=120.0,
    takes=60.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
