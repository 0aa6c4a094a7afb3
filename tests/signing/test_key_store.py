"""A store is refused rather than used when somebody else could have had a hand in it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import stores

from firmward.model.errors import FirmwardError, InputError, TrustError
from firmward.signing.key_store import KeyStore
from firmward.signing.public_half import is_signed, key_id, to_pem
from firmward.signing.role import Role
from firmward.signing.signing_key import Scheme


def private(store: Path, name: str) -> Path:
    return store / "private" / f"{KeyStore.open(store).find(name).id}.pem"


def test_as_many_keys_sign_as_the_threshold_asks_for(store: Path) -> None:
    opened = KeyStore.open(store)
    signers = opened.signers(Role.UPDATE_ROOT, stores.known())
    assert [key.id for key in signers] == [key.id for key in opened.active(Role.UPDATE_ROOT)]
    assert len(signers) == 2
    for key, public in zip(signers, opened.public(Role.UPDATE_ROOT), strict=True):
        assert is_signed(public, key.sign(b"root", Scheme.ED25519), b"root", Scheme.ED25519)
        assert key_id(public) == key.id


def test_too_few_keys_are_refused(store: Path) -> None:
    text = (store / "keys.toml").read_text()
    (store / "keys.toml").write_text(text.replace("threshold = 2", "threshold = 3"))
    with pytest.raises(TrustError, match="3 of its keys have to sign, and 2 can"):
        KeyStore.open(store).signers(Role.UPDATE_ROOT, stores.known())


def test_a_role_without_keys_signs_nothing(tmp_path: Path) -> None:
    opened = KeyStore.open(stores.make_store(tmp_path / "keys", Role.FLEET))
    with pytest.raises(TrustError, match="keys init boot"):
        opened.signers(Role.BOOT, stores.known())
    assert opened.public(Role.BOOT) == ()


def test_verifiers_hold_the_spare_and_signers_do_not(store: Path) -> None:
    opened = KeyStore.open(store)
    first, spare = opened.keys(Role.BOOT)
    assert (first.spare, spare.spare) == (False, True)
    assert [key_id(public) for public in opened.public(Role.BOOT)] == [first.id, spare.id]
    assert [key.id for key in opened.signers(Role.BOOT, stores.known())] == [first.id]
    private(store, "boot-2").unlink()  # it is kept offline
    reopened = KeyStore.open(store)
    assert reopened.held(spare) == "away"
    assert [key.id for key in reopened.signers(Role.BOOT, stores.known())] == [first.id]


def test_keys_are_found_by_name_and_by_id(store: Path) -> None:
    opened = KeyStore.open(store)
    key = opened.find("fleet-1")
    assert opened.find(key.id) == opened.find(key.id[:8]) == key
    for name, said in (("fleet-2", "did you mean"), (key.id[:7], "no key"), ("", "no key")):
        with pytest.raises(InputError, match=said):
            opened.find(name)


def open_to_all(store: Path) -> None:
    private(store, "fleet-1").chmod(0o644)


def folder_open_to_all(store: Path) -> None:
    (store / "private").chmod(0o755)


def unencrypted(store: Path) -> None:
    from firmward.signing.algorithm import Algorithm, generate

    private(store, "fleet-1").write_bytes(stores.plain_pem(generate(Algorithm.ED25519)))


def unencrypted_beside(store: Path) -> None:
    (store / "private" / "old.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (store / "private" / "old.pem").chmod(0o600)


def linked(store: Path) -> None:
    path = private(store, "fleet-1")
    path.rename(store / "elsewhere.pem")
    path.symlink_to(store / "elsewhere.pem")


def linked_folder(store: Path) -> None:
    (store / "private").rename(store / "elsewhere")
    (store / "private").symlink_to(store / "elsewhere")


def swapped_public(store: Path) -> None:
    (store / "public/fleet-1.pem").write_bytes((store / "public/targets-1.pem").read_bytes())


def strange_public(store: Path) -> None:
    from firmward.signing.algorithm import Algorithm, generate

    (store / "public/fleet-1.pem").write_bytes(to_pem(generate(Algorithm.ED25519).public_key()))


def damaged_public(store: Path) -> None:
    (store / "public/fleet-1.pem").write_bytes(b"\xff" * 100)


def list_open_to_all(store: Path) -> None:
    (store / "keys.toml").chmod(0o666)


def store_open_to_all(store: Path) -> None:
    store.chmod(0o777)


def public_open_to_all(store: Path) -> None:
    (store / "public").chmod(0o777)


def linked_list(store: Path) -> None:
    (store / "keys.toml").rename(store / "other.toml")
    (store / "keys.toml").symlink_to("other.toml")


def fifo(store: Path) -> None:
    (store / "keys.toml").unlink()
    os.mkfifo(store / "keys.toml", 0o600)


@pytest.mark.parametrize(
    "attack",
    [
        open_to_all,
        folder_open_to_all,
        unencrypted,
        unencrypted_beside,
        linked,
        linked_folder,
        swapped_public,
        strange_public,
        damaged_public,
        list_open_to_all,
        store_open_to_all,
        public_open_to_all,
        linked_list,
        fifo,
    ],
    ids=lambda attack: attack.__name__,
)
def test_a_store_that_was_tampered_with_is_refused(store: Path, attack: Callable[[Path], None]) -> None:
    attack(store)
    with pytest.raises(TrustError):
        KeyStore.open(store)


def test_a_swapped_private_file_signs_nothing(store: Path) -> None:
    fleet, targets = private(store, "fleet-1"), private(store, "targets-1")
    fleet.write_bytes(targets.read_bytes())
    with pytest.raises(TrustError, match="another key"):
        KeyStore.open(store).signers(Role.FLEET, stores.known())


def test_a_wrong_passphrase_signs_nothing(store: Path) -> None:
    with pytest.raises(TrustError, match="fleet-1: wrong passphrase"):
        KeyStore.open(store).signers(Role.FLEET, stores.known("wrong horse battery"))
    with pytest.raises(InputError, match="no terminal"):
        KeyStore.open(store).signers(Role.FLEET, stores.unknown())


def test_keys_with_passphrases_of_their_own_open_with_a_file_of_both(store: Path, tmp_path: Path) -> None:
    from firmward.signing import changes
    from firmward.signing.unlock import Unlock

    newer = stores.known("a newer passphrase")
    changes.rotate(store, Role.UPDATE_ROOT, newer, stores.DAY, which="update-root-1")
    with pytest.raises(TrustError, match="wrong passphrase"):
        KeyStore.open(store).signers(Role.UPDATE_ROOT, newer)
    both = Unlock(stores.secret_file(tmp_path, f"a newer passphrase\n{stores.PASSPHRASE}"))
    assert len(KeyStore.open(store).signers(Role.UPDATE_ROOT, both)) == 2


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"x" * (2 << 20), b"[" * 100_000, b'schema = 1\nkey = "\xff"'])
def test_a_hostile_list_is_refused_in_words(store: Path, content: bytes) -> None:
    (store / "keys.toml").write_bytes(content)
    with pytest.raises(FirmwardError):
        KeyStore.open(store)


def test_what_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="keys init"):
            KeyStore.open(folder)
    with pytest.raises(InputError, match="too long"):
        KeyStore.open(tmp_path / ("x" * 300))


def test_a_private_file_that_no_key_lists_is_told(store: Path) -> None:
    assert KeyStore.open(store).unlisted() == ()
    copy = store / "private" / f"{'ab' * 32}.pem"
    copy.write_bytes(private(store, "fleet-1").read_bytes())
    copy.chmod(0o600)
    assert KeyStore.open(store).unlisted() == (copy,)
