"""Keys in files: what they sign, with OpenSSL as the witness, and what is refused."""

from pathlib import Path

import pytest
import stores
from witness import openssl_accepts

from firmward.model.errors import InputError, TrustError
from firmward.signing import file_key
from firmward.signing.algorithm import Algorithm
from firmward.signing.public_half import key_id
from firmward.signing.signing_key import Scheme

SCHEMES = [
    (Algorithm.RSA2048, Scheme.RSA_PKCS1_SHA256),
    (Algorithm.RSA2048, Scheme.RSA_PSS_SHA256),
    (Algorithm.ECDSA_P256, Scheme.ECDSA_SHA256),
    (Algorithm.ED25519, Scheme.ED25519),
]


def made(folder: Path, algorithm: Algorithm = Algorithm.ED25519) -> file_key.FileKey:
    public = file_key.make(folder, algorithm, stores.PASSPHRASE)
    return file_key.open_key(folder, key_id(public), "fleet-1", ("another one", stores.PASSPHRASE))


@pytest.mark.parametrize(("algorithm", "scheme"), SCHEMES, ids=str)
def test_openssl_verifies_what_it_signs(algorithm: Algorithm, scheme: Scheme, tmp_path: Path) -> None:
    key = made(tmp_path, algorithm)
    assert openssl_accepts(key.public, key.sign(b"message", scheme), b"message", scheme, tmp_path)
    assert not openssl_accepts(key.public, key.sign(b"message", scheme), b"massage", scheme, tmp_path)
    for other in set(Scheme) - {one for kind, one in SCHEMES if kind is algorithm}:
        with pytest.raises(TrustError, match="its algorithm is another"):
            key.sign(b"message", other)


def test_the_private_half_is_shown_nowhere(tmp_path: Path) -> None:
    key = made(tmp_path)
    assert "private" not in repr(key).lower()
    assert not any(b"BEGIN PRIVATE KEY" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_wrong_passphrase_is_told(tmp_path: Path) -> None:
    id = made(tmp_path).id
    with pytest.raises(TrustError, match="fleet-1: wrong passphrase"):
        file_key.open_key(tmp_path, id, "fleet-1", ("wrong", "wrong too"))


def test_another_key_in_its_place_is_refused(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path)
    file_key.place(tmp_path, second.id).replace(file_key.place(tmp_path, first.id))
    with pytest.raises(TrustError, match="holds another key"):
        file_key.open_key(tmp_path, first.id, "fleet-1", (stores.PASSPHRASE,))


def test_a_key_that_is_kept_elsewhere_is_asked_for(tmp_path: Path) -> None:
    key = made(tmp_path)
    file_key.place(tmp_path, key.id).unlink()
    with pytest.raises(InputError, match=r"bring .* back"):
        file_key.open_key(tmp_path, key.id, "boot-2", (stores.PASSPHRASE,))


def test_a_damaged_file_signs_nothing(tmp_path: Path) -> None:
    id = made(tmp_path).id
    path = file_key.place(tmp_path, id)
    whole = path.read_bytes()
    for at in range(60, len(whole) - 60, 17):
        changed = whole[:at] + (b"A" if whole[at : at + 1] != b"A" else b"B") + whole[at + 1 :]
        path.write_bytes(changed)
        with pytest.raises(TrustError):
            file_key.open_key(tmp_path, id, "fleet-1", (stores.PASSPHRASE,))
