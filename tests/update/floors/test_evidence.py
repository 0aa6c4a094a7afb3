"""What proves a rollback floor on storage that anybody may write to, and what does not."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ceremony import BOARD, STABLE, Ceremony, begun
from played_repository import NOW, Played, target_file
from stores import DAY as DATE
from stores import cheaply, known
from tuf.api.metadata import Targets
from update_made import CHANNEL, DAY, MANIFEST, PATH, SECONDS, Asker, Maker, asker, manifest

from firmward.formats.canonical_json import encode
from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, TrustError
from firmward.signing import changes as store_changes
from firmward.signing.release import changes
from firmward.signing.role import Role
from firmward.trust.anchor import AnchoredStore
from firmward.trust.store import Store
from firmward.update import manifest as manifests
from firmward.update.floors import evidence
from firmward.update.floors.evidence import LIMIT, Evidence
from firmward.update.floors.file import FILE, FileFloor
from firmward.update.identity import Identity
from firmward.update.manifest import Health, encoded
from firmward.update.offer import Current, Device, Offer
from firmward.update.question import Roots

HIGH = 2**31 - 1


@dataclass
class Floored:
    """A device that keeps its floor in a file, and installs what it is offered."""

    asker: Asker
    slot: str = "b"

    @property
    def state(self) -> Path:
        return self.asker.place / "state"

    @property
    def store(self) -> Store:
        return Store(self.state)

    @property
    def channel(self) -> AnchoredStore:
        return AnchoredStore(self.state / "channel", self.asker.roots.channel)

    @property
    def identity(self) -> Identity:
        return self.asker.device.identity

    @property
    def floor(self) -> FileFloor:
        return FileFloor(self.identity, self.store, self.channel)

    def asks(self, folder: Path, **how: Any) -> Offer | Current:
        self.asker.device = replace(self.asker.device, floor=self.floor.read())
        return self.asker.asks(folder, **how).answer

    def installs(self, folder: Path) -> None:
        """And starts it."""
        offered = self.asks(folder)
        assert isinstance(offered, Offer), offered
        released = offered.manifest.value
        evidence.capture(self.channel, self.identity, released, self.store, self.slot)
        self.starts(released.version, released.rollback_index)
        self.slot = {"a": "b", "b": "a"}[self.slot]

    def starts(self, version: str, index: int) -> None:
        self.asker.changed(version=version, rollback_index=index)

    def confirms(self) -> int:
        self.floor.raise_to(self.identity.rollback_index)
        return self.floor.read()

    def plants(self, content: bytes, record: str = FILE) -> None:
        self.store.keep(record, content)

    def kept(self, record: str = FILE) -> Evidence:
        content = self.store.recall(record)
        assert content is not None
        return evidence.parse(content)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    """Whose releases are 5.0 and then 6.0, by their rollback indexes."""
    made = Maker(tmp_path / "repository")
    made.release(manifest(version="5.0", rollback_index=5))
    return made


@pytest.fixture
def device(tmp_path: Path, maker: Maker) -> Floored:
    """It came with index 2, runs 5.0 and has confirmed it."""
    one = Floored(asker(tmp_path / "device", maker))
    one.installs(maker.folder)
    assert one.confirms() == 5
    return one


def says_nothing(device: Floored, why: str) -> bool:
    assert device.floor.read() == 0
    assert why in device.floor.refused, device.floor.refused
    return True


def test_a_floor_that_was_proved_holds_for_an_older_slot_and_for_years(device: Floored, maker: Maker) -> None:
    device.starts("1.4.0", 2)
    assert (device.floor.read(), device.floor.refused, device.floor.is_kept_apart) == (5, "", False)
    maker.now += timedelta(days=80)
    maker.release(manifest(version="4.9", rollback_index=4))
    with pytest.raises(TrustError, match=r"below the rollback floor: 4, 5"):
        device.asks(maker.folder, wall=SECONDS + 80 * DAY)


def test_a_device_from_the_factory_has_the_floor_of_what_runs(tmp_path: Path, maker: Maker) -> None:
    fresh = Floored(asker(tmp_path / "fresh", maker))
    assert (fresh.confirms(), fresh.floor.refused) == (0, "")
    assert not (fresh.state / f"{FILE}.json").exists()
    maker.release(manifest(version="0.9", rollback_index=1))
    with pytest.raises(TrustError, match="what runs 2"):
        fresh.asks(maker.folder)


def test_a_later_release_raises_it_and_an_older_one_does_not_lower_it(device: Floored, maker: Maker) -> None:
    maker.release(manifest(version="6.0", rollback_index=6))
    device.installs(maker.folder)
    assert device.floor.read() == 5, "it has not proved itself"
    assert device.confirms() == 6
    device.starts("5.0", 5)
    assert device.confirms() == 6


def test_what_was_installed_and_does_not_run_raises_nothing(device: Floored, maker: Maker) -> None:
    """The device fell back, or somebody has put a record there of what it never ran."""
    maker.release(manifest(version="6.0", rollback_index=6))
    device.installs(maker.folder)
    for version, index in (("5.0", 5), ("5.0", 6), ("6.0", 5), ("6.0", HIGH)):
        device.starts(version, index)
        assert device.confirms() == 5
    device.starts("6.0", 6)
    assert device.confirms() == 6


@pytest.mark.parametrize("slot", ["a", "b"])
def test_either_slots_evidence_is_found(device: Floored, maker: Maker, slot: str) -> None:
    maker.release(manifest(version="6.0", rollback_index=6))
    device.slot = slot
    device.installs(maker.folder)
    assert device.confirms() == 6


# who writes to the storage, and has no key


def own(maker: Maker, released: bytes, path: str = PATH, signers: Played | None = None) -> bytes:
    """Metadata of a channel that names this, signed by a stranger or by `signers`."""
    played = signers or Played()
    if signers is None:
        played.delegate(CHANNEL, ["camera/stable/*"])
    said = Targets(version=9, expires=NOW + timedelta(days=9), targets={path: target_file(path, released)})
    played.delegated[CHANNEL], before = said, played.delegated[CHANNEL]
    try:
        return played.bytes_of(CHANNEL)
    finally:
        played.delegated[CHANNEL] = before


def raised(content: bytes) -> bytes:
    """The manifest with another index."""
    return encoded(replace(manifests.parse(content), rollback_index=HIGH))


def by_hand(_maker: Maker, _good: Evidence) -> bytes:
    """As it was kept before."""
    return encode({"index": HIGH})


def an_index_beside(_maker: Maker, good: Evidence) -> bytes:
    return encode({**json.loads(evidence.encoded(good)), "index": HIGH})


def of_another_schema(_maker: Maker, good: Evidence) -> bytes:
    return encode({**json.loads(evidence.encoded(good)), "schema": "firmward.evidence/2"})


def a_higher_index(_maker: Maker, good: Evidence) -> bytes:
    return evidence.encoded(replace(good, manifest=raised(good.manifest)))


def a_channel_of_his_own(maker: Maker, good: Evidence) -> bytes:
    return evidence.encoded(Evidence(own(maker, raised(good.manifest)), raised(good.manifest)))


def signed_by_who_signs_the_time(maker: Maker, good: Evidence) -> bytes:
    thief = Played()
    thief.delegate(CHANNEL, ["camera/stable/*"])
    thief.signers[CHANNEL] = [*maker.played.signers["timestamp"], *maker.played.signers["snapshot"]]
    return evidence.encoded(Evidence(own(maker, raised(good.manifest), signers=thief), raised(good.manifest)))


def of_another_channel(maker: Maker, good: Evidence) -> bytes:
    """Signed by the keys of a channel of this product, which may name its own manifests alone."""
    maker.played.delegate("camera.beta", ["camera/beta/*"], terminating=True)
    maker.publish("targets", "camera.beta")
    thief = Played()
    thief.delegate(CHANNEL, ["camera/stable/*"])
    thief.signers[CHANNEL] = maker.played.signers["camera.beta"]
    return evidence.encoded(Evidence(own(maker, raised(good.manifest), signers=thief), raised(good.manifest)))


def under_another_name(maker: Maker, good: Evidence) -> bytes:
    """The same key signs for another board."""
    path = "camera/stable/imx6ull.json"
    metadata = own(maker, raised(good.manifest), path, maker.played)
    return evidence.encoded(Evidence(metadata, raised(good.manifest)))


def of_another_product(maker: Maker, _good: Evidence) -> bytes:
    """That its channel signs by mistake."""
    content = encoded(manifest(product="gateway", rollback_index=9))
    return evidence.encoded(Evidence(own(maker, content, signers=maker.played), content))


def for_another_board(maker: Maker, _good: Evidence) -> bytes:
    content = encoded(manifest(compatible="imx6ull", rollback_index=9))
    return evidence.encoded(Evidence(own(maker, content, signers=maker.played), content))


def no_manifest(maker: Maker, _good: Evidence) -> bytes:
    return evidence.encoded(Evidence(own(maker, b"[]", signers=maker.played), b"[]"))


def the_targets_role(maker: Maker, good: Evidence) -> bytes:
    """Which is signed by better keys, and names nothing."""
    return evidence.encoded(replace(good, metadata=maker.played.bytes_of("targets")))


def the_root(maker: Maker, good: Evidence) -> bytes:
    return evidence.encoded(replace(good, metadata=maker.first_root))


def anothers_targets_role(maker: Maker, good: Evidence) -> bytes:
    other = Played()
    other.targets.targets = {PATH: target_file(PATH, raised(good.manifest))}
    return evidence.encoded(Evidence(other.bytes_of("targets"), raised(good.manifest)))


def truncated(_maker: Maker, good: Evidence) -> bytes:
    return evidence.encoded(good)[:-1]


def written_otherwise(_maker: Maker, good: Evidence) -> bytes:
    return evidence.encoded(good) + b"\n"


def huge(_maker: Maker, good: Evidence) -> bytes:
    return evidence.encoded(good) + b" " * LIMIT


def a_huge_text(_maker: Maker, _good: Evidence) -> bytes:
    return encode({"schema": evidence.SCHEMA, "metadata": "[" + "1," * (300 << 10), "manifest": ""})


def deeply_nested(_maker: Maker, _good: Evidence) -> bytes:
    return b"[" * 100_000 + b"]" * 100_000


def deeply_nested_within(_maker: Maker, good: Evidence) -> bytes:
    nested = "[" * 60 + "]" * 60
    return encode({"schema": evidence.SCHEMA, "metadata": nested, "manifest": good.manifest.decode()})


def nothing(_maker: Maker, _good: Evidence) -> bytes:
    return b""


FORGERIES = {
    by_hand: "evidence.index is not known",
    an_index_beside: "evidence.index is not known",
    of_another_schema: "another schema",
    a_higher_index: "length and digest",
    a_channel_of_his_own: f"{CHANNEL}: 0 of its keys",
    signed_by_who_signs_the_time: f"{CHANNEL}: 0 of its keys",
    of_another_channel: f"{CHANNEL}: 0 of its keys",
    under_another_name: f"did not name {PATH}",
    of_another_product: "of the product gateway",
    for_another_board: "for the board imx6ull",
    no_manifest: "is no table",
    the_targets_role: f"{CHANNEL}: 0 of its keys",
    the_root: "is of type 'root'",
    anothers_targets_role: f"{CHANNEL}: 0 of its keys",
    truncated: "is not JSON",
    written_otherwise: "canonical form",
    huge: "has more than",
    a_huge_text: "has more than",
    deeply_nested: "levels",
    deeply_nested_within: "",
    nothing: "is not JSON",
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda one: one.__name__)
def test_what_proves_nothing_is_no_floor_and_is_told(
    device: Floored, maker: Maker, forgery: Callable[[Maker, Evidence], bytes]
) -> None:
    device.plants(forgery(maker, device.kept()))
    assert device.floor.refused
    assert says_nothing(device, FORGERIES[forgery])
    maker.release(manifest(version="6.0", rollback_index=6))
    assert isinstance(device.asks(maker.folder), Offer), "nobody keeps a device from its updates"
    assert device.confirms() == 5, "what was proved once is proved again"


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda one: one.__name__)
def test_a_forgery_beside_a_slot_raises_nothing(
    device: Floored, maker: Maker, forgery: Callable[[Maker, Evidence], bytes]
) -> None:
    content = forgery(maker, device.kept())
    for record in evidence.RECORDS.values():
        device.plants(content, record)
    device.starts("5.0", HIGH)
    assert device.confirms() == 5


def test_a_byte_that_was_changed_proves_the_same_or_nothing(device: Floored) -> None:
    """The same where nobody signs it: how the metadata's file is laid out, and the names of its keys."""
    good = evidence.encoded(device.kept())
    now = evidence.accepted(device.channel, device.identity)
    refused = 0
    for place in range(len(good)):
        changed = bytearray(good)
        changed[place] ^= 1 << place % 8
        try:
            assert evidence.index(bytes(changed), now, device.identity) == 5
        except TrustError:
            refused += 1
    assert refused > len(good) * 9 // 10


