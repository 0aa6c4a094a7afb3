"""LUKS1 and LUKS2: what the header says of the cipher and of where the encrypted bytes lie.

LUKS1 keeps all in one binary header, numbers big-endian. LUKS2 keeps a binary header with a checksum over itself and
over the JSON text behind it, which names the segments, the key slots with what makes a passphrase costly to guess, and
tokens: how a slot is opened without a person (systemd-tpm2, clevis). `cipher_null` is no encryption. Integrity is
dm-integrity's, with a tag beside each sector.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"LUKS\xba\xbe"
SECTOR = 512

_HEAD_1 = struct.Struct(">6sH32s32s32sII20s32sI40s")
_SLOT_1 = struct.Struct(">II32sII")
_SLOTS_1 = 8
_ENABLED, _DISABLED = 0x00AC71F3, 0x0000DEAD
_KEY_LIMIT = 512

_HEAD_2 = struct.Struct(">6sHQQ48s32s64s40s48sQ184s64s")
_BINARY_2 = 4096
_SIZES_2 = tuple(16 << 10 + step for step in range(9))
"""Bytes of the binary header and its JSON: 16 KiB to 4 MiB."""


SLOTS, TOKENS = 32, 32
"""Those of LUKS2 that are read; cryptsetup makes no more."""
WORD_LIMIT = 64


@dataclass(frozen=True, slots=True)
class KeySlot:
    """`kdf` is pbkdf2, argon2i or argon2id, with the passes over it, and `memory` in KiB for the latter two.
    `key_bits` are those of the key that it holds, 0 where it does not say."""

    number: int
    kdf: str
    iterations: int
    memory: int = 0
    key_bits: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` as who made it says: systemd-tpm2, systemd-fido2, clevis; `slots` are those that it opens."""

    kind: str
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    version: int
    cipher: str
    """As cryptsetup says it: `aes-xts-plain64`."""
    offset: int
    """Where the encrypted bytes begin."""
    size: int | None
    """How many they are; None: all there is."""
    problem: str | None = None
    key_bits: int = 0
    """Of the cipher's key; 0 where no slot says."""
    slots: tuple[KeySlot, ...] = ()
    tokens: tuple[Token, ...] = ()
    integrity: str = ""
    """The algorithm; empty without."""

    @property
    def is_null(self) -> bool:
        """Whether the bytes lie there as they are."""
        return any(name.startswith(("cipher_null", "null-")) for name in self.cipher.split(", "))


def parse(read: Read) -> Header:
    """Raises Malformed when no header is there, or it contradicts itself."""
    head = read(0, _BINARY_2)
    if len(head) < _HEAD_2.size or head[:6] != MAGIC:
        raise Malformed("no LUKS header")
    version = int.from_bytes(head[6:8], "big")
    if version == 1:
        return _first(head)
    if version == 2:
        return _second(read, head)
    raise Malformed(f"LUKS version {version} is not known")


def _first(head: bytes) -> Header:
    if len(head) < _HEAD_1.size + _SLOTS_1 * _SLOT_1.size:
        raise Malformed("a LUKS1 header that is cut off")
    _, _, cipher, mode, digest, payload, key_size, _, _, iterations, uuid = _HEAD_1.unpack_from(head)
    slots = [_SLOT_1.unpack_from(head, _HEAD_1.size + number * _SLOT_1.size) for number in range(_SLOTS_1)]
    holds = (
        all(map(_is_word, (cipher, mode, digest, uuid)))
        and 0 < key_size <= _KEY_LIMIT
        and iterations
        and all(state in (_ENABLED, _DISABLED) and stripes for state, _, _, _, stripes in slots)
    )
    if not holds:
        raise Malformed("a LUKS1 header that contradicts itself")
    used = tuple(
        KeySlot(number, "pbkdf2", passes, key_bits=key_size * 8)
        for number, (state, passes, _, _, _) in enumerate(slots)
        if state == _ENABLED
    )
    cipher_name = f"{_word(cipher)}-{_word(mode)}"
    return Header(1, cipher_name, payload * SECTOR, None, key_bits=key_size * 8, slots=used)


