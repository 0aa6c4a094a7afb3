"""Is there an update for me? Whoever holds the line, the stick, the server or some of the keys may answer."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from played_repository import Played
from update_made import (
    CHANNEL,
    DAY,
    MANIFEST,
    PATH,
    SECONDS,
    Asker,
    DirectorMade,
    Maker,
    asker,
    manifest,
)

from firmward.model.errors import DeviceError, TrustError
from firmward.signing import director
from firmward.trust.clock import BUILT, FLOOR, WALL
from firmward.trust.folder import Folder
from firmward.trust.place import Steps
from firmward.update.manifest import encoded
from firmward.update.offer import Current, Offer
from firmward.update.question import Reply

IN_2100 = 4_102_444_800


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker(tmp_path / "repository")
    made.release()
    return made


@pytest.fixture
def device(tmp_path: Path, maker: Maker) -> Asker:
    return asker(tmp_path / "device", maker)


def offered(reply: Reply) -> str:
    assert isinstance(reply.answer, Offer), reply.answer
    return reply.answer.manifest.value.version


def is_refused(device: Asker, folder: Path, why: str, **how: Any) -> bool:
    with pytest.raises(TrustError, match=why):
        device.asks(folder, **how)
    return True


def test_a_newer_version_is_offered_as_its_channel_signed_it(device: Asker, maker: Maker) -> None:
    reply = device.asks(maker.folder)
    assert isinstance(reply.answer, Offer)
    assert reply.answer.manifest.value == MANIFEST
    assert reply.answer.manifest.signed_by == {one.public_key.keyid for one in maker.played.signers[CHANNEL]}
    assert (reply.clock.source, reply.expired) == (WALL, frozenset())


def test_what_runs_is_current(device: Asker, maker: Maker) -> None:
    device.changed(version=MANIFEST.version)
    assert isinstance(device.asks(maker.folder).answer, Current)


def test_the_same_version_of_other_bytes_is_an_update(device: Asker, maker: Maker) -> None:
    device.changed(version=MANIFEST.version)
    device.device = replace(device.device, installed="0" * 64)
    assert offered(device.asks(maker.folder)) == MANIFEST.version


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"product": "gateway"}, "of the product gateway"),
        ({"compatible": "imx6ull"}, "for the board imx6ull"),
        ({"rollback_index": 1}, "rollback floor"),
    ],
)
def test_another_devices_manifest_is_refused_though_the_channel_signs_it(
    device: Asker, maker: Maker, changes: dict[str, Any], why: str
) -> None:
    maker.release(manifest(**changes))
    assert is_refused(device, maker.folder, why)


def test_a_downgrade_below_the_floor_is_refused_and_so_is_one_below_what_runs(device: Asker, maker: Maker) -> None:
    device.device = replace(device.device, floor=3)
    assert is_refused(device, maker.folder, "rollback floor")
    device.changed(rollback_index=3)
    device.device = replace(device.device, floor=0)
    assert is_refused(device, maker.folder, "what runs")


def test_a_channel_without_this_board_is_told(device: Asker, maker: Maker) -> None:
    device.changed(board="other")
    assert is_refused(device, maker.folder, "no role")


# what an attacker does, who has the line, the server or the stick: no key, and an old copy of everything


def tampered_manifest(maker: Maker) -> None:
    for path in maker.folder.glob("targets/camera/stable/*"):
        path.write_bytes(encoded(manifest(version="6.6.6")))


def tampered_metadata(maker: Maker) -> None:
    for path in maker.folder.glob(f"metadata/*.{CHANNEL}.json"):
        path.write_bytes(path.read_bytes().replace(b'"length":', b'"length":1'))


def forged(maker: Maker) -> None:
    """A whole repository of his own, from his own root on."""
    other = Maker(maker.folder.with_name("forged"))
    other.release(manifest(version="6.6.6"))
    shutil.rmtree(maker.folder)
    other.folder.rename(maker.folder)


def forged_with_a_next_root(maker: Maker) -> None:
    """The same, as the version that would follow."""
    other = Played()
    other.publish("root", "targets", "snapshot", "timestamp")
    (maker.folder / "metadata" / "2.root.json").write_bytes(other.published["root", 2])


def mixed(maker: Maker) -> None:
    """The channel's metadata of yesterday under the name of today's."""
    versions = sorted(maker.folder.glob(f"metadata/*.{CHANNEL}.json"))
    shutil.copy(versions[0], versions[-1])


def emptied(maker: Maker) -> None:
    shutil.rmtree(maker.folder / "metadata")
    (maker.folder / "metadata").mkdir()


def endless(maker: Maker) -> None:
    with (maker.folder / "metadata" / "timestamp.json").open("ab") as file:
        file.truncate(1 << 30)


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        (tampered_manifest, "length and digest"),
        (tampered_metadata, "of its keys have signed"),
        (forged, "of its keys have signed"),
        (forged_with_a_next_root, "of its keys have signed"),
        (mixed, "is version"),
        (emptied, "has none"),
        (endless, "has more than"),
    ],
)
def test_whoever_has_the_server_or_the_stick_installs_nothing(
    device: Asker, maker: Maker, attack: Callable[[Maker], None], why: str
) -> None:
    attack(maker)
    assert is_refused(device, maker.folder, why)


def test_yesterdays_repository_is_refused_by_who_has_seen_todays(tmp_path: Path, device: Asker, maker: Maker) -> None:
    shutil.copytree(maker.folder, tmp_path / "yesterday")
    maker.release(manifest(version="1.4.2"))
    assert offered(device.asks(maker.folder)) == "1.4.2"
    assert is_refused(device, tmp_path / "yesterday", "is known already")


def test_a_repository_that_is_held_still_is_refused_when_it_expires(device: Asker, maker: Maker) -> None:
    assert is_refused(device, maker.folder, "has expired", wall=SECONDS + 2 * DAY)


def test_grace_takes_what_expired_and_says_so(device: Asker, maker: Maker) -> None:
    device.changed(grace=30 * DAY)
    reply = device.asks(maker.folder, wall=SECONDS + 9 * DAY)
    assert offered(reply) == MANIFEST.version
    assert reply.expired == {"timestamp", "snapshot"}
    assert is_refused(device, maker.folder, "has expired", wall=SECONDS + 33 * DAY)


# the clock


def test_a_clock_at_1970_takes_the_time_of_the_build_then_that_of_the_metadata(device: Asker, maker: Maker) -> None:
    assert device.asks(maker.folder, wall=0).clock.source == BUILT
    assert device.asks(maker.folder, wall=0).clock.source == FLOOR


def test_a_repository_held_still_is_noticed_by_a_clock_at_1970_once_newer_metadata_was_seen(
    tmp_path: Path, device: Asker, maker: Maker
) -> None:
    """By a second device's old copy, which the versions would not give away to who has lost them."""
    shutil.copytree(maker.folder, tmp_path / "old")
    maker.now += timedelta(days=40)
    maker.renew()
    device.asks(maker.folder, wall=0)
    shutil.rmtree(device.place / "state" / "channel")
    assert is_refused(device, tmp_path / "old", "has expired", wall=0)