def test_whoever_puts_an_older_release_there_lowers_it_to_that_and_never_below_what_runs(
    device: Floored, maker: Maker
) -> None:
    older = device.kept()
    maker.release(manifest(version="6.0", rollback_index=6))
    device.installs(maker.folder)
    assert device.confirms() == 6
    device.plants(evidence.encoded(older))
    assert (device.floor.read(), device.floor.refused) == (5, "")
    maker.release(manifest(version="5.1", rollback_index=5))
    with pytest.raises(TrustError, match="what runs 6"):
        device.asks(maker.folder)
    assert device.confirms() == 6


def test_whoever_takes_it_away_leaves_what_runs(device: Floored, maker: Maker) -> None:
    device.store.drop(FILE)
    maker.release(manifest(version="4.9", rollback_index=4))
    with pytest.raises(TrustError, match="what runs 5"):
        device.asks(maker.folder)


@pytest.mark.parametrize("lost", ["targets", CHANNEL])
def test_it_counts_again_once_the_repository_was_asked(device: Floored, maker: Maker, lost: str) -> None:
    (device.state / "channel" / f"{lost}.json").write_bytes(b"{}")
    assert says_nothing(device, "signatures is no list")
    assert device.confirms() == 0
    (device.state / "channel" / f"{lost}.json").unlink()
    assert says_nothing(device, f"{lost}: is not among what was kept")
    device.asks(maker.folder)
    assert device.floor.read() == 5


