"""Writes vbmeta images and footers by AOSP's description of libavb's structures; openssl signs."""

import hashlib
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import kept_keys

BITS = {1: 2048, 2: 4096, 3: 8192, 4: 2048, 5: 4096, 6: 8192}


def digest_name(algorithm: int) -> str:
    return "sha256" if algorithm < 4 else "sha512"


def make_key(folder: Path, bits: int) -> Path:
    key = folder / f"rsa{bits}.pem"
    if not key.exists():
        shutil.copy(kept_keys.rsa_key("avb", bits), key)
    return key


def public_key(key: Path) -> bytes:
    """Bits, the negated inverse of the lowest word, the modulus, and R² modulo it."""
    said = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-modulus"], check=True, capture_output=True).stdout
    modulus = int(said.partition(b"=")[2], 16)
    bits = modulus.bit_length()
    inverse = (1 << 32) - pow(modulus, -1, 1 << 32)
    square = pow(2, 2 * bits, modulus)
    size = bits // 8
    return struct.pack(">II", bits, inverse) + modulus.to_bytes(size, "big") + square.to_bytes(size, "big")


def descriptor(tag: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 8)
    return struct.pack(">QQ", tag, len(body)) + body


def prop(key: bytes, value: bytes) -> bytes:
    return descriptor(0, struct.pack(">QQ", len(key), len(value)) + key + b"\0" + value + b"\0")


def hashtree(
    partition: bytes, size: int, tree: tuple[int, int], blocks: tuple[int, int], salt: bytes, root: bytes,
    *, algorithm: bytes = b"sha256", fec: tuple[int, int, int] = (0, 0, 0),
) -> bytes:  # fmt: skip
    head = struct.pack(">IQQQIIIQQ", 1, size, *tree, *blocks, *fec)
    lengths = struct.pack(">IIII", len(partition), len(salt), len(root), 0)
    return descriptor(1, head + algorithm.ljust(32, b"\0") + lengths + bytes(60) + partition + salt + root)


def hashed(partition: bytes, data: bytes, salt: bytes, *, algorithm: str = "sha256") -> bytes:
    digest = hashlib.new(algorithm, salt + data).digest()
    head = struct.pack(">Q32sIIII", len(data), algorithm.encode(), len(partition), len(salt), len(digest), 0)
    return descriptor(2, head + bytes(60) + partition + salt + digest)


def command_line(text: bytes, flags: int = 0) -> bytes:
    return descriptor(3, struct.pack(">II", flags, len(text)) + text)


def chain(partition: bytes, location: int, key: bytes) -> bytes:
    return descriptor(4, struct.pack(">IIII", location, len(partition), len(key), 0) + bytes(60) + partition + key)


def vbmeta(
    descriptors: Sequence[bytes], algorithm: int = 0, key: Path | None = None, *,
    rollback: int = 0, location: int = 0, flags: int = 0, metadata: bytes = b"",
) -> bytes:  # fmt: skip
    described = b"".join(descriptors)
    public = public_key(key) if key else b""
    auxiliary = described + public + metadata
    auxiliary += bytes(-len(auxiliary) % 64)
    digest_size = hashlib.new(digest_name(algorithm)).digest_size if algorithm else 0
    signature_size = BITS[algorithm] // 8 if algorithm else 0
    authentication_size = digest_size + signature_size
    authentication_size += -authentication_size % 64
    places = (0, digest_size, digest_size, signature_size, len(described), len(public))
    places += (len(described) + len(public), len(metadata), 0, len(described))
    head = struct.pack(">4sIIQQI10Q", b"AVB0", 1, 0, authentication_size, len(auxiliary), algorithm, *places)
    head += struct.pack(">QII48s80x", rollback, flags, location, b"avbtool 1.3.0")
    authentication = b""
    if key is not None:
        name = digest_name(algorithm)
        sign = ["openssl", "dgst", f"-{name}", "-sign", key]
        signature = subprocess.run(sign, input=head + auxiliary, check=True, capture_output=True).stdout
        authentication = hashlib.new(name, head + auxiliary).digest() + signature
    return head + authentication.ljust(authentication_size, b"\0") + auxiliary


def with_footer(data: bytes, image: bytes, size: int) -> bytes:
    """A partition of so many bytes: data, vbmeta from the next block of 4096 bytes on, the footer at the end."""
    start = len(data) + -len(data) % 4096
    footer = struct.pack(">4sIIQQQ28x", b"AVBf", 1, 0, len(data), start, len(image))
    return (data.ljust(start, b"\0") + image).ljust(size - 64, b"\0") + footer
