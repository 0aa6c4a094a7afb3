"""Stores are made, and their keys rotated and revoked: whole or not at all, and one change at a time."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import stores

from firmward.model.errors import DeviceError, FirmwardError, InputError, TrustError
from firmward.signing import changes, private_files, store_change
from firmward.signing.algorithm import Algorithm, Custody
from firmward.signing.changes import NewRole, init, revoke, rotate
from firmward.signing.custody import Making
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role

DAY = stores.DAY


def states(store: Path, role: Role) -> list[str]:
    return [f"{key.state}{' spare' if key.spare else ''}" for key in KeyStore.open(store).keys(role)]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_role_has_its_usual_key(store: Path) -> None:
    opened = KeyStore.open(store)
    for role in Role:
        wanted = Algorithm.RSA2048 if role is Role.BOOT else Algorithm.ED25519
        assert {key.algorithm for key in opened.keys(role)} == {wanted}
        assert opened.signers(role, stores.known())


def test_only_the_owner_may_look(store: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in store.rglob("*")}
    assert modes["private"] == 0o700
    assert {mode for name, mode in modes.items() if len(name) == len("ab" * 32 + ".pem")} == {0o600}


@pytest.mark.parametrize(
    ("role", "making", "threshold", "spare", "said"),
    [
        (Role.BOOT, Making(algorithm=Algorithm.ED25519), 1, False, "U-Boot verifies with RSA"),
        (Role.BOOT, Making(), 2, False, "threshold of 1"),
        (Role.FLEET, Making(), 1, True, "only boot has a spare"),
        (Role.FLEET, Making(), 0, False, "from 1 to"),
        (Role.FLEET, Making(), 17, False, "from 1 to"),
        (Role.FLEET, Making(Custody.TPM, Algorithm.ED25519), 1, False, "a TPM makes no key"),
        (Role.FLEET, Making(Custody.PKCS11), 1, False, "needs --module"),
        (Role.FLEET, Making(Custody.PKCS11, None, Path("lib.so"), "card"), 1, False, "whole path"),
        (Role.FLEET, Making(Custody.PKCS11, None, Path("/nowhere.so"), "card"), 1, False, "No such file"),
        (Role.FLEET, Making(token="card"), 1, False, "custody pkcs11"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    tmp_path: Path, role: Role, making: Making, threshold: int, spare: bool, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        init(tmp_path / "keys", [NewRole(role, making, threshold, spare)], stores.unknown(), DAY)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_there_is_kept(store: Path) -> None:
    before = snapshot(store)
    with pytest.raises(InputError, match="key store already"):
        init(store, [NewRole(Role.FLEET)], stores.known(), DAY)
    assert snapshot(store) == before


def test_what_is_no_store_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/readme").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("notes")
    for name in ("notes", "file", "link", "none/keys"):
        with pytest.raises(InputError):
            init(tmp_path / name, [NewRole(Role.FLEET)], stores.known(), DAY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "notes"]


def test_a_role_is_added_to_a_store_that_lacks_it(tmp_path: Path) -> None:
    store = stores.make_store(tmp_path / "keys", Role.FLEET)
    before = KeyStore.open(store).ledger.key
    made = init(store, [NewRole(Role.TARGETS, threshold=2)], stores.known(), DAY)
    assert [key.name for key in made] == ["targets-1", "targets-2"]
    assert KeyStore.open(store).ledger.key == (*before, *made)
    assert len(KeyStore.open(store).signers(Role.TARGETS, stores.known())) == 2


def test_a_weak_passphrase_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="shorter"):
        init(tmp_path / "keys", [NewRole(Role.FLEET)], stores.known("elevenchars"), DAY)
    assert list(tmp_path.iterdir()) == []


def test_rotation_retires_the_key_and_keeps_it_listed(store: Path) -> None:
    done = rotate(store, Role.FLEET, stores.known(), DAY)
    assert (done.new.name, done.retired.name if done.retired else None) == ("fleet-2", "fleet-1")
    assert states(store, Role.FLEET) == ["retired", "active"]
    opened = KeyStore.open(store)
    assert [key.id for key in opened.signers(Role.FLEET, stores.known())] == [done.new.id]
    assert opened.signer(opened.find("fleet-1"), stores.known()).id != done.new.id


def test_which_of_several_keys_is_rotated_has_to_be_said(store: Path) -> None:
    with pytest.raises(InputError, match="say which"):
        rotate(store, Role.UPDATE_ROOT, stores.known(), DAY)
    with pytest.raises(InputError, match="not a working key"):
        rotate(store, Role.UPDATE_ROOT, stores.known(), DAY, which="fleet-1")
    rotate(store, Role.UPDATE_ROOT, stores.known(), DAY, which="update-root-1")
    assert states(store, Role.UPDATE_ROOT) == ["retired", "active", "active"]


def test_the_spare_takes_over_and_a_new_one_is_made(store: Path) -> None:
    held = [key.id for key in KeyStore.open(store).keys(Role.BOOT)]
    revoke(store, "boot-1", "stolen", DAY)
    with pytest.raises(TrustError, match="--to-spare"):
        KeyStore.open(store).signers(Role.BOOT, stores.known())
    done = rotate(store, Role.BOOT, stores.known(), DAY, to_spare=True)
    assert states(store, Role.BOOT) == ["revoked", "active", "active spare"]
    assert [key.id for key in KeyStore.open(store).signers(Role.BOOT, stores.known())] == held[1:]
    assert done.spare is not None
    assert done.spare.id not in held


def test_without_a_spare_there_is_none_to_take(tmp_path: Path) -> None:
    store = stores.make_store(tmp_path / "keys", Role.FLEET)
    with pytest.raises(InputError, match="has no spare"):
        rotate(store, Role.FLEET, stores.known(), DAY, to_spare=True)


def test_a_revoked_key_signs_never_again(store: Path) -> None:
    revoke(store, "targets-1", "laptop stolen", DAY)
    with pytest.raises(InputError, match="revoked already"):
        revoke(store, "targets-1", "again", DAY)
    opened = KeyStore.open(store)
    with pytest.raises(TrustError, match="1 of its keys have to sign, and 0 can"):
        opened.signers(Role.TARGETS, stores.known())
    with pytest.raises(TrustError, match="laptop stolen"):
        opened.signer(opened.find("targets-1"), stores.known())
    done = rotate(store, Role.TARGETS, stores.known(), DAY)
    assert done.retired is None
    assert states(store, Role.TARGETS) == ["revoked", "active"]
    assert opened.find("targets-1").id not in [
        key.id for key in KeyStore.open(store).signers(Role.TARGETS, stores.known())
    ]


def test_an_update_root_key_names_its_successor_before_it_goes(store: Path) -> None:
    with pytest.raises(InputError, match="at-once"):
        revoke(store, "update-root-1", "stolen", DAY)
    rotate(store, Role.UPDATE_ROOT, stores.known(), DAY, which="update-root-1")
    revoke(store, "update-root-1", "stolen", DAY)
    revoke(store, "update-root-2", "stolen", DAY, at_once=True)
    assert states(store, Role.UPDATE_ROOT) == ["revoked", "revoked", "active"]


@pytest.mark.parametrize("reason", ["", "  ", "a\nb", "\x1b[31m", "x" * 301])
def test_a_reason_is_one_line(store: Path, reason: str) -> None:
    with pytest.raises(InputError, match="--reason"):
        revoke(store, "fleet-1", reason, DAY)
    assert states(store, Role.FLEET) == ["active"]


CHANGES: dict[str, Callable[[Path], object]] = {
    "rotate": lambda store: rotate(store, Role.FLEET, stores.known(), DAY),
    "to-spare": lambda store: rotate(
        store, Role.BOOT, stores.known(), DAY, to_spare=True, making=Making(algorithm=Algorithm.RSA2048)
    ),
    "revoke": lambda store: revoke(store, "fleet-1", "stolen", DAY),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("count", range(4))
def test_an_interrupted_change_is_done_or_undone(
    store: Path, name: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C behind each file that is written, the list among them."""
    before = snapshot(store)
    written: list[Path] = []
    real = private_files.write

    def interrupted(path: Path, content: bytes, mode: int = 0o600) -> None:
        real(path, content, mode)
        written.append(path)
        if len(written) > count:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(private_files, "write", interrupted)
        with contextlib.suppress(KeyboardInterrupt):
            CHANGES[name](store)
    after = {path: content for path, content in snapshot(store).items() if path != "lock"}
    opened = KeyStore.open(store)
    assert opened.unlisted() == ()
    if store / "keys.toml" in written:
        assert after["keys.toml"] != before["keys.toml"]
        for role in (Role.BOOT, Role.FLEET):
            assert all(opened.held(key) != "away" for key in opened.keys(role))
    else:
        assert after == before


