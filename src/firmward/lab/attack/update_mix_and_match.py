"""Parts of several releases, each one signed, put together as their maker never did."""

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.challenge import Challenge
from firmward.lab.means import naive_server, offered_update
from firmward.lab.means.offered_update import Offered
from firmward.lab.means.update_server import folder, over
from firmward.lab.target import Target
from firmward.lab.updates import Updates, payloads
from firmward.model.chain import UPDATES
from firmward.signing.tuf_repository import BLOBS


def run(target: Target) -> Result:
    return offered_update.attacked(target, ATTACK, offer(target.updates, target.challenge))


def offer(updates: Updates, challenge: Challenge) -> Offered:
    version = updates.manifest("current").version
    files = {**naive_server.offered(version, challenge), **mixed(updates)}
    return Offered(over(files, folder(updates.place("current"))), payloads(updates.manifest("past")))


def mixed(updates: Updates) -> dict[str, bytes]:
    """The newest timestamp and snapshot stay; where they lead lies the channel as it once was, and each payload of now
    is one of then."""
    now, then = updates.state("current"), updates.state("past")
    channel, former = now.of_channel(updates.channel), then.of_channel(updates.channel)
    files = {f"/metadata/{channel.signed.version}.{updates.channel.role}.json": former.content}
    pairs = zip(updates.manifest("current").payloads, updates.manifest("past").payloads, strict=False)
    for new, old in pairs:
        content = (updates.place("past") / BLOBS / old.sources[0].blob.sha256).read_bytes()
        files[f"/{BLOBS}/{new.sources[0].blob.sha256}"] = content
    return files


ATTACK = Attack(
    id="update-mix-and-match",
    title="Parts of several releases put together",
    does="answers in the update server's place: the newest version by its metadata, an older one by what it leads to",
    position=Position.NETWORK,
    link=UPDATES,
    case="TUF specification 1.0, section 1.5.2: mix-and-match attacks",
    foretold=("update-unauthenticated", "update-downgrade-possible"),
    run=run,
    within=120.0,
    takes=65.0,
    needs=(Need.NETWORK, Need.UPDATES),
)
