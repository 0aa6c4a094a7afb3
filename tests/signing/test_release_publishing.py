"""What joins the repository: only what is signed and may follow, and all of it or nothing."""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import stores
from ceremony import BETA, BOARD, STABLE, TERMS, Ceremony, begun

from firmward.model.errors import FirmwardError, InputError, TrustError
from firmward.signing import changes as store_changes
from firmward.signing.release import changes, draft, signatures, survey
from firmward.signing.release.draft import Draft
from firmward.signing.release.withdrawals import withdrawals
from firmward.signing.role import Role
from firmward.signing.shelf import Digest, Shelf

PATH = STABLE.path(BOARD)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def given(one: Ceremony, path: str = PATH) -> str | None:
    found = one.state.manifest(path, one.state.of_channel(STABLE if path == PATH else BETA).signed)
    return None if found is None else found.version


def whole(one: Ceremony) -> bool:
    return not survey.survey(one.repository, None, one.now).problems


def test_what_nobody_signed_is_refused_and_leaves_all_as_it_was(made: Ceremony) -> None:
    before = contents(made.repository)
    with pytest.raises(TrustError, match="signed by 0/1 keys"):
        made.publish(made.written(made.release("1.1", 1)))
    assert contents(made.repository) == before


def test_two_drafts_on_the_same_base_cannot_both_be_published(made: Ceremony) -> None:
    first, second = (made.signed(made.release(version, 1), "office") for version in ("1.1", "1.2"))
    made.publish(first)
    with pytest.raises(InputError, match="make the draft anew"):
        made.publish(second)
    assert given(made) == "1.1"


def test_publishing_again_makes_nothing_but_a_fresh_timestamp(made: Ceremony) -> None:
    one = made.signed(made.release("1.1", 1), "office")
    made.publish(one)
    before = contents(made.repository)
    made.publish(one)
    after = contents(made.repository)
    assert {name for name in after if after[name] != before.get(name)} == {
        "metadata/timestamp.json",
        "metadata/5.snapshot.json",
    }