# keys that were replaced


def test_other_keys_of_the_root_and_of_targets_leave_an_honest_floor(device: Floored, maker: Maker) -> None:
    for role in ("targets", "root", "targets"):
        replaced = maker.played.rotate(role)
        maker.played.publish("root", also=replaced if role == "root" else ())
    maker.publish("targets")
    assert device.floor.read() == 5, "it has not heard of them"
    device.asks(maker.folder)
    assert device.channel.newest().root.version == 4
    assert (device.floor.read(), device.floor.refused) == (5, "")


def test_another_key_of_the_channel_takes_the_same_release_over(device: Floored, maker: Maker) -> None:
    maker.replace_channel_key()
    device.asks(maker.folder)
    assert says_nothing(device, f"{CHANNEL}: 0 of its keys")
    assert device.confirms() == 5, "the channel says it again, by its new key"


def test_a_channel_with_another_key_that_has_gone_on_leaves_what_runs_until_the_next_one_runs(
    device: Floored, maker: Maker
) -> None:
    maker.replace_channel_key()
    maker.release(manifest(version="6.0", rollback_index=6))
    device.asks(maker.folder)
    assert device.confirms() == 0
    assert says_nothing(device, f"{CHANNEL}: 0 of its keys")
    device.installs(maker.folder)
    assert device.confirms() == 6


