"""An update of the attacker's own, by whoever holds the line to the server."""

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
    own = forged(updates)
    files = {**own.files, **naive_server.offered(VERSION, challenge)}
    return Offered(over(files, folder(updates.place("current"))), own.payloads)


ATTACK = Attack(
    id="update-forged",
    title="An update of the attacker's own",
    does="answers in the update server's place, with a version, metadata and a payload that he signed himself",
    position=Position.NETWORK,
    link=UPDATES,
    case="CVE-2020-7982: OpenWrt's opkg fetched packages by HTTP, and their digests could be passed by",
    foretold=("update-unauthenticated", "update-over-plaintext"),
    run=run,
    within=120.0,
    takes=65.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