def _second(read: Read, head: bytes) -> Header:
    _, _, size, _, _, algorithm, _, uuid, _, offset, _, checksum = _HEAD_2.unpack_from(head)
    if size not in _SIZES_2 or offset or not _is_word(algorithm) or not _is_word(uuid):
        raise Malformed("a LUKS2 header that contradicts itself")
    whole = read(0, size)
    at = _HEAD_2.size - 64
    name = _word(algorithm)
    if name in ("sha1", "sha256", "sha512"):
        digest = hashlib.new(name, whole[:at] + bytes(64) + whole[at + 64 :], usedforsecurity=False).digest()
        if len(whole) < size or digest != checksum[: len(digest)]:
            return Header(2, "", size, None, "its header's checksum does not hold")
    return _segments(whole[_BINARY_2:].split(b"\0", 1)[0], size)


def _segments(text: bytes, size: int) -> Header:
    try:
        said = json.loads(text)
        segments = said["segments"].values()
        crypt = [one for one in segments if one["type"] == "crypt"]
        ciphers = dict.fromkeys(_plain(str(one["encryption"])) for one in crypt)
        offset = min(int(one["offset"]) for one in crypt)
        ends = [None if one["size"] == "dynamic" else int(one["offset"]) + int(one["size"]) for one in crypt]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return Header(2, "", size, None, "its header names no encrypted segment")
    if offset < 0 or any(end is not None and end < offset for end in ends):
        return Header(2, "", size, None, "its header contradicts itself")
    end = max((end for end in ends if end is not None), default=0)
    slots = tuple(_slots(said.get("keyslots")))
    return Header(
        2,
        ", ".join(ciphers)[:200],
        offset,
        None if None in ends else end - offset,
        key_bits=max((slot.key_bits for slot in slots), default=0),
        slots=slots,
        tokens=tuple(_tokens(said.get("tokens"))),
        integrity=next((name for name in map(_integrity, crypt) if name), ""),
    )


def _slots(said: object) -> Iterator[KeySlot]:
    for number, slot in _numbered(said, SLOTS):
        kdf = slot.get("kdf")
        if isinstance(kdf, dict):
            passes = _count(kdf.get("iterations", kdf.get("time")))
            bits = 8 * min(_count(slot.get("key_size")), _KEY_LIMIT)
            yield KeySlot(number, _named(kdf.get("type")), passes, _count(kdf.get("memory")), bits)


def _tokens(said: object) -> Iterator[Token]:
    for _, token in _numbered(said, TOKENS):
        slots = token.get("keyslots")
        numbers = (_count(one) for one in slots[:SLOTS]) if isinstance(slots, list) else ()
        yield Token(_named(token.get("type")), tuple(numbers))


def _numbered(said: object, limit: int) -> Iterator[tuple[int, dict[str, object]]]:
    """The records of a JSON object whose keys are numbers."""
    for key, value in islice(said.items(), limit) if isinstance(said, dict) else ():
        if isinstance(value, dict):
            yield _count(key), value


def _integrity(segment: dict[str, object]) -> str:
    said = segment.get("integrity")
    return _named(said.get("type")) if isinstance(said, dict) else ""


def _named(said: object) -> str:
    return _plain(said[:WORD_LIMIT]) if isinstance(said, str) else ""


def _count(said: object) -> int:
    """A number that is written as one or as a text; 0 for anything else."""
    if isinstance(said, str):
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else 0
    return said if isinstance(said, int) and 0 <= said < 1 << 63 else 0


def _plain(cipher: str) -> str:
    """What a terminal shows as it is."""
    return cipher if cipher.isprintable() else ascii(cipher)


def _is_word(field: bytes) -> bool:
    """Printable ASCII, zeros behind it."""
    word, _, rest = field.partition(b"\0")
    return bool(word) and word.isascii() and word.decode("ascii", "replace").isprintable() and not rest.strip(b"\0")


def _word(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii", "replace")
