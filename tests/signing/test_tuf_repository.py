"""The repository as a client that knows nothing of firmward sees it, and as whoever makes the next version reads it."""

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import stores
from ceremony import BETA, BOARD, STABLE, Ceremony, begun
from stock_client import StockClient
from tuf.api.exceptions import ExpiredMetadataError, RepositoryError

from firmward.model.errors import FirmwardError, InputError, TrustError
from firmward.signing import changes as store_changes
from firmward.signing.role import Role
from firmward.signing.tuf_repository import channel, existing, read
from firmward.update import manifest

PATH = STABLE.path(BOARD)


@pytest.fixture
def made(tmp_path: Path) -> Ceremony:
    """A repository that a client of today takes."""
    one = begun(tmp_path)
    one.now = datetime.now(UTC).replace(microsecond=0)
    one.publish(one.signed(one.release("1.0"), "office"))
    return one


def first_root(made: Ceremony) -> bytes:
    return (made.repository / "metadata/1.root.json").read_bytes()


def version_at(client: StockClient, made: Ceremony) -> str | None:
    content = client.fetched(made.repository, PATH)
    return None if content is None else manifest.parse(content).version


def test_a_stock_client_gets_the_manifest_and_what_follows_it(made: Ceremony, tmp_path: Path) -> None:
    client = StockClient(tmp_path / "device", first_root(made))
    assert version_at(client, made) == "1.0"
    made.publish(made.signed(made.release("1.1"), "office"))
    assert version_at(client, made) == "1.1"
    assert client.fetched(made.repository, STABLE.path("imx6ull")) is None


def test_a_stock_client_follows_a_rotation_of_every_key(made: Ceremony, tmp_path: Path) -> None:
    client, late = (StockClient(tmp_path / name, first_root(made)) for name in ("device", "warehouse"))
    assert version_at(client, made) == "1.0"
    for role, name in ((Role.UPDATE_ROOT, "office"), (Role.TARGETS, "office"), (Role.RELEASE, "office")):
        store_changes.rotate(made.stores[name], role, stores.known(), stores.DAY)
    for role in (Role.SNAPSHOT, Role.TIMESTAMP):
        store_changes.rotate(made.stores["server"], role, stores.known(), stores.DAY)
    made.publish(made.signed(made.root(), "office"))
    made.publish(made.signed(made.delegation(STABLE, "office"), "office"))
    made.publish(made.signed(made.release("2.0", 1), "office"))
    assert made.state.root.signed.version == 2
    assert version_at(client, made) == "2.0"
    assert version_at(late, made) == "2.0"


def test_a_stock_client_refuses_another_makers_repository(made: Ceremony, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = begun(tmp_path / "theirs")
    client = StockClient(tmp_path / "device", first_root(made))
    with pytest.raises(RepositoryError):
        client.fetched(theirs.repository, PATH)


def test_a_stock_client_notices_that_it_is_held_back(made: Ceremony, tmp_path: Path) -> None:
    made.now = datetime(2020, 1, 1, tzinfo=UTC)
    (tmp_path / "old").mkdir()
    old = Ceremony(tmp_path / "old", made.now)
    old.stores = made.stores
    old.publish(old.signed(old.root(), "office"))
    client = StockClient(tmp_path / "device", first_root(old))
    with pytest.raises(ExpiredMetadataError):
        client.fetched(old.repository, PATH)


def test_the_timestamp_says_when_it_was_signed(made: Ceremony) -> None:
    timestamp = made.state.timestamp
    assert timestamp is not None
    assert timestamp.signed.unrecognized_fields == {"x-firmward-signed": f"{made.now:%Y-%m-%dT%H:%M:%SZ}"}


def test_a_manifest_lies_by_its_digest_below_its_channel_and_its_files_by_theirs(made: Ceremony) -> None:
    targets = made.state.of_channel(STABLE).signed
    content = made.state.manifest_content(PATH, targets)
    assert content is not None
    sha256 = hashlib.sha256(content).hexdigest()
    place = made.repository / f"targets/camera/stable/{sha256}.{BOARD}.json"
    assert place.read_bytes() == content
    for blob in manifest.parse(content).blobs():
        lies = (made.repository / "targets/blobs" / blob.sha256).read_bytes()
        assert (len(lies), hashlib.sha256(lies).hexdigest()) == (blob.size, blob.sha256)


CHANGED = ["1.root.json", "2.targets.json", "2.camera.stable.json", "3.snapshot.json", "timestamp.json"]


@pytest.mark.parametrize("name", CHANGED)
def test_metadata_that_somebody_changed_is_refused(made: Ceremony, name: str) -> None:
    path = made.repository / "metadata" / name
    content = path.read_bytes()
    for changed in (
        content.replace(b'"version":', b'"x":1,"version":'),
        content[: len(content) // 2],
        b"",
        b"[" * 5000,
        b'{"signatures":[],"signed":{}}',
        b"\xff\xfe",
    ):
        path.write_bytes(changed)
        with pytest.raises((InputError, TrustError)):
            existing(made.repository)
    path.unlink()
    with pytest.raises(FirmwardError):
        existing(made.repository)


def test_a_root_that_the_root_before_has_not_signed_is_refused(made: Ceremony, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = begun(tmp_path / "theirs")
    store_changes.rotate(theirs.stores["office"], Role.UPDATE_ROOT, stores.known(), stores.DAY)
    theirs.publish(theirs.signed(theirs.root(), "office"))
    shutil.copy(theirs.repository / "metadata/2.root.json", made.repository / "metadata")
    with pytest.raises(TrustError, match="root 2"):
        existing(made.repository)


def test_a_snapshot_of_the_right_keys_that_the_timestamp_does_not_name_is_refused(made: Ceremony) -> None:
    """Whoever makes two of a version could show one device this, and another that."""
    kept = made.folder / "kept"
    shutil.copytree(made.repository, kept)
    made.publish(made.signed(made.release("1.1"), "office"))
    ours = made.folder / "ours"
    made.repository.rename(ours)
    kept.rename(made.repository)
    made.publish(made.signed(made.release("1.2"), "office"))
    shutil.copy(ours / "metadata/4.snapshot.json", made.repository / "metadata")
    with pytest.raises(TrustError, match="not what the snapshot or the timestamp names"):
        existing(made.repository)


def test_what_is_current_is_what_the_timestamp_leads_to(made: Ceremony) -> None:
    path = made.repository / "metadata/timestamp.json"
    before = path.read_bytes()
    made.publish(made.signed(made.release("1.1"), "office"))
    path.write_bytes(before)  # all of what was published then is still there
    state = existing(made.repository)
    found = state.manifest(PATH, state.of_channel(STABLE).signed)
    assert found is not None
    assert found.version == "1.0"


def test_a_folder_without_a_repository_is_told_from_one_that_lost_its_root(tmp_path: Path) -> None:
    assert read(tmp_path / "none") is None
    assert read(tmp_path) is None
    (tmp_path / "metadata").mkdir()
    with pytest.raises(InputError, match="bring it back"):
        read(tmp_path)


def test_a_channel_that_nobody_was_entrusted_with_is_told_with_those_that_are_there(made: Ceremony) -> None:
    with pytest.raises(InputError, match=r"there are: camera\.stable"):
        made.state.of_channel(BETA)


@pytest.mark.parametrize("name", ["", "Stable", "a/b", "..", "a.b", "-a", "x" * 65, "stable\n"])
def test_a_channel_has_a_plain_name(name: str) -> None:
    with pytest.raises(InputError):
        channel("camera", name)
    with pytest.raises(InputError):
        channel(name, "stable")
