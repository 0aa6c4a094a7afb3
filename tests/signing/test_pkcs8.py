"""Encrypted private keys, with OpenSSL as the witness of what was written."""

import subprocess
from pathlib import Path

import pytest
import stores

from firmward.formats import pem
from firmward.signing import pkcs8
from firmward.signing.algorithm import Algorithm, generate


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ECDSA_P256, Algorithm.RSA2048])
def test_openssl_opens_what_was_written(algorithm: Algorithm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs8, "COST", pkcs8.Cost())
    private = generate(algorithm)
    path = tmp_path / "key.pem"
    path.write_bytes(pkcs8.encrypted(private, stores.PASSPHRASE))
    secret = stores.secret_file(tmp_path)
    command = ["openssl", "pkey", "-in", path, "-passin", f"file:{secret}"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    plain = pem.blocks(stores.plain_pem(private))
    assert [block.content for block in pem.blocks(done.stdout)] == [block.content for block in plain]


def test_a_guess_costs_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7914 recommends what takes under 100 ms for logins; keys may take longer. 16 MiB, and ten times over."""
    monkeypatch.setattr(pkcs8, "COST", pkcs8.Cost())
    path = tmp_path / "key.pem"
    path.write_bytes(pkcs8.encrypted(generate(Algorithm.ED25519), stores.PASSPHRASE))
    told = subprocess.run(["openssl", "asn1parse", "-in", path], capture_output=True, text=True, check=True).stdout
    assert "PBES2" in told
    assert "1.3.6.1.4.1.11591.4.11" in told or "scrypt" in told.lower()
    assert "aes-256-cbc" in told.lower()
    numbers = [int(line.rpartition(":")[2], 16) for line in told.splitlines() if "INTEGER" in line]
    n, r, p = numbers
    assert 128 * n * r >= 16 << 20
    assert n * r * p >= 10 * (1 << 17)


def test_another_passphrase_gives_nothing() -> None:
    private = generate(Algorithm.ED25519)
    made = pkcs8.encrypted(private, stores.PASSPHRASE)
    assert pkcs8.decrypted(made, stores.PASSPHRASE) is not None
    for wrong in ("", "correct horse batterY", stores.PASSPHRASE + " "):
        assert pkcs8.decrypted(made, wrong) is None


def test_the_same_key_is_never_written_alike() -> None:
    private = generate(Algorithm.ED25519)
    assert pkcs8.encrypted(private, stores.PASSPHRASE) != pkcs8.encrypted(private, stores.PASSPHRASE)


def test_what_is_not_one_encrypted_key_is_told_apart() -> None:
    private = generate(Algorithm.ED25519)
    made, plain = pkcs8.encrypted(private, stores.PASSPHRASE), stores.plain_pem(private)
    assert pkcs8.is_encrypted(made)
    for other in (b"", plain, made + plain, plain + made, made[:-40], b"\xff" * 100):
        assert not pkcs8.is_encrypted(other)
