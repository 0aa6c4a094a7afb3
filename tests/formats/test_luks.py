"""LUKS headers as cryptsetup makes and dumps them."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from mutated import mutated

from firmward.formats import luks
from firmward.formats.luks import KeySlot, Token
from firmward.formats.malformed import Malformed

pytestmark = pytest.mark.skipif(shutil.which("cryptsetup") is None, reason="cryptsetup is not installed")
TOKEN = {"type": "clevis", "keyslots": ["1"], "jwe": {"protected": "x"}}


def run(image: Path, *words: str, said: bytes = b"") -> bytes:
    return subprocess.run(["cryptsetup", *words, image], input=said, check=True, capture_output=True).stdout


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "image").write_bytes(bytes(20 << 20))
    (tmp_path / "key").write_bytes(b"another passphrase")
    return tmp_path / "image"


def parsed(data: bytes) -> luks.Header:
    return luks.parse(lambda offset, length: data[offset : offset + length])


def test_the_slots_of_a_first_header(image: Path) -> None:
    run(image, "luksFormat", "-q", "--type=luks1", "--pbkdf-force-iterations=1234", "--key-size=256", said=b"secret")
    found = parsed(image.read_bytes())
    assert (found.version, found.cipher, found.key_bits, found.tokens) == (1, "aes-xts-plain64", 256, ())
    assert found.slots == (KeySlot(0, "pbkdf2", 1234, 0, 256),)
    assert not found.is_null


def test_slots_and_tokens_of_a_second_header(image: Path, tmp_path: Path) -> None:
    cheap = ("--pbkdf-force-iterations=4", "--pbkdf-memory=64", "--pbkdf-parallel=1")
    run(image, "luksFormat", "-q", "--type=luks2", "--pbkdf=argon2id", *cheap, said=b"secret")
    weak = ("--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000")
    add = ["cryptsetup", "luksAddKey", "-q", *weak, str(image), str(tmp_path / "key")]
    subprocess.run(add, input=b"secret", check=True, capture_output=True)
    run(image, "token", "import", said=json.dumps(TOKEN).encode())
    found = parsed(image.read_bytes())
    assert found.slots == (KeySlot(0, "argon2id", 4, 64, 512), KeySlot(1, "pbkdf2", 1000, 0, 512))
    assert found.tokens == (Token("clevis", (1,)),)
    assert (found.key_bits, found.integrity, found.problem) == (512, "", None)
    dump = json.loads(run(image, "luksDump", "--dump-json-metadata"))
    assert [dump["keyslots"][str(slot.number)]["kdf"]["type"] for slot in found.slots] == ["argon2id", "pbkdf2"]


def test_a_null_cipher_is_no_encryption(image: Path) -> None:
    """cryptsetup makes it only where the kernel has device mapper."""
    run(image, "luksFormat", "-q", "--type=luks1", "--pbkdf-force-iterations=1000", said=b"secret")
    data = bytearray(image.read_bytes())
    data[8:40] = b"cipher_null".ljust(32, b"\0")
    data[40:72] = b"ecb".ljust(32, b"\0")
    assert parsed(bytes(data)).is_null


def second(metadata: object) -> luks.Header:
    """By this JSON, the digest left out, which an unknown algorithm is not held against."""
    head = bytearray(16 << 10)
    head[:8] = luks.MAGIC + b"\0\2"
    head[8:16] = (16 << 10).to_bytes(8, "big")
    head[72:77] = b"blake"
    head[168:172] = b"uuid"
    text = json.dumps(metadata).encode()
    head[4096 : 4096 + len(text)] = text
    return parsed(bytes(head))


CRYPT = {"type": "crypt", "offset": "16384", "size": "dynamic", "encryption": "aes-xts-random"}


def test_integrity_is_told() -> None:
    """cryptsetup makes it only where the kernel has device mapper."""
    found = second({"segments": {"0": {**CRYPT, "integrity": {"type": "hmac(sha256)", "journal_encryption": "none"}}}})
    assert found.integrity == "hmac(sha256)"


ODD: list[object] = [None, 7, -1, 1.5, "x", "9" * 400, [], [[1]], {}, {"0": 5}, {"x": {"type": 5, "kdf": 3}}, True]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_metadata_are_read_as_far_as_they_go(odd: object) -> None:
    slot = {"key_size": odd, "kdf": {"type": odd, "iterations": odd, "memory": odd}}
    for said in (
        {"keyslots": odd, "tokens": odd},
        {"keyslots": {"0": slot}, "tokens": {"0": {"type": odd, "keyslots": odd}}},
        {"keyslots": {"0": odd}, "tokens": {"0": odd}},
    ):
        found = second({"segments": {"0": {**CRYPT, "integrity": odd}}, **said})
        assert found.cipher == "aes-xts-random"
        assert all(slot.iterations >= 0 and slot.key_bits <= 4096 for slot in found.slots)


def test_bad_bytes_are_told(image: Path) -> None:
    run(image, "luksFormat", "-q", "--type=luks1", "--pbkdf-force-iterations=1000", said=b"secret")
    for data in mutated(image.read_bytes()[:4096], 300, span=600):
        try:
            parsed(data)
        except Malformed:
            continue