def test_a_clock_at_2100_refuses_and_poisons_nothing(device: Asker, maker: Maker) -> None:
    device.asks(maker.folder)
    assert is_refused(device, maker.folder, "has expired", wall=IN_2100)
    assert offered(device.asks(maker.folder)) == MANIFEST.version
    assert device.asks(maker.folder, wall=0).clock.now == SECONDS


@pytest.mark.parametrize("walls", [(0, IN_2100, 0, SECONDS), (IN_2100, 0, SECONDS), (SECONDS, 0, -5, SECONDS)])
def test_a_clock_that_jumps_is_right_again_when_it_is_right(
    device: Asker, maker: Maker, walls: tuple[int, ...]
) -> None:
    for wall in walls[:-1]:
        if wall == IN_2100:
            assert is_refused(device, maker.folder, "has expired", wall=wall)
        else:
            assert offered(device.asks(maker.folder, wall=wall)) == MANIFEST.version
    assert device.asks(maker.folder, wall=walls[-1]).clock.source == WALL


# keys that were stolen


def test_whoever_stole_the_online_keys_can_install_nothing(device: Asker, maker: Maker) -> None:
    """He signs a timestamp and a snapshot over targets and a channel of his own."""
    thief = Maker(maker.folder.with_name("thief"))
    for role in ("snapshot", "timestamp"):
        thief.played.signers[role] = maker.played.signers[role]
    for role in ("root", "targets", CHANNEL, "snapshot", "timestamp"):
        _number(thief.played, role, 50)
    thief.release(manifest(version="6.6.6"))
    shutil.copy(maker.folder / "metadata" / "1.root.json", thief.folder / "metadata")
    assert is_refused(device, thief.folder, "targets: 0 of its keys have signed")


def test_whoever_stole_the_online_keys_holds_back_for_as_long_as_what_is_signed_offline_lasts(
    device: Asker, maker: Maker
) -> None:
    """He can renew the old repository. That ends with the channel's metadata."""
    maker.now += timedelta(days=80)
    maker.renew()
    assert offered(device.asks(maker.folder, wall=SECONDS + 80 * DAY)) == MANIFEST.version
    maker.now += timedelta(days=12)
    maker.renew()
    assert is_refused(device, maker.folder, f"{CHANNEL}: has expired", wall=SECONDS + 92 * DAY)