def test_another_makers_draft_is_refused(made: Ceremony, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = begun(tmp_path / "theirs")
    theirs.publish(theirs.signed(theirs.release("1.0", 1), "office"))
    draft = theirs.signed(theirs.release("9.9", 9), "office")
    with pytest.raises(FirmwardError):
        made.publish(draft)
    assert given(made) == "1.0"


def test_a_store_whose_keys_the_root_does_not_name_publishes_nothing(made: Ceremony) -> None:
    made.person("other", Role.SNAPSHOT, Role.TIMESTAMP)
    before = contents(made.repository)
    with pytest.raises(TrustError, match="of the snapshot keys that root 1 names"):
        made.publish(made.signed(made.release("1.1", 1), "office"), "other")
    assert contents(made.repository) == before


@pytest.mark.parametrize("lost", range(5))
def test_whatever_ends_a_publication_the_old_release_stands_and_the_draft_can_be_published_again(
    made: Ceremony, lost: int
) -> None:
    one = made.signed(made.release("1.1", 1), "office")
    interrupted(made, one, lost)
    assert given(made) == "1.0"
    assert whole(made)
    made.publish(one)
    assert given(made) == "1.1"
    assert whole(made)
    assert not list(made.repository.rglob("*.tmp"))


def interrupted(one: Ceremony, folder: Path, after: int) -> None:
    """The plug is pulled behind so many files."""
    write, done = Shelf.write, []

    def short(shelf: Shelf, name: str, pieces: Iterable[bytes], expected: Digest | None = None) -> None:
        if len(done) == after:
            raise KeyboardInterrupt
        done.append(name)
        write(shelf, name, pieces, expected)

    with patch.object(Shelf, "write", short), pytest.raises(KeyboardInterrupt):
        one.publish(folder)
    assert len(done) == after


def test_the_timestamp_is_written_last_and_a_new_root_just_before_it(made: Ceremony) -> None:
    write, done = Shelf.write, []

    def told(shelf: Shelf, name: str, pieces: Iterable[bytes], expected: Digest | None = None) -> None:
        done.append(name)
        write(shelf, name, pieces, expected)

    store_changes.rotate(made.stores["office"], Role.TARGETS, stores.known(), stores.DAY)
    root = made.signed(made.root(), "office")
    release = made.signed(made.release("1.1", 1), "office")
    with patch.object(Shelf, "write", told):
        made.publish(release)
        assert done[0].startswith("targets/blobs/")
        assert done[2:] == ["metadata/3.camera.stable.json", "metadata/4.snapshot.json", "metadata/timestamp.json"]
        done.clear()
        made.publish(root)
    assert done == [
        "metadata/3.targets.json",
        "metadata/5.snapshot.json",
        "metadata/2.root.json",
        "metadata/timestamp.json",
    ]


def test_a_rotation_that_ends_between_root_and_timestamp_is_completed_by_the_same_draft(made: Ceremony) -> None:
    for role in (Role.SNAPSHOT, Role.TIMESTAMP):
        store_changes.rotate(made.stores["server"], role, stores.known(), stores.DAY)
    root = made.signed(made.root(), "office")
    interrupted(made, root, 2)
    assert (made.repository / "metadata/2.root.json").exists()
    assert not whole(made)  # the one moment in which devices have to try again
    made.publish(root)
    assert whole(made)


def test_an_unsigned_copy_of_what_is_published_takes_no_signature_away(made: Ceremony) -> None:
    for role in (Role.SNAPSHOT, Role.TIMESTAMP):
        store_changes.rotate(made.stores["server"], role, stores.known(), stores.DAY)
    root = made.signed(made.root(), "office")
    made.publish(root)
    before = contents(made.repository)["metadata/2.root.json"]
    found = draft.read(root)
    found.next["root"].metadata.signatures.clear()
    draft.write_next(Shelf(root), "root", found.next["root"].metadata)
    made.publish(root)
    assert contents(made.repository)["metadata/2.root.json"] == before


def test_a_full_disk_leaves_the_old_release(made: Ceremony) -> None:
    one = made.signed(made.release("1.1", 1), "office")

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    with patch("os.fsync", full), pytest.raises(InputError, match="No space left"):
        made.publish(one)
    assert given(made) == "1.0"
    assert whole(made)


def test_a_lower_rollback_index_and_another_meaning_of_a_version_are_refused(made: Ceremony) -> None:
    with pytest.raises(TrustError, match=r"rollback index 0, below the 1 of 1\.0"):
        made.release("1.1", 0)
    with pytest.raises(TrustError, match="published with other bytes"):
        made.release("1.0", 1, content="other")
    made.publish(made.signed(made.release("1.1", 1), "office"))


def test_what_was_allowed_when_it_was_drafted_is_judged_once_more(made: Ceremony) -> None:
    """A draft on a stick may say anything: the rules hold where it is published."""
    honest = made.release("1.1", 1)
    with patch("firmward.signing.release.changes.check_successor", lambda *_: None):
        sly = made.release("1.2", 0)
    with pytest.raises(TrustError, match="below the 1"):
        made.publish(made.signed(sly, "office"))
    made.publish(made.signed(honest, "office"))


def test_a_release_made_by_a_clock_that_is_ahead_is_refused(made: Ceremony) -> None:
    made.now += timedelta(days=3)
    ahead = made.release("1.1", 1)
    made.now -= timedelta(days=3)
    with pytest.raises(TrustError, match="after today"):
        made.publish(made.signed(ahead, "office"))


def test_what_python_tuf_takes_and_a_device_would_not_is_refused(made: Ceremony) -> None:
    """A draft with more signatures than a device reads: enough of them are good."""
    one = made.signed(made.release("1.1", 1), "office")
    before = contents(made.repository)
    path = one / "next/camera.stable.json"
    record = json.loads(path.read_text())
    record["signatures"] += [{"keyid": f"{number:064x}", "sig": "00"} for number in range(80)]
    path.write_text(json.dumps(record))
    with pytest.raises(TrustError, match="more than 64"):
        made.publish(one)
    assert contents(made.repository) == before


def test_a_channel_that_has_expired_keeps_no_other_from_its_release(made: Ceremony) -> None:
    made.publish(made.signed(made.delegation(BETA, "office"), "office"))
    made.publish(made.signed(made.release("1.1", 1, BETA), "office"))
    made.now += timedelta(days=100)
    made.publish(made.signed(made.release("1.2", 1), "office"))
    assert given(made) == "1.2"


def test_a_clock_behind_the_last_signature_publishes_nothing(made: Ceremony) -> None:
    one = made.signed(made.release("1.1", 1), "office")
    made.now -= timedelta(days=2)
    with pytest.raises(InputError, match="set the clock"):
        made.publish(one)
    with pytest.raises(InputError, match="set the clock"):
        made.renew()


def test_what_has_expired_before_it_was_published_is_refused(made: Ceremony) -> None:
    one = made.signed(made.release("1.1", 1), "office")
    made.now += timedelta(days=91)
    with pytest.raises(TrustError, match="has expired"):
        made.publish(one)


@pytest.mark.parametrize("changed", ["blob", "manifest", "gone"])
def test_bytes_that_were_not_signed_are_refused(made: Ceremony, changed: str) -> None:
    one = made.signed(made.release("1.1", 1), "office")
    before = contents(made.repository)
    for path in [path for path in (one / "targets").rglob("*") if path.is_file()]:
        is_blob = path.parent.name == "blobs"
        if is_blob and changed == "gone":
            path.unlink()
        elif is_blob is (changed == "blob"):
            data = path.read_bytes()
            path.unlink()  # it is a link to what it was made of
            path.write_bytes(data[:-1] + b"X")
    with pytest.raises(FirmwardError):
        made.publish(one)
    assert contents(made.repository) == before


def test_a_promotion_gives_the_same_bytes_and_copies_none(made: Ceremony) -> None:
    made.publish(made.signed(made.delegation(BETA, "office"), "office"))
    made.publish(made.signed(made.release("1.1", 1, BETA), "office"))
    one = made.signed(changes.promoted(made.state, BETA, STABLE, BOARD, TERMS, made.now), "office")
    assert not (one / "targets/blobs").exists()
    made.publish(one)
    state = made.state
    contents = [state.manifest_content(c.path(BOARD), state.of_channel(c).signed) for c in (BETA, STABLE)]
    assert contents[0] == contents[1] is not None
    with pytest.raises(InputError, match="gives already"):
        changes.promoted(made.state, BETA, STABLE, BOARD, TERMS, made.now)
    with pytest.raises(InputError, match="no release for imx6ull"):
        changes.promoted(made.state, BETA, STABLE, "imx6ull", TERMS, made.now)


def withdrawal(one: Ceremony, reason: str = "Wi-Fi fails") -> Draft:
    return changes.withdrawn(one.state, STABLE, BOARD, reason, TERMS, one.now)


def test_a_withdrawal_brings_the_former_release_back_where_devices_would_take_it(made: Ceremony) -> None:
    made.publish(made.signed(made.release("1.1", 1), "office"))
    made.publish(made.signed(withdrawal(made), "office"))
    assert given(made) == "1.0"
    assert [one.reason for one in withdrawals(made.state.of_channel(STABLE).signed)] == ["Wi-Fi fails"]
    assert whole(made)


def test_a_withdrawal_gives_nothing_where_the_former_release_is_below(made: Ceremony) -> None:
    made.publish(made.signed(made.release("1.1", 2), "office"))
    made.publish(made.signed(withdrawal(made), "office"))
    assert given(made) is None
    with pytest.raises(TrustError, match="which was withdrawn"):
        made.release("1.2", 1)
    made.publish(made.signed(made.release("1.2", 2), "office"))
    assert given(made) == "1.2"


def test_what_was_withdrawn_does_not_come_back(made: Ceremony) -> None:
    made.publish(made.signed(made.delegation(BETA, "office"), "office"))
    made.publish(made.signed(made.release("1.1", 1, BETA), "office"))
    made.publish(made.signed(changes.promoted(made.state, BETA, STABLE, BOARD, TERMS, made.now), "office"))
    made.publish(made.signed(withdrawal(made), "office"))
    with pytest.raises(TrustError, match=r"was withdrawn \(Wi-Fi fails\)"):
        changes.promoted(made.state, BETA, STABLE, BOARD, TERMS, made.now)
    made.publish(made.signed(withdrawal(made, "this one too"), "office"))
    assert given(made) is None
    with pytest.raises(InputError, match="nothing is to be withdrawn"):
        withdrawal(made)


def test_renewing_makes_a_fresh_timestamp_and_a_snapshot_when_half_of_its_time_is_over(made: Ceremony) -> None:
    before = made.state
    made.now += timedelta(hours=6)
    made.renew()
    after = made.state
    assert before.timestamp is not None
    assert after.timestamp is not None
    assert after.timestamp.signed.version == before.timestamp.signed.version + 1
    assert after.timestamp.signed.expires == made.now + timedelta(days=1)
    assert after.snapshot is not None
    assert before.snapshot is not None
    assert after.snapshot.digest == before.snapshot.digest
    made.now += timedelta(days=4)
    made.renew()
    assert made.state.snapshot is not None
    assert made.state.snapshot.signed.version == after.snapshot.signed.version + 1
    assert whole(made)


def test_a_renewal_of_offline_metadata_is_signed_by_its_own_keys(made: Ceremony) -> None:
    made.now += timedelta(days=60)
    made.publish(
        made.signed(changes.renewed(made.state, ["camera.stable", "targets", "root"], TERMS, made.now), "office")
    )
    state = made.state
    assert state.of_channel(STABLE).signed.expires == made.now + timedelta(days=90)
    assert state.root.signed.version == 2
    assert given(made) == "1.0"


def test_two_publications_at_a_time_wait_for_each_other(made: Ceremony) -> None:
    with (
        Shelf(made.repository).alone(),
        patch("firmward.signing.shelf.LOCK_SECONDS", 0.1),
        pytest.raises(FirmwardError, match="another firmward"),
    ):
        made.renew()


def test_a_draft_for_a_repository_that_is_not_there_makes_none(made: Ceremony) -> None:
    one = made.signed(made.release("1.1", 1), "office")
    shutil.rmtree(made.repository)
    with pytest.raises(InputError, match="is not there"):
        made.publish(one)
    assert not made.repository.exists()
    first = made.written(made.root())
    with pytest.raises(TrustError):
        made.publish(first)
    assert not made.repository.exists()


def test_a_channel_cannot_be_given_another_channels_paths(made: Ceremony) -> None:
    made.publish(made.signed(made.delegation(BETA, "office"), "office"))
    found = made.release("1.1", 1, BETA)
    signed = found.next["camera.beta"].metadata.signed
    signed.targets[PATH] = signed.targets.pop(BETA.path(BOARD))  # type: ignore[union-attr]
    sly = replace(found, manifests={k.replace("/beta/", "/stable/"): v for k, v in found.manifests.items()})
    folder = made.written(sly)
    signatures.sign(folder, made.store("office"), stores.known())
    with pytest.raises(InputError, match="another channel's"):
        made.publish(folder)
