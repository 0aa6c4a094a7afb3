"""Keys in a token: SoftHSM holds them, OpenSSL verifies, pkcs11-tool's place is taken by the token's own answers."""

import sys
from pathlib import Path

import pkcs11
import pytest
import stores
from tokens import PIN, SoftToken
from witness import openssl_accepts

from firmward.model.errors import DeviceError, InputError, ToolError, TrustError
from firmward.signing import custody, pkcs11_key, private_files
from firmward.signing.algorithm import Algorithm, Custody
from firmward.signing.changes import NewRole, init, rotate
from firmward.signing.custody import Making
from firmward.signing.key_store import KeyStore
from firmward.signing.pkcs11_key import Pkcs11Key
from firmward.signing.role import Role
from firmward.signing.signing_key import Scheme
from firmward.signing.unlock import Unlock

SCHEMES = [
    (Algorithm.RSA2048, Scheme.RSA_PKCS1_SHA256),
    (Algorithm.RSA2048, Scheme.RSA_PSS_SHA256),
    (Algorithm.ECDSA_P256, Scheme.ECDSA_SHA256),
    (Algorithm.ED25519, Scheme.ED25519),
]


def pin() -> Unlock:
    return stores.known(PIN)


def held(token: SoftToken, algorithm: Algorithm | None = None) -> Making:
    return Making(Custody.PKCS11, algorithm, token.module, token.label)


def store_with(folder: Path, token: SoftToken, role: Role, algorithm: Algorithm | None = None) -> KeyStore:
    init(folder / "keys", [NewRole(role, held(token, algorithm))], pin(), stores.DAY)
    return KeyStore.open(folder / "keys")


def objects(token: SoftToken, label: str) -> list[pkcs11.Object]:
    with pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(user_pin=PIN) as session:
        return list(session.get_objects({pkcs11.Attribute.LABEL: label}))


@pytest.mark.parametrize(("algorithm", "scheme"), SCHEMES, ids=str)
def test_openssl_verifies_what_the_token_signs(
    token: SoftToken, tmp_path: Path, algorithm: Algorithm, scheme: Scheme
) -> None:
    role = Role.BOOT if algorithm is Algorithm.RSA2048 else Role.FLEET
    store = store_with(tmp_path, token, role, algorithm)
    (key,) = store.signers(role, pin())
    assert openssl_accepts(key.public, key.sign(b"message", scheme), b"message", scheme, tmp_path)
    assert key.public == store.public(role)[0]


def test_the_private_half_never_was_anywhere_else(token: SoftToken, tmp_path: Path) -> None:
    store = store_with(tmp_path, token, Role.BOOT)
    (key,) = store.signers(Role.BOOT, pin())
    assert isinstance(key, Pkcs11Key)
    assert (key.module, key.token) == (token.module, token.label)
    words = pkcs11.Attribute
    with pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(user_pin=PIN) as session:
        private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=key.label)
        assert private[words.NEVER_EXTRACTABLE] is True
        assert private[words.ALWAYS_SENSITIVE] is True
        assert private[words.LOCAL] is True
        assert private[words.DECRYPT] is False
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            private[words.PRIVATE_EXPONENT]
    assert list((store.folder / "private").iterdir()) == []
    assert PIN not in repr(key)


def test_a_token_whose_keys_can_leave_is_refused(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def lax(
        session: pkcs11.Session, held: pkcs11_key.Token, label: str, algorithm: Algorithm
    ) -> tuple[pkcs11.PublicKey, pkcs11.PrivateKey]:
        made.append(label)
        kept = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: True}
        return session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label=label, private_template=kept)

    monkeypatch.setattr(pkcs11_key, "_generated", lax)
    with pytest.raises(TrustError, match="can be taken out"):
        store_with(tmp_path, token, Role.BOOT)
    assert objects(token, made[0]) == []
    assert not (tmp_path / "keys").exists()


def test_a_wrong_pin_is_told(token: SoftToken, tmp_path: Path) -> None:
    store = store_with(tmp_path, token, Role.FLEET)
    (key,) = store.signers(Role.FLEET, stores.known("4444"))
    with pytest.raises(TrustError, match="wrong PIN"):
        key.sign(b"message", Scheme.ED25519)


def test_another_key_under_the_label_is_refused(token: SoftToken, tmp_path: Path) -> None:
    store = store_with(tmp_path, token, Role.FLEET)
    rotate(store.folder, Role.FLEET, pin(), stores.DAY)
    first, second = KeyStore.open(store.folder).keys(Role.FLEET)
    key = Pkcs11Key(first.id, "fleet-1", store.public_of(first), token.module, token.label, str(second.label), PIN)
    with pytest.raises(TrustError, match="another key"):
        key.sign(b"message", Scheme.ED25519)
    gone = Pkcs11Key(first.id, "fleet-1", store.public_of(first), token.module, token.label, "none", PIN)
    with pytest.raises(TrustError, match="0 private keys"):
        gone.sign(b"message", Scheme.ED25519)


def test_a_rotation_stays_in_the_token(token: SoftToken, tmp_path: Path) -> None:
    store = store_with(tmp_path, token, Role.FLEET, Algorithm.ECDSA_P256)
    done = rotate(store.folder, Role.FLEET, pin(), stores.DAY)
    assert (done.new.custody, done.new.algorithm, done.new.token) == ("pkcs11", "ecdsa-p256", token.label)
    assert done.retired is not None
    assert done.new.label != done.retired.label


def test_what_was_not_listed_is_taken_out_of_the_token_again(
    token: SoftToken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = pkcs11_key.make

    def noted(held: pkcs11_key.Token, label: str, algorithm: Algorithm, secret: str) -> object:
        made.append(label)
        return real(held, label, algorithm, secret)

    def full(path: Path, content: bytes, mode: int = 0o600) -> None:
        raise InputError("No space left on device")

    monkeypatch.setattr(custody.pkcs11_key, "make", noted)
    monkeypatch.setattr(private_files, "write", full)
    with pytest.raises(InputError, match="No space"):
        store_with(tmp_path, token, Role.FLEET)
    assert len(made) == 1
    assert objects(token, made[0]) == []


def test_a_token_that_is_not_there_is_asked_for(token: SoftToken, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="plug it in"):
        pkcs11_key.make(pkcs11_key.Token(token.module, "nowhere"), "x", Algorithm.ED25519, PIN)
    with pytest.raises(DeviceError, match="says"):
        pkcs11_key.make(pkcs11_key.Token(Path("/bin/true"), "x"), "x", Algorithm.ED25519, PIN)


def test_a_module_that_others_may_write_is_not_loaded(tmp_path: Path) -> None:
    module = tmp_path / "module.so"
    module.write_bytes(b"\x7fELF")
    module.chmod(0o666)
    with pytest.raises(TrustError, match="others may change it"):
        pkcs11_key.make(pkcs11_key.Token(module, "x"), "x", Algorithm.ED25519, PIN)


def test_the_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ToolError, match=r"firmward\[hsm\]"):
        pkcs11_key.make(pkcs11_key.Token(Path("/bin/true"), "x"), "x", Algorithm.ED25519, PIN)
