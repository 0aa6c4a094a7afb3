"""Installs a verified manifest into the slot that is not running, so that the device starts whenever its power is cut.

Rules:

- Only the other slot's partitions are written, and only when the running version was marked good.
- Before the first byte, each time: the record of what the slot holds is dropped, the boot loader is told not to start
  it, and the first block of its boot partition is zero on the disk. That block comes back last of all.
- The root goes first, with its hash tree, then boot. What was written counts when it was read back.
- The loader is told last. Then the journal says so, and a version that the loader went back from is refused until
  another one is offered: no device restarts for ever.
- No clock is asked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.place import Place
from firmward.trust.store import Store
from firmward.update import fallen, hash_tree, journal, slots
from firmward.update.bootloaders.bootloader import BootLoader, BootState
from firmward.update.disk import Disk
from firmward.update.hash_tree import HashTree
from firmward.update.journal import ACTIVATED, WRITING, Journal
from firmward.update.landing import Grain, Landing
from firmward.update.manifest import Manifest, Payload
from firmward.update.offer import Offer
from firmward.update.region import Region
from firmward.update.slots import Holding, partition_of
from firmward.update.sources.source import Base
from firmward.update.supply import Supply

ORDER = ("root", "boot")
INSTALLED, WAITING, RUNNING = "installed", "waiting", "running"
USUAL = Grain()
COMING, CHECKED = "coming", "checked"


@dataclass(frozen=True, slots=True)
class Onto:
    """The device. `runs` is what its running image says of itself: kept as the record of the running slot where that
    came from the factory, and has none of its own."""

    disk: Disk
    store: Store
    loader: BootLoader
    runs: Holding | None = None

    def held(self, running: str) -> Holding | None:
        """What the running slot holds. A record of another version than what runs was not written for it."""
        known = slots.held(self.store, running)
        is_stale = known is not None and self.runs is not None and known.version != self.runs.version
        return self.runs if known is None or is_stale else known


@dataclass(frozen=True, slots=True)
class Progress:
    """`offset` of the `size` bytes of a payload are there; `doing` is COMING, or CHECKED when all was read back."""

    payload: str
    doing: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Installed:
    """`standing` is INSTALLED, WAITING where that was done before and nothing but a restart is missing, or RUNNING
    where this is what runs already."""

    slot: str
    version: str
    standing: str


Tell = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """Tells nobody."""


def install(offer: Offer, onto: Onto, blobs: Place, tell: Tell = silent, grain: Grain = USUAL) -> Installed:
    """Raises TrustError for what is refused, DeviceError for what may go on from here when it is called again, and
    InputError for a device that has no slots as these."""
    state = onto.loader.state()
    slot = slots.other(state.running)
    manifest = offer.manifest.value
    standing = _standing(offer, onto, state, slot)
    if standing != INSTALLED:
        return Installed(state.running if standing == RUNNING else slot, manifest.version, standing)
    work = _Work(offer, onto, state.running, slot, grain)
    work.require_room()
    work.begin()
    supply = Supply(blobs, work.base, onto.held(state.running))
    for payload in _ordered(manifest):
        work.land(payload, supply, tell)
    work.activate()
    return Installed(slot, manifest.version, INSTALLED)


def _standing(offer: Offer, onto: Onto, state: BootState, slot: str) -> str:
    """INSTALLED where there is something to be done. Raises DeviceError, TrustError."""
    version = offer.manifest.value.version
    runs = onto.held(state.running)
    # anybody can write a record, and the version of what runs is in its image: a record alone holds no update back
    if runs is not None and (runs.sha256, runs.version) == (offer.digest, version):
        return RUNNING
    if state.running not in state.good:
        raise DeviceError("the running version has not proved itself yet: nothing is installed over the one before it")
    last, told, there = journal.kept(onto.store), _told(offer, slot), slots.held(onto.store, slot)
    if state.next == slot and (last == told or (there is not None and there.sha256 == offer.digest)):
        if last != told:
            journal.keep(onto.store, told)
        return WAITING
    if last == told:
        fallen.remember(onto.store, offer.digest)
    if state.next == slot and last is not None and last.slot != slot:
        raise DeviceError(f"a restart begins with slot {slot}, as somebody asked for: it is not written over before")
    if fallen.is_remembered(onto.store, offer.digest):
        raise TrustError(f"version {version} fell back: the device was told to start it, and runs the one before it")
    return INSTALLED


def _told(offer: Offer, slot: str) -> Journal:
    """The journal once all is there, and the boot loader was told."""
    manifest = offer.manifest.value
    *_, boot = _ordered(manifest)
    return Journal(offer.digest, manifest.version, slot, "boot", boot.size, 0, boot.size, boot.sha256, ACTIVATED)


def _ordered(manifest: Manifest) -> Iterator[Payload]:
    for name in ORDER:
        yield from (one for one in manifest.payloads if one.partition == name)


class _Work:
    """One manifest on its way into one slot."""

    def __init__(self, offer: Offer, onto: Onto, running: str, slot: str, grain: Grain) -> None:
        self._offer = offer
        self._manifest = offer.manifest.value
        self._onto = onto
        self._running = running
        self._slot = slot
        self._grain = grain
        self._regions = {
            one.partition: Region(onto.disk, partition_of(one.partition, slot)) for one in self._manifest.payloads
        }
        self._head = b""

    def require_room(self) -> None:
        """Raises TrustError for a release that is meant for bigger slots."""
        for payload in self._manifest.payloads:
            region, wanted = self._regions[payload.partition], self._whole_size(payload)
            if wanted > region.size:
                raise TrustError(f"{region.name}: has {region.size} bytes, and the release needs {wanted}")

    def begin(self) -> None:
        """From here on the slot is one that no loader starts."""
        store = self._onto.store
        runs = self._onto.held(self._running)
        if runs is not None and runs != slots.held(store, self._running):
            slots.keep(store, self._running, runs)
        if not self._goes_on(journal.kept(store)):
            journal.keep(store, self._beginning(next(_ordered(self._manifest))))
        fallen.forget(store)
        slots.drop(store, self._slot)
        self._onto.loader.disable(self._slot)
        boot = self._regions["boot"]
        boot.put(0, bytes(min(self._grain.block, boot.size)))

    def base(self, payload: Payload) -> Base:
        """Reads what the running slot holds."""
        name = partition_of(payload.partition, self._running)

        def read(offset: int, length: int) -> bytes:
            try:
                return self._onto.disk.read(name, offset, length)
            except KeyError as error:
                raise OSError(0, f"there is no partition {name}") from error

        return read

    def land(self, payload: Payload, supply: Supply, tell: Tell) -> None:
        def told(landing: Landing) -> None:
            tell(Progress(payload.partition, COMING, landing.came, payload.size))

        landing = Landing(
            self._onto.store, self._regions[payload.partition], payload, self._journal_of(payload), self._grain
        )
        landing.resume()
        supply.land(landing, told)
        self._check(landing)
        self._head = landing.head
        tell(Progress(payload.partition, CHECKED, payload.size, payload.size))

    def activate(self) -> None:
        """All is there but the first block of boot."""
        store = self._onto.store
        self._regions["boot"].put(0, self._head)
        slots.keep(store, self._slot, slots.of_manifest(self._manifest, self._offer.digest))
        self._onto.loader.activate(self._slot)
        journal.keep(store, _told(self._offer, self._slot))

    def _check(self, landing: Landing) -> None:
        """What was written is what the disk gives back; a root gets its hash tree from that. Raises DeviceError, and
        TrustError where the manifest contradicts itself."""
        payload, digest = landing.payload, sha256()
        said = self._manifest.verity if payload.partition == "root" else None
        tree = None if said is None else HashTree(self._regions["root"], hash_tree.shape_of(payload, said))
        for piece in landing.read_back(payload.size):
            digest.update(piece)
            if tree is not None:
                tree.take(piece)
        if digest.hexdigest() != payload.sha256:
            raise DeviceError(f"{payload.partition}_{self._slot}: what was written is not what is read back")
        if tree is not None and said is not None:
            tree.finish(said.root_hash)

    def _whole_size(self, payload: Payload) -> int:
        said = self._manifest.verity
        if payload.partition != "root" or said is None:
            return payload.size
        return hash_tree.whole_size(hash_tree.shape_of(payload, said))

    def _goes_on(self, last: Journal | None) -> bool:
        """Whether a journal is that of this work, still at it."""
        known = (self._offer.digest, self._slot, WRITING)
        return last is not None and (last.manifest, last.slot, last.stage) == known

    def _journal_of(self, payload: Payload) -> Journal:
        """As it is kept; what comes before the payload in it is whole, and what comes behind has not begun."""
        last = journal.kept(self._onto.store)
        beginning = self._beginning(payload)
        if last is None or not self._goes_on(last):
            return beginning
        if last.payload == payload.partition:
            return last if last.size == payload.size else beginning
        if ORDER.index(payload.partition) < ORDER.index(last.payload):
            return self._whole(payload)
        return beginning

    def _beginning(self, payload: Payload) -> Journal:
        return Journal(self._offer.digest, self._manifest.version, self._slot, payload.partition, payload.size)

    def _whole(self, payload: Payload) -> Journal:
        return replace(self._beginning(payload), offset=payload.size, prefix=payload.sha256)