def test_whoever_stole_the_online_keys_cannot_put_one_channel_back(device: Asker, maker: Maker) -> None:
    maker.release(manifest(version="1.4.2"))
    device.asks(maker.folder)
    maker.played.snapshot.meta[f"{CHANNEL}.json"].version -= 1
    maker.renew()
    assert is_refused(device, maker.folder, f"{CHANNEL}: is version 2, and version 3 is known already")


def test_versions_and_times_that_a_thief_ran_up_end_with_his_keys(device: Asker, maker: Maker) -> None:
    good = {role: _version(maker.played, role) for role in ("snapshot", "timestamp")}
    _number(maker.played, "snapshot", 2**40)
    _number(maker.played, "timestamp", 2**40)
    right = maker.now
    maker.now += timedelta(days=300)
    maker.renew()
    device.asks(maker.folder, wall=0)
    maker.now = right
    for role, version in good.items():
        _number(maker.played, role, version + 10)
    maker.renew()
    assert is_refused(device, maker.folder, "is known already|expired")
    for role in good:
        maker.played.rotate(role)
    maker.played.publish("root")
    maker.renew()
    reply = device.asks(maker.folder)
    assert (offered(reply), reply.clock.source) == (MANIFEST.version, WALL)


def _version(played: Played, role: str) -> int:
    return int(getattr(played, role).version)


def _number(played: Played, role: str, version: int) -> None:
    signed = played.delegated[role] if role in played.delegated else getattr(played, role)
    signed.version = version


# a stick


class PulledOut(Folder):
    """A stick that is gone after some files."""

    def __init__(self, stick: Path, after: int) -> None:
        super().__init__(stick)
        self._stick = stick
        self._after = after

    def read(self, path: Steps, limit: int) -> bytes | None:
        if self._after == 0:
            shutil.rmtree(self._stick)
        self._after -= 1
        return super().read(path, limit)


@pytest.mark.parametrize("after", range(6))
def test_a_stick_that_is_pulled_out_is_asked_again_and_refuses_nothing(
    tmp_path: Path, device: Asker, maker: Maker, after: int
) -> None:
    stick = shutil.copytree(maker.folder, tmp_path / "stick")
    with pytest.raises(DeviceError, match="still there"):
        device.asks_at(PulledOut(stick, after))
    assert offered(device.asks(maker.folder)) == MANIFEST.version


def test_a_manifest_that_the_repository_lost_is_asked_for_again(device: Asker, maker: Maker) -> None:
    shutil.rmtree(maker.folder / "targets" / "camera")
    with pytest.raises(DeviceError, match="does not have it"):
        device.asks(maker.folder)


# years


@pytest.mark.parametrize("wall", [0, SECONDS + 8 * 365 * DAY + 20 * DAY])
def test_eight_years_in_a_warehouse_are_no_obstacle(device: Asker, maker: Maker, wall: int) -> None:
    """Thirty roots later all keys are others, and the first root expired seven years ago."""
    roles = ("root", "timestamp", "snapshot", "targets")
    for turn in range(30):
        maker.now += timedelta(days=98)
        replaced = maker.played.rotate(role := roles[turn % len(roles)])
        maker.played.root.expires = maker.now + timedelta(days=365)
        maker.played.publish("root", also=replaced if role == "root" else ())
    maker.played.targets.expires = maker.now + timedelta(days=365)
    maker.played.delegated[CHANNEL].expires = maker.now + timedelta(days=90)
    maker.replace_channel_key()
    maker.release(manifest(version="9.0.0", rollback_index=40))
    reply = device.asks(maker.folder, wall=wall)
    assert (offered(reply), reply.clock.source) == ("9.0.0", WALL if wall else BUILT)
    assert len(list((device.place / "state" / "channel").glob("*.root.json"))) == 30


def test_a_root_that_lies_on_the_storage_opens_nothing(device: Asker, maker: Maker) -> None:
    other = Maker(maker.folder.with_name("other"))
    other.release(manifest(version="6.6.6"))
    state = device.place / "state" / "channel"
    state.mkdir(parents=True)
    (state / "root.json").write_bytes(other.first_root)
    (state / "1.root.json").write_bytes(other.first_root)
    assert is_refused(device, other.folder, "of its keys have signed")


# the director


@pytest.fixture
def directed(maker: Maker) -> DirectorMade:
    made = DirectorMade(maker.folder)
    made.orders()
    return made


@pytest.fixture
def member(tmp_path: Path, maker: Maker, directed: DirectorMade) -> Asker:
    return asker(tmp_path / "member", maker, directed)


