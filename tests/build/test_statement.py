"""A build's record is believed as it was signed, and every file in the folder is held against it."""

from pathlib import Path

import pytest
import stores

from firmward.build import built, statement
from firmward.build.built import Built, File
from firmward.model.errors import InputError, TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role
from firmward.signing.signing_key import PublicKey


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    folder = stores.make_store(tmp_path_factory.mktemp("store") / "keys", Role.ROOTFS, Role.TARGETS)
    return KeyStore.open(folder)


@pytest.fixture
def out(store: KeyStore, tmp_path: Path) -> Path:
    """A folder as a build leaves it, with one file."""
    (tmp_path / "slot").mkdir()
    (tmp_path / "slot" / "boot.fit").write_bytes(b"signed")
    files = tuple(
        File(str(path.relative_to(tmp_path)), path.stat().st_size, built.digest(path)) for path in built.files(tmp_path)
    )
    made = Built(
        product="camera", version="1", board="qemu-arm64", layout="verity", console="off", rollback_index=0,
        root_hash="", epoch=0, health=(), health_seconds=1, boot_key="", partitions=(), files=files,
    )  # fmt: skip
    (tmp_path / built.FILE).write_text(built.to_json(made))
    statement.write(tmp_path, store.signers(Role.ROOTFS, stores.known()))
    return tmp_path


def keys(store: KeyStore) -> tuple[PublicKey, ...]:
    return store.public(Role.ROOTFS)


def test_what_was_signed_is_believed_and_nothing_differs(store: KeyStore, out: Path) -> None:
    assert list(statement.differences(out, statement.read(out, keys(store), 1))) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda out: (out / "slot" / "boot.fit").write_bytes(b"sigNed"), "slot/boot.fit was changed"),
        (lambda out: (out / "slot" / "boot.fit").write_bytes(b"longer than it was"), "slot/boot.fit was changed"),
        (lambda out: (out / "slot" / "boot.fit").unlink(), "slot/boot.fit is gone"),
        (lambda out: (out / "slot" / "more").touch(), "slot/more was added"),
    ],
)
def test_every_difference_is_told(change: object, told: str, store: KeyStore, out: Path) -> None:
    made = statement.read(out, keys(store), 1)
    change(out)  # type: ignore[operator]
    assert list(statement.differences(out, made)) == [told]


def test_a_record_that_was_changed_is_refused(store: KeyStore, out: Path) -> None:
    record = out / built.FILE
    record.write_text(record.read_text().replace('"rollback_index": 0', '"rollback_index": 9'))
    with pytest.raises(TrustError, match="not the record that was signed"):
        statement.read(out, keys(store), 1)


def test_another_role_s_key_is_no_witness(store: KeyStore, out: Path) -> None:
    with pytest.raises(TrustError, match="0 of the keys"):
        statement.read(out, store.public(Role.TARGETS), 1)


def test_an_unsigned_build_and_an_endless_statement_are_refused(store: KeyStore, out: Path) -> None:
    (out / statement.FILE).write_bytes(b" " * (statement.SIZE_LIMIT + 1))
    with pytest.raises(InputError, match="larger than"):
        statement.read(out, keys(store), 1)
    (out / statement.FILE).unlink()
    with pytest.raises(TrustError, match="was not signed"):
        statement.read(out, keys(store), 1)