def test_a_release_that_was_taken_back_keeps_its_floor(device: Floored, maker: Maker) -> None:
    """The channel has nothing for this device any more."""
    del maker.played.delegated[CHANNEL].targets[PATH]
    maker.publish(CHANNEL)
    with pytest.raises(TrustError, match="no role"):
        device.asks(maker.folder)
    assert (device.floor.read(), device.floor.refused) == (5, "")
    now = evidence.accepted(device.channel, device.identity)
    with pytest.raises(TrustError, match="has no release"):
        evidence.renewed(evidence.encoded(device.kept()), now)


def stolen_channel(maker: Maker) -> Played:
    thief = Played()
    thief.delegate(CHANNEL, ["camera/stable/*"])
    thief.signers[CHANNEL] = list(maker.played.signers[CHANNEL])
    maker.replace_channel_key()
    return thief


def stolen_targets(maker: Maker) -> Played:
    """He delegates the channel to himself."""
    thief = Played()
    thief.delegate(CHANNEL, ["camera/stable/*"])
    thief.signers["targets"] = list(maker.played.signers["targets"])
    maker.played.rotate("targets")
    maker.played.publish("root")
    maker.publish("targets")
    return thief


@pytest.mark.parametrize("stolen", [stolen_channel, stolen_targets], ids=lambda one: one.__name__)
def test_a_thief_of_keys_that_were_replaced_has_no_floor_of_his_own_for_longer_than_until_the_next_question(
    device: Floored, maker: Maker, stolen: Callable[[Maker], Played]
) -> None:
    before = {path.name: path.read_bytes() for path in (device.state / "channel").iterdir()}
    good = device.kept().manifest
    thief = stolen(maker)
    forged = evidence.encoded(Evidence(own(maker, raised(good), signers=thief), raised(good)))
    maker.release(manifest(version="6.0", rollback_index=6))
    assert isinstance(device.asks(maker.folder), Offer)
    device.plants(forged)
    assert says_nothing(device, f"{CHANNEL}: 0 of its keys")
    # he puts back what the device accepted before, or what he makes of it
    for path in (device.state / "channel").iterdir():
        path.unlink()
    for name, content in before.items():
        (device.state / "channel" / name).write_bytes(content)
    if stolen is stolen_targets:
        (device.state / "channel" / "targets.json").write_bytes(thief.bytes_of("targets"))
        (device.state / "channel" / f"{CHANNEL}.json").write_bytes(own(maker, raised(good), signers=thief))
    assert device.floor.read() == HIGH
    with pytest.raises(TrustError, match="below the rollback floor"):
        device.asks(maker.folder)
    assert says_nothing(device, f"{CHANNEL}: 0 of its keys")
    assert isinstance(device.asks(maker.folder), Offer)