def test_what_both_name_is_offered(member: Asker, maker: Maker) -> None:
    assert offered(member.asks(maker.folder)) == MANIFEST.version


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"device": "camera-0018"}, "for the device"),
        ({"slot": "a"}, "slot a"),
        ({"version": "1.4.7"}, "means version"),
        ({"rollback_index": 9}, "means version"),
        ({"path": "camera/stable/other.json"}, "names camera/stable/other.json"),
        ({"ordered": manifest(version="1.4.0", rollback_index=1), "version": "1.3.0"}, "other bytes"),
        ({"ordered": manifest(version="6.6.6")}, "other bytes"),
    ],
)
def test_an_order_that_means_something_else_is_refused(
    member: Asker, maker: Maker, directed: DirectorMade, said: dict[str, Any], why: str
) -> None:
    directed.orders(**said)
    assert is_refused(member, maker.folder, why)


@pytest.mark.parametrize("ordered", [None, manifest(version="1.4.0")])
def test_a_director_can_leave_a_device_as_it_is(
    member: Asker, maker: Maker, directed: DirectorMade, ordered: Any
) -> None:
    directed.orders(ordered)
    answer = member.asks(maker.folder).answer
    assert isinstance(answer, Current)
    assert "director" in answer.reason


def test_an_order_to_stay_for_another_device_is_refused(member: Asker, maker: Maker, directed: DirectorMade) -> None:
    directed.orders(manifest(version="1.4.0"), device="camera-0018")
    assert is_refused(member, maker.folder, "for the device")


def test_a_director_that_is_held_back_is_noticed_in_a_day_whatever_the_grace(
    member: Asker, maker: Maker, directed: DirectorMade
) -> None:
    member.changed(grace=30 * DAY)
    maker.now += timedelta(days=2)
    maker.renew()
    assert is_refused(member, maker.folder, "timestamp: has expired", wall=SECONDS + 2 * DAY)
    assert is_refused(member, maker.folder, "timestamp: has expired", wall=0)


def test_a_director_that_cannot_be_had_is_no_leave(member: Asker, maker: Maker) -> None:
    shutil.rmtree(maker.folder / "director")
    assert is_refused(member, maker.folder, "has none")


def test_a_device_that_needs_a_director_and_has_no_root_of_it_takes_nothing(member: Asker, maker: Maker) -> None:
    member.roots = replace(member.roots, director=None)
    assert is_refused(member, maker.folder, "no root of it")


def test_a_device_without_a_name_takes_no_order(member: Asker, maker: Maker) -> None:
    member.device = replace(member.device, name="")
    assert is_refused(member, maker.folder, "no name of its own")


def test_a_director_alone_can_order_nothing_that_the_channel_does_not_sign(
    member: Asker, maker: Maker, directed: DirectorMade
) -> None:
    evil = manifest(version="6.6.6")
    directed.orders(evil)
    tampered_manifest(maker)
    assert is_refused(member, maker.folder, "other bytes")


def test_one_devices_repository_put_before_another_orders_nothing(member: Asker, maker: Maker) -> None:
    member.device = replace(member.device, name="camera-0018")
    assert is_refused(member, maker.folder, "for the device")


def test_an_order_is_not_taken_from_a_delegate(maker: Maker, member: Asker) -> None:
    """The director's repository with the channel's own metadata and root in it."""
    place = maker.folder / "director" / "camera-0017" / "metadata"
    shutil.rmtree(place)
    shutil.copytree(maker.folder / "metadata", place)
    member.roots = replace(member.roots, director=maker.first_root)
    assert is_refused(member, maker.folder, "more than one target")


def test_more_than_one_order_is_none(maker: Maker, member: Asker, directed: DirectorMade) -> None:
    place = maker.folder / "director" / "camera-0017" / "metadata"
    target = director.order(PATH, MANIFEST, "camera-0017")
    other = director.order("camera/stable/other.json", MANIFEST, "camera-0017")
    played = Played()
    for role, signers in directed.signers.items():
        played.signers[role] = signers
    played.root = played.root.from_dict(_signed(directed.root))
    played.targets.targets = {one.path: one for one in (target, other)}
    for role in ("targets", "snapshot", "timestamp"):
        getattr(played, role).version = 9
    played.publish("targets", "snapshot", "timestamp")
    for (name, version), content in played.published.items():
        (place / (f"{name}.json" if version is None else f"{version}.{name}.json")).write_bytes(content)
    (place / "1.root.json").write_bytes(directed.root)
    assert is_refused(member, maker.folder, "more than one target")


def _signed(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)["signed"]
    return found