POWER_CUT = """
import os, sys
from pathlib import Path
from firmward.signing import private_files, pkcs8
import stores
from firmward.signing.changes import init, rotate, NewRole
from firmward.signing.role import Role
pkcs8.COST = stores.CHEAP
left = int(sys.argv[2])
real = os.fsync
def cut(descriptor):
    global left
    real(descriptor)
    left -= 1
    if left < 0:
        os._exit(9)
os.fsync = cut
if sys.argv[3] == "rotate":
    rotate(Path(sys.argv[1]), Role.FLEET, stores.known(), stores.DAY)
else:
    init(Path(sys.argv[1]), [NewRole(Role.FLEET)], stores.known(), stores.DAY)
"""


@pytest.mark.parametrize("count", range(0, 7, 2))
def test_a_change_that_is_killed_leaves_a_valid_store(store: Path, count: int) -> None:
    before = (store / "keys.toml").read_bytes()
    code = killed(store, count, "rotate")
    opened = KeyStore.open(store)
    assert opened.signers(Role.FLEET, stores.known())
    if (store / "keys.toml").read_bytes() == before:
        assert code == 9
    rotate(store, Role.FLEET, stores.known(), DAY)  # and nobody holds the lock


def test_a_store_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    killed(tmp_path / "keys", 2, "init")
    assert not (tmp_path / "keys").exists()
    init(tmp_path / "keys", [NewRole(Role.FLEET)], stores.known(), DAY)
    assert KeyStore.open(tmp_path / "keys").signers(Role.FLEET, stores.known())


