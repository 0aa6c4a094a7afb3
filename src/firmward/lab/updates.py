"""The maker's update repositories as an attacker has them: what everybody could copy, at several moments.

| folder | is the repository |
| --- | --- |
| `current` | as it is now: a version that is newer than what runs, and another product beside it |
| `stale` | as it was when it offered what runs now; its timestamp has expired |
| `recovered` | as `current`, after its maker has replaced the online keys, which were stolen |
| `past` | as it was when it offered an older version; its timestamp is fresh |
| `broken` | as `current`, and one version more, whose application does not start |

`online` is the store with the keys of snapshot and timestamp, for the attack that has stolen them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmward.build.built import Built
from firmward.lab.attacks import Unseen
from firmward.model.errors import FirmwardError
from firmward.signing.key_store import KeyStore
from firmward.signing.tuf_repository import BLOBS, Channel, State, channel, existing
from firmward.signing.unlock import Unlock
from firmward.update.manifest import Manifest

NAMES = ("current", "recovered", "stale", "past", "broken")
STABLE = "stable"
"""The channel whose releases they hold."""


@dataclass(frozen=True, slots=True)
class OnlineKeys:
    store: KeyStore
    unlock: Unlock


@dataclass(frozen=True, slots=True)
class Updates:
    """`product` and `board` are the device's."""

    folder: Path
    product: str
    board: str
    online: OnlineKeys | None = None

    @property
    def channel(self) -> Channel:
        return channel(self.product, STABLE)

    @property
    def path(self) -> str:
        """Of the target that this device asks for."""
        return self.channel.path(self.board)

    def place(self, name: str) -> Path:
        return self.folder / name

    def state(self, name: str) -> State:
        return existing(self.place(name))

    def manifest(self, name: str, one: Channel | None = None) -> Manifest:
        """What it offers this board. Raises Unseen where that is nothing."""
        wanted, state = one or self.channel, self.state(name)
        found = state.manifest(wanted.path(self.board), state.of_channel(wanted).signed)
        if found is None:
            raise Unseen(f"{self.place(name)} offers {wanted.role} nothing for {self.board}")
        return found

    def other(self) -> Channel:
        """The same channel of another product. Raises Unseen where there is none."""
        for role in self.state("current").channels or {}:
            product, _, name = role.partition(".")
            if product != self.product and name == STABLE:
                return channel(product, STABLE)
        raise Unseen(f"{self.place('current')} has no other product than {self.product}")


def payloads(manifest: Manifest) -> frozenset[str]:
    """Where they are fetched: who asks for one of these takes the release."""
    blobs = (source.blob.sha256 for payload in manifest.payloads for source in payload.sources)
    return frozenset(f"/{BLOBS}/{sha256}" for sha256 in blobs)


def unfit(updates: Updates, runs: Built) -> str | None:
    """Why attacks with them would show nothing."""
    return next(_unfit(updates, runs), None)


def _unfit(updates: Updates, runs: Built) -> Iterator[str]:
    for name in NAMES:
        try:
            found = updates.manifest(name)
        except (FirmwardError, Unseen) as problem:
            yield f"{name}: {problem}"
            return
        is_older, is_newer = found.rollback_index < runs.rollback_index, found.rollback_index > runs.rollback_index
        if name in ("current", "broken") and not is_newer:
            yield f"{name} offers {found.version}, which is not newer than {runs.version} by its rollback index"
        if name == "past" and not is_older:
            yield f"past offers {found.version}, which is not older than {runs.version} by its rollback index"
