"""Keys as TUF knows them: whatever a key is held in, python-tuf verifies what it signs."""

from pathlib import Path

import pytest
import stores
import tokens
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.exceptions import UnverifiedSignatureError

from firmward.model.errors import TrustError
from firmward.signing.algorithm import Algorithm, Custody, generate
from firmward.signing.changes import NewRole
from firmward.signing.custody import Making
from firmward.signing.key_store import KeyStore
from firmward.signing.public_half import key_id
from firmward.signing.role import Role
from firmward.signing.tuf_keys import check_key, own_id, signature, store_role, tuf_key
from firmward.signing.tuf_model import SSlibKey


def verified(folder: Path, making: Making) -> SSlibKey:
    """A key of the role release, made so, has signed what python-tuf verifies with its public half alone."""
    stores.make_store(folder, NewRole(Role.RELEASE, making))
    store = KeyStore.open(folder)
    signer = store.signers(Role.RELEASE, stores.known())[0]
    key = tuf_key(signer.public)
    made = signature(signer, b"metadata")
    assert made.keyid == key.keyid
    key.verify_signature(made, b"metadata")
    with pytest.raises(UnverifiedSignatureError):
        key.verify_signature(made, b"metadate")
    return key


@pytest.mark.parametrize(
    ("algorithm", "scheme"),
    [
        (Algorithm.ED25519, "ed25519"),
        (Algorithm.ECDSA_P256, "ecdsa-sha2-nistp256"),
        (Algorithm.RSA3072, "rsassa-pss-sha256"),
    ],
)
def test_a_key_in_a_file_signs_for_tuf(tmp_path: Path, algorithm: Algorithm, scheme: str) -> None:
    key = verified(tmp_path / "keys", Making(algorithm=algorithm))
    assert key.scheme == scheme
    check_key(key)


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ECDSA_P256, Algorithm.RSA2048])
def test_a_key_in_a_token_signs_for_tuf(tmp_path: Path, token: tokens.SoftToken, algorithm: Algorithm) -> None:
    made = Making(Custody.PKCS11, algorithm, token.module, token.label)
    stores_known = stores.known(tokens.PIN)
    with stores.cheaply():
        stores.changes.init(tmp_path / "keys", [NewRole(Role.RELEASE, made)], stores_known, stores.DAY)
    signer = KeyStore.open(tmp_path / "keys").signers(Role.RELEASE, stores_known)[0]
    key = tuf_key(signer.public)
    key.verify_signature(signature(signer, b"metadata"), b"metadata")
    check_key(key)


def test_a_key_in_a_tpm_signs_for_tuf(tmp_path: Path, tpm: str) -> None:
    assert verified(tmp_path / "keys", Making(Custody.TPM)).scheme == "ecdsa-sha2-nistp256"


def test_people_know_a_key_by_the_id_that_their_store_lists() -> None:
    public = Ed25519PrivateKey.generate().public_key()
    assert own_id(tuf_key(public)) == key_id(public)
    assert tuf_key(public).keyid != key_id(public)


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ECDSA_P256, Algorithm.RSA2048])
def test_one_key_under_two_ids_counts_for_none(algorithm: Algorithm) -> None:
    key = tuf_key(generate(algorithm).public_key())
    check_key(key)
    for changed in (
        SSlibKey("a" * 64, key.keytype, key.scheme, key.keyval),
        SSlibKey(key.keyid, key.keytype, key.scheme, {"public": key.keyval["public"] + " "}),
        SSlibKey(key.keyid, key.keytype, "rsa-pkcs1v15-sha256", key.keyval),
        SSlibKey(key.keyid, key.keytype, key.scheme, {"public": "-----BEGIN"}),
    ):
        with pytest.raises(TrustError):
            check_key(changed)


def test_a_key_of_another_role_signs_no_metadata() -> None:
    roles = [store_role(name) for name in ("root", "targets", "snapshot", "timestamp", "camera.stable", "x.root")]
    assert roles == [Role.UPDATE_ROOT, Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP, Role.RELEASE, Role.RELEASE]