# what is kept of an install


def test_what_the_channel_names_no_more_is_installed_without_evidence(device: Floored, maker: Maker) -> None:
    assert device.store.recall("evidence-b") is not None
    evidence.capture(device.channel, device.identity, manifest(version="7.0"), device.store, "b")
    assert device.store.recall("evidence-b") is None


def test_what_would_be_too_much_is_installed_without_evidence(device: Floored, maker: Maker) -> None:
    """Each quote in a text of the metadata has four bytes in the evidence."""
    maker.played.delegated[CHANNEL].unrecognized_fields["x"] = '"' * (LIMIT // 4 - 800)
    released = manifest(version="6.0", rollback_index=6, health=Health(("x" * 4000, "y" * 4000), 60))
    maker.release(released)
    assert isinstance(device.asks(maker.folder), Offer)
    now = evidence.accepted(device.channel, device.identity)
    with pytest.raises(TrustError, match="has more than"):
        evidence.captured(now, encoded(released))
    evidence.capture(device.channel, device.identity, released, device.store, "b")
    assert device.store.recall("evidence-b") is None


def test_a_storage_that_cannot_be_written_is_told(device: Floored, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError, match="cannot be written"):
        evidence.capture(
            device.channel,
            device.identity,
            manifest(version="5.0", rollback_index=5),
            Store(tmp_path / "file"),
            "b",
        )


@pytest.mark.parametrize("content", [b"\xff", b'{"text":"\xed\xa0\x80"}'])
def test_bytes_that_are_no_text_are_no_evidence(content: bytes) -> None:
    with pytest.raises(Malformed):
        evidence.parse(content)


# the release command's own repository


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Ceremony:
    with cheaply():
        one = begun(tmp_path_factory.mktemp("ceremony"))
        one.publish(one.signed(one.release("1.0", 1), "office"))
        return one


def test_a_makers_releases_raise_the_floor_through_replaced_keys_and_a_withdrawal(
    founded: Ceremony, tmp_path: Path
) -> None:
    root = (founded.repository / "metadata/1.root.json").read_bytes()
    identity = Identity("camera", BOARD, "stable", "0.9", 0, MANIFEST.built)
    device = Floored(Asker(tmp_path, Roots(root), Device(identity), founded.now.timestamp()))
    device.installs(founded.repository)
    assert device.confirms() == 1
    with cheaply():
        for role in (Role.TARGETS, Role.RELEASE):
            store_changes.rotate(founded.stores["office"], role, known(), DATE)
    founded.publish(founded.signed(founded.root(), "office"))
    founded.publish(founded.signed(founded.delegation(STABLE, "office"), "office"))
    assert isinstance(device.asks(founded.repository), Current)
    assert device.confirms() == 1
    founded.publish(founded.signed(founded.release("1.1", 4), "office"))
    device.installs(founded.repository)
    assert device.confirms() == 4
    taken_back = changes.withdrawn(founded.state, STABLE, BOARD, "it gets hot", *terms(founded))
    founded.publish(founded.signed(taken_back, "office"))
    device.starts("1.0", 1)
    with pytest.raises(TrustError, match="no role"):
        device.asks(founded.repository)
    assert (device.floor.read(), device.floor.refused) == (4, "")
    with pytest.raises(TrustError, match="below the 4"):
        founded.release("1.0.1", 1)


def terms(one: Ceremony) -> tuple[Any, Any]:
    order = one.order("server")
    return order.terms, order.now