def killed(store: Path, count: int, change: str) -> int:
    words = [sys.executable, "-c", POWER_CUT, str(store), str(count), change]
    support = Path(stores.__file__).parent
    path = os.pathsep.join((str(support), *filter(None, sys.path)))
    return subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, timeout=60).returncode


def test_two_rotations_at_a_time_come_one_after_the_other(store: Path) -> None:
    support = Path(stores.__file__).parent
    path = os.pathsep.join((str(support), *filter(None, sys.path)))
    words = [sys.executable, "-c", POWER_CUT, str(store), "999", "rotate"]
    running = [subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path}) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert states(store, Role.FLEET) == ["retired", "retired", "retired", "active"]


def test_a_store_that_stays_locked_is_told(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_change, "LOCK_SECONDS", 0.1)
    before = snapshot(store)
    with store_change.changing(store, stores.unknown()), pytest.raises(DeviceError, match="another firmward"):
        rotate(store, Role.FLEET, stores.known(), DAY)
    assert snapshot(store) == {**before, "lock": b""}


def test_a_full_disk_leaves_the_store_as_it_was(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(store)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FirmwardError, match="No space left"):
        rotate(store, Role.FLEET, stores.known(), DAY)
    assert snapshot(store) == {**before, "lock": b""}
    with pytest.raises(FirmwardError, match="No space left"):
        changes.init(store.parent / "other", [NewRole(Role.FLEET)], stores.known(), DAY)
    assert not (store.parent / "other").exists()
    assert [path for path in store.parent.iterdir() if path.name.endswith(".tmp")] == []
