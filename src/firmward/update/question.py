"""Asks a repository whether there is an update: over the network or in a folder, it is the same question.

The channel is asked first, then the director: by then the floor of time stands where the channel's timestamp was
signed, so that a director's metadata that somebody kept back counts as old, whatever the wall clock says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from firmward.model.errors import TrustError
from firmward.trust import clock, director
from firmward.trust.anchor import AnchoredStore
from firmward.trust.client import USUAL, Client
from firmward.trust.clock import Clock, TimeFloor
from firmward.trust.metadata import Root, TargetFile
from firmward.trust.place import Below, Place
from firmward.trust.store import Store
from firmward.trust.trusted import Moment, Trusted
from firmward.trust.workflow import Limits
from firmward.update import manifest, offer
from firmward.update.offer import Answer, Current, Device

CHANNEL, DIRECTOR = "channel", "director"
"""Where a device keeps the metadata of its channel and of its director, in its own folder."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Of the verified image: where trust begins. `director` is None where it brings none."""

    channel: bytes
    director: bytes | None = None


@dataclass(frozen=True, slots=True)
class Repository:
    """Where its parts are. `director` is the metadata that is meant for this device."""

    metadata: Place
    targets: Place
    director: Place


def repository_at(place: Place, device: str) -> Repository:
    """As a maker's repository is laid out (ADR 016), for the device of this name."""
    director = ("director", device or "-", "metadata")
    return Repository(Below(place, ("metadata",)), Below(place, ("targets",)), Below(place, director))


@dataclass(frozen=True, slots=True)
class Reply:
    """`clock` is the time that it was judged by, `expired` the metadata that is taken by grace alone. `signed` is when
    the repository last signed, in seconds since 1970, 0 where it does not say."""

    answer: Answer
    clock: Clock
    expired: frozenset[str]
    signed: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """`state` is the device's own folder, `wall` gives what the wall clock says, in seconds since 1970."""

    device: Device
    roots: Roots
    state: Path
    wall: Callable[[], float]
    limits: Limits = USUAL

    def ask(self, repository: Repository) -> Reply:
        """Raises TrustError for what is refused, DeviceError where nobody can be asked."""
        times: list[Clock] = []

        def timing(root: Root) -> Moment:
            times.append(self._clock(root))
            return times[-1].moment(self.device.identity.grace)

        channel = Client(
            AnchoredStore(self.state / CHANNEL, self.roots.channel),
            repository.metadata,
            repository.targets,
            timing,
            self.limits,
        )
        trusted = channel.refresh()
        signed = clock.signed_in(trusted)
        self._time_floor().advance(signed)
        answer = self._answer(channel, repository)
        return Reply(answer, times[-1], channel.refresh().expired, 0 if signed is None else signed.at)

    def _answer(self, channel: Client, repository: Repository) -> Answer:
        device, order = self.device, None
        target = channel.target(device.identity.target)
        if device.identity.director:
            ordered = offer.ordered(device, self._order(channel.refresh(), repository.director), target)
            if isinstance(ordered, Current):
                return ordered
            order = ordered
        read = channel.read(target, manifest.SIZE_LIMIT, manifest.parse)
        return offer.judged(device, sha256(manifest.encoded(read.value)).hexdigest(), read, order)

    def _order(self, channel: Trusted, metadata: Place) -> TargetFile | None:
        if self.roots.director is None or not self.device.name:
            raise TrustError("director: this device asks for one, and has no root of it or no name of its own")
        store = AnchoredStore(self.state / DIRECTOR, self.roots.director)
        client = Client(store, metadata, metadata, self._clock(channel.root).moment(), self.limits)
        return director.ordered(client.refresh())

    def _clock(self, root: Root) -> Clock:
        wall = max(int(self.wall()), 0)
        return clock.judged(wall, self.device.identity.built, self._time_floor().read(), root)

    def _time_floor(self) -> TimeFloor:
        return TimeFloor(Store(self.state))
