"""What a client asks for, and what it takes: the rules of TUF's section 5, against a repository that is played."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from played_repository import MOMENT, NOW, Played, target_file
from tuf.api.metadata import DelegatedRole, SuccinctRoles

from firmward.model.errors import TrustError
from firmward.trust import workflow
from firmward.trust.metadata import Bins, RoleKeys
from firmward.trust.trusted import Moment
from firmward.trust.workflow import Drop, Fetch, Keep, Limits, UnknownTargetError

DAY = 24 * 3600


def fetched(played: Played) -> list[tuple[str, int | None]]:
    return [(one.role, one.version) for one in played.asked if isinstance(one, Fetch)]


def test_a_device_begins_with_its_root_and_takes_what_belongs_together() -> None:
    played = Played()
    trusted = played.refreshed()
    assert fetched(played) == [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]
    assert set(played.kept) == {"root", "timestamp", "snapshot", "targets"}
    assert trusted.vouched["targets"].by == "root"


def test_where_nothing_is_new_two_small_files_are_all() -> None:
    played = Played()
    played.refreshed()
    played.asked.clear()
    played.refreshed()
    assert fetched(played) == [("root", 2), ("timestamp", None)]
    assert not any(isinstance(one, Keep) for one in played.asked)


def test_a_device_without_a_root_trusts_nobody() -> None:
    played = Played()
    del played.kept["root"]
    with pytest.raises(TrustError, match="none to begin with"):
        played.refreshed()


def test_a_root_needs_the_keys_before_it() -> None:
    played = Played()
    old = played.rotate("root")
    played.publish("root")
    with pytest.raises(TrustError, match="0 of its keys have signed"):
        played.refreshed()
    played.put("root", played.bytes_of("root", also=old))
    assert played.refreshed().root.version == 2


def test_a_root_needs_its_own_keys_too() -> None:
    played = Played()
    played.root.roles["root"].threshold = 2
    played.root.add_key(played.signers["timestamp"][0].public_key, "root")
    played.publish("root")
    with pytest.raises(TrustError, match="1 of its keys have signed, and 2 must"):
        played.refreshed()


def test_no_root_can_be_left_out() -> None:
    played = Played()
    played.root.version = 2
    played.publish("root")
    played.published["root", 2] = played.published.pop(("root", 3), played.published.get(("root", 2), b""))
    played.root.version = 3
    played.published["root", 2] = played.bytes_of("root")
    with pytest.raises(TrustError, match="version 3, and 2 is next"):
        played.refreshed()


def test_many_roots_at_once_are_taken_and_endlessly_many_are_not() -> None:
    played = Played()
    for _ in range(40):
        played.publish("root")
    assert played.refreshed(limits=Limits(rotations=41)).root.version == 41
    late = Played()
    for _ in range(5):
        late.publish("root")
    with pytest.raises(TrustError, match="no more are taken"):
        late.refreshed(limits=Limits(rotations=4))


def test_after_a_rotation_what_was_signed_before_is_dropped_first() -> None:
    """A power cut between the two must not leave the new root beside what an old key signed."""
    played = Played()
    played.refreshed()
    played.asked.clear()
    played.rotate("snapshot")
    played.publish("root", "snapshot", "timestamp")
    played.refreshed()
    changes = [one for one in played.asked if isinstance(one, Drop | Keep)]
    assert [one.role for one in changes[:3]] == ["timestamp", "snapshot", "root"]
    assert isinstance(changes[0], Drop)
    assert isinstance(changes[1], Drop)


@pytest.mark.parametrize("stolen", ["timestamp", "snapshot"])
def test_versions_that_a_thief_raised_are_forgotten_with_his_key(stolen: str) -> None:
    played = Played()
    played.snapshot.version = 9_999
    played.timestamp.version = 9_999
    played.publish("snapshot", "timestamp")
    assert played.refreshed().timestamp is not None
    played.snapshot.version = 2
    played.timestamp.version = 2
    played.published.pop(("timestamp", None))
    played.publish("snapshot", "timestamp")
    with pytest.raises(TrustError, match="is known already"):
        played.refreshed()
    played.rotate(stolen)
    played.publish("root", "snapshot", "timestamp")
    assert played.refreshed().snapshot is not None


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_what_has_expired_is_refused_and_taken_within_the_grace(role: str) -> None:
    played = Played()
    getattr(played, role).expires = NOW - timedelta(days=3)
    played.publish(role)
    if role == "targets":
        played.publish("snapshot")
    if role in ("targets", "snapshot"):
        played.publish("timestamp")
    with pytest.raises(TrustError, match=f"{role}: has expired"):
        played.refreshed()
    with pytest.raises(TrustError, match=f"{role}: has expired"):
        played.refreshed(replace(MOMENT, grace=3 * DAY))
    assert played.refreshed(replace(MOMENT, grace=3 * DAY + 1)).expired == {role}


def test_a_refused_timestamp_leaves_what_was_kept() -> None:
    played = Played()
    played.refreshed()
    before = dict(played.kept)
    played.timestamp.expires = NOW - timedelta(days=1)
    played.publish("timestamp")
    with pytest.raises(TrustError):
        played.refreshed()
    assert played.kept == before


def test_a_timestamp_of_the_same_version_changes_nothing() -> None:
    played = Played()
    played.refreshed()
    kept = played.kept["timestamp"]
    played.timestamp.expires = NOW + timedelta(days=30)
    played.put("timestamp", played.bytes_of("timestamp"))
    played.refreshed()
    assert played.kept["timestamp"] == kept


def test_an_older_timestamp_is_refused() -> None:
    played = Played()
    old = played.published["timestamp", None]
    played.publish("timestamp")
    played.refreshed()
    played.published["timestamp", None] = old
    with pytest.raises(TrustError, match="version 1, and version 2 is known already"):
        played.refreshed()


def test_pieces_of_different_days_do_not_go_together() -> None:
    played = Played()
    old = played.published["targets", 1]
    played.publish("targets", "snapshot", "timestamp")
    played.published["targets", 2] = old
    with pytest.raises(TrustError, match="version 1, and version 2 is named"):
        played.refreshed()


def test_a_role_cannot_vanish_from_the_snapshot() -> None:
    played = Played()
    played.delegate("camera.stable", ["camera/stable/*"])
    played.publish("camera.stable", "targets", "snapshot", "timestamp")
    played.refreshed()
    del played.snapshot.meta["camera.stable.json"]
    played.publish("snapshot", "timestamp")
    with pytest.raises(TrustError, match=r"names camera\.stable no more"):
        played.refreshed()


def test_one_key_under_two_names_counts_once() -> None:
    played = Played()
    document = json.loads(played.published["root", 1])
    (name,) = document["signed"]["roles"]["timestamp"]["keyids"]
    document["signed"]["keys"]["f" * 64] = json.loads(json.dumps(document["signed"]["keys"][name]))
    document["signed"]["roles"]["timestamp"] = {"keyids": [name, "f" * 64], "threshold": 2}
    played.root = played.root.from_dict(document["signed"])
    played.kept["root"] = played.bytes_of("root")
    stamp = json.loads(played.published["timestamp", None])
    stamp["signatures"].append({**stamp["signatures"][0], "keyid": "f" * 64})
    played.published["timestamp", None] = json.dumps(stamp).encode()
    with pytest.raises(TrustError, match="1 of its keys have signed, and 2 must"):
        played.refreshed()


def test_a_channel_is_asked_for_its_own_paths_alone() -> None:
    played = Played()
    stable = played.delegate("camera.stable", ["camera/stable/*"], terminating=True)
    beta = played.delegate("camera.beta", ["camera/beta/*"], terminating=True)
    stable.targets["camera/stable/qemu.json"] = target_file("camera/stable/qemu.json")
    beta.targets["camera/stable/other.json"] = target_file("camera/stable/other.json")
    played.publish("camera.stable", "camera.beta", "targets", "snapshot", "timestamp")
    assert played.found("camera/stable/qemu.json") == "camera.stable"
    for path in ("camera/stable/other.json", "camera/beta/qemu.json", "router/stable/qemu.json"):
        with pytest.raises(UnknownTargetError):
            played.found(path)


def test_whoever_has_another_channels_key_cannot_sign_for_this_one() -> None:
    played = Played()
    stable = played.delegate("camera.stable", ["camera/stable/*"])
    played.delegate("camera.beta", ["camera/beta/*"])
    stable.targets["camera/stable/qemu.json"] = target_file("camera/stable/qemu.json")
    played.signers["camera.stable"] = played.signers["camera.beta"]
    played.publish("camera.stable", "camera.beta", "targets", "snapshot", "timestamp")
    with pytest.raises(TrustError, match=r"camera\.stable: 0 of its keys have signed"):
        played.found("camera/stable/qemu.json")


def test_a_search_ends() -> None:
    played = Played()
    for number in range(12):
        played.delegate(f"role-{number}", ["*"])
        played.publish(f"role-{number}")
    played.publish("targets", "snapshot", "timestamp")
    with pytest.raises(TrustError, match="10 roles were asked"):
        played.found("firmware", limits=Limits(roles=10))


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_a_length_beyond_the_bound_is_refused_before_a_byte_is_fetched(role: str) -> None:
    played = Played()
    file = played.timestamp.snapshot_meta if role == "snapshot" else played.snapshot.meta["targets.json"]
    file.length = 1 << 40
    if role == "targets":
        played.publish("snapshot")
    else:
        played.timestamp.version += 1
    played.publish("timestamp")
    if role == "snapshot":
        played.timestamp.snapshot_meta.length = 1 << 40
        played.put("timestamp", played.bytes_of("timestamp"))
    with pytest.raises(TrustError, match="at most"):
        played.refreshed()
    assert role not in {name for name, _ in fetched(played)}


def test_the_time_at_which_a_timestamp_was_signed_is_read() -> None:
    played = Played()
    played.timestamp.unrecognized_fields["x-firmward-signed"] = "2026-11-21T06:00:00Z"
    played.publish("timestamp")
    trusted = played.refreshed()
    assert trusted.timestamp is not None
    assert trusted.timestamp.signed_at == int(NOW.timestamp()) - 18 * 3600


def test_a_clock_that_is_behind_refuses_nothing() -> None:
    assert Played().refreshed(Moment(0)).expired == frozenset()


PATHS = st.lists(st.text("ab*?[]/.", max_size=6), min_size=1, max_size=3).map("/".join)


@given(PATHS, PATHS)
def test_patterns_are_those_of_the_reference(path: str, pattern: str) -> None:
    reference = DelegatedRole("role", ["a"], 1, False, [pattern])
    assert workflow._matches(path, pattern) == reference.is_delegated_path(path)


@given(st.text(min_size=1, max_size=20), st.integers(1, 32))
def test_bins_are_those_of_the_reference(path: str, bits: int) -> None:
    reference = SuccinctRoles(["a"], 1, bits, "bin")
    assert workflow._bin(Bins(RoleKeys((), 1), bits, "bin"), path) == reference.get_role_for_target(path)
