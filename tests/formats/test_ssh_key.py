"""Private keys and fingerprints, as the real programs write them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.ssh_key import PrivateKey, private_key, public_key

needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen on this machine")
needs_dropbear = pytest.mark.skipif(shutil.which("dropbearkey") is None, reason="no dropbearkey on this machine")


@needs_keygen
@pytest.mark.parametrize("form", ["RFC4716", "PEM"])
@pytest.mark.parametrize(("kind", "name"), [("ed25519", "ssh-ed25519"), ("rsa", "ssh-rsa"), ("ecdsa", "ecdsa")])
def test_keys_of_openssh_are_known(kind: str, name: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-m", form, "-N", "", "-f", str(path)], check=True)
    found = private_key(path.read_bytes())
    assert found is not None
    assert found.algorithm.startswith(name)
    assert found.fingerprint in (None, fingerprint(path))
    assert private_key(path.with_suffix(".pub").read_bytes()) is None
    public = public_key(path.with_suffix(".pub").read_text().split()[1])
    assert public is not None
    assert public.fingerprint == fingerprint(path)


@needs_dropbear
@needs_keygen
@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_keys_of_dropbear_are_known(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = subprocess.run(["dropbearkey", "-t", kind, "-f", str(path)], check=True, capture_output=True, text=True)
    found = private_key(path.read_bytes())
    assert found is not None
    public = next(line for line in made.stdout.splitlines() if line.startswith(("ssh-", "ecdsa-")))
    known = public_key(public.split()[1])
    assert known is not None
    assert found == PrivateKey(known.algorithm, known.fingerprint)


@needs_dropbear
def test_the_public_part_of_a_dropbear_key_alone_is_no_private_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["dropbearkey", "-t", "rsa", "-s", "1024", "-f", str(path)], check=True, capture_output=True)
    content = path.read_bytes()
    name, exponent = 4 + 7, 4 + 3
    modulus = 4 + int.from_bytes(content[name + exponent : name + exponent + 4], "big")
    assert private_key(content[: name + exponent + modulus]) is None


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\x07ssh-rsa", b"ssh-ed25519 AAAA me\n", b"-----BEGIN PUBLIC KEY-----"]
)
def test_what_holds_no_private_key_is_none(content: bytes) -> None:
    assert private_key(content) is None


@given(st.binary(max_size=300))
def test_any_bytes_can_be_asked(content: bytes) -> None:
    private_key(content)
    private_key(b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + content + b"\n-----END OPENSSH PRIVATE KEY-----")
    public_key(content.decode("latin-1"))


def fingerprint(path: Path) -> str:
    said = subprocess.run(["ssh-keygen", "-l", "-f", f"{path}.pub"], check=True, capture_output=True, text=True)
    return said.stdout.split()[1]
