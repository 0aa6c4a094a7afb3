"""The walk over a whole repository: what keeps devices from updates is a problem, what will is a warning."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import stores
from ceremony import Ceremony, begun

from firmward.model.errors import InputError
from firmward.signing import changes as store_changes
from firmward.signing.release.survey import survey
from firmward.signing.role import Role


def test_a_whole_repository_has_no_problems(made: Ceremony) -> None:
    found = survey(made.repository, None, made.now)
    assert (found.problems, found.warnings, found.orphans, found.blobs) == ([], [], [], 1)
    assert [role.name for role in found.roles] == ["root", "timestamp", "snapshot", "targets", "camera.stable"]
    assert found.roles[-1].keys == (made.store("office").find("release-1").id,)
    assert [(one.channel, one.board, one.manifest.version) for one in found.offers] == [("stable", "qemu-arm64", "1.0")]


@pytest.mark.parametrize(
    ("after", "warned", "expired"),
    [
        (timedelta(hours=22), {"timestamp"}, set()),
        (timedelta(days=6, hours=12), {"snapshot"}, {"timestamp"}),
        (timedelta(days=80), {"camera.stable"}, {"timestamp", "snapshot"}),
        (timedelta(days=340), {"root", "targets"}, {"timestamp", "snapshot", "camera.stable"}),
    ],
)
def test_what_expires_is_told_before_it_does(
    made: Ceremony, after: timedelta, warned: set[str], expired: set[str]
) -> None:
    found = survey(made.repository, None, made.now + after)
    assert {line.split()[0] for line in found.warnings} == warned
    assert {line.split()[0] for line in found.problems} == expired


def test_every_blob_and_manifest_is_held_against_its_digest(made: Ceremony) -> None:
    blob = next((made.repository / "targets/blobs").iterdir())
    content = blob.read_bytes()
    blob.write_bytes(content[:-1] + b"X")
    assert "is not what its name says" in survey(made.repository, None, made.now).problems[0]
    blob.unlink()
    assert "No such file" in survey(made.repository, None, made.now).problems[0]
    blob.write_bytes(content)
    manifest = next((made.repository / "targets/camera/stable").iterdir())
    manifest.write_bytes(manifest.read_bytes().replace(b'"1.0"', b'"1.9"'))
    assert "not what the channel's keys signed" in survey(made.repository, None, made.now).problems[0]


def test_files_that_no_release_names_are_listed(made: Ceremony) -> None:
    (made.repository / "targets/blobs" / ("0" * 64)).write_bytes(b"left over")
    (made.repository / "metadata/9.camera.stable.json").write_bytes(b"left over")
    made.publish(made.signed(made.release("1.1", 1), "office"))
    found = survey(made.repository, None, made.now)
    assert not found.problems
    assert f"targets/blobs/{'0' * 64}" in found.orphans
    assert "metadata/9.camera.stable.json" in found.orphans
    assert len([name for name in found.orphans if name.startswith("targets/")]) == 3  # with 1.0's manifest and payload


def test_another_makers_repository_is_told_by_the_root_that_devices_hold(made: Ceremony, tmp_path: Path) -> None:
    root = (made.repository / "metadata/1.root.json").read_bytes()
    store_changes.rotate(made.stores["office"], Role.UPDATE_ROOT, stores.known(), stores.DAY)
    made.publish(made.signed(made.root(), "office"))
    newest = (made.repository / "metadata/2.root.json").read_bytes()
    assert not survey(made.repository, root, made.now).problems
    assert not survey(made.repository, newest, made.now).problems
    (tmp_path / "theirs").mkdir()
    theirs = begun(tmp_path / "theirs")
    for _ in range(2):
        for anchor in (root, newest):
            assert survey(theirs.repository, anchor, made.now).problems
        store_changes.rotate(theirs.stores["office"], Role.UPDATE_ROOT, stores.known(), stores.DAY)
        theirs.publish(theirs.signed(theirs.root(), "office"))
    (made.repository / "metadata/2.root.json").unlink()
    for name in ("1.root.json", "2.root.json"):  # his, in front of all that is ours
        shutil.copy(theirs.repository / "metadata" / name, made.repository / "metadata")
    assert survey(made.repository, root, made.now).problems


def test_a_root_of_strangers_behind_ours_is_told_by_the_root_that_devices_hold(made: Ceremony, tmp_path: Path) -> None:
    """All of his repository holds by itself, from a first root that nobody has; who holds ours sees it."""
    root = (made.repository / "metadata/1.root.json").read_bytes()
    (tmp_path / "theirs").mkdir()
    theirs = begun(tmp_path / "theirs")
    store_changes.rotate(theirs.stores["office"], Role.UPDATE_ROOT, stores.known(), stores.DAY)
    theirs.publish(theirs.signed(theirs.root(), "office"))
    assert not survey(theirs.repository, None, made.now).problems
    assert "root 2" in survey(theirs.repository, root, made.now).problems[0]


def test_a_folder_that_is_none_cannot_be_verified(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="no release repository"):
            survey(folder, None, stores.DAY)  # type: ignore[arg-type]
