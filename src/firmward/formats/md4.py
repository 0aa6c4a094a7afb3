"""MD4 (RFC 1320), of which Windows' NT hash is made; hashlib lacks it where OpenSSL keeps it in its legacy provider."""

import struct

_MASK = 0xFFFFFFFF
_ROUNDS = (
    (0x00000000, tuple(range(16)), (3, 7, 11, 19)),
    (0x5A827999, (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
    (0x6ED9EBA1, (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)),
)
"""What is added, the order of the words, and how far is turned, in each of the three rounds."""


def md4(data: bytes) -> bytes:
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    state = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
    for start in range(0, len(padded), 64):
        state = _block(state, struct.unpack_from("<16I", padded, start))
    return struct.pack("<4I", *state)


def nt_hash(password: str) -> bytes:
    """What Samba and Windows keep of a password, without a salt."""
    return md4(password.encode("utf-16-le", "surrogatepass"))


def _block(state: tuple[int, int, int, int], words: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = state
    for number, (added, order, turns) in enumerate(_ROUNDS):
        for step, index in enumerate(order):
            mixed = (a + _mixed(number, b, c, d) + words[index] + added) & _MASK
            turn = turns[step % 4]
            a, b, c, d = d, ((mixed << turn) | (mixed >> (32 - turn))) & _MASK, b, c
    return (state[0] + a) & _MASK, (state[1] + b) & _MASK, (state[2] + c) & _MASK, (state[3] + d) & _MASK


def _mixed(number: int, b: int, c: int, d: int) -> int:
    if number == 0:
        return (b & c) | (~b & d)
    return (b & c) | (b & d) | (c & d) if number == 1 else b ^ c ^ d
