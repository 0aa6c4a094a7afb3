"""An update that the same maker signed, with the same keys, for another product."""

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.challenge import Challenge
from firmward.lab.means import naive_server, offered_update
from firmward.lab.means.offered_update import Offered
from firmward.lab.means.update_server import folder, over
from firmward.lab.target import Target
from firmward.lab.updates import Updates, payloads
from firmward.model.chain import UPDATES
from firmward.signing.tuf_repository import target_file

OTHER_MODEL = "rec-1"


def run(target: Target) -> Result:
    return offered_update.attacked(target, ATTACK, offer(target.updates, target.challenge))


def offer(updates: Updates, challenge: Challenge) -> Offered:
    theirs = updates.manifest("current", updates.other())
    naive = naive_server.offered("9.9.9", challenge, OTHER_MODEL)
    files = {**crossed(updates), naive_server.ASKED: naive.pop(naive_server.asked_of(OTHER_MODEL)), **naive}
    bad = payloads(theirs) - payloads(updates.manifest("current"))
    return Offered(over(files, folder(updates.place("current"))), bad)


def crossed(updates: Updates) -> dict[str, bytes]:
    """The other product's channel and its manifest, wherever this device looks for its own."""
    state, other = updates.state("current"), updates.other()
    channel, theirs = state.of_channel(updates.channel), state.of_channel(other)
    ours = channel.signed.targets[updates.path]
    manifest = state.manifest_content(other.path(updates.board), theirs.signed) or b""
    return {
        f"/metadata/{channel.signed.version}.{updates.channel.role}.json": theirs.content,
        f"/{target_file(updates.path, ours.hashes['sha256'])}": manifest,
    }


ATTACK = Attack(
    id="update-wrong-device",
    title="An update for another product",
    does="answers in the update server's place, with what the same maker has signed for another of his products",
    position=Position.NETWORK,
    link=UPDATES,
    case="TUF specification 1.0, section 1.5.2: wrong software installation, signed and not what was asked for",
    foretold=("update-unauthenticated",),
    run=run,
    within=120.0,
    takes=60.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
