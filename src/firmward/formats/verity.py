"""dm-verity: superblock, table and hash tree (Linux's admin-guide/device-mapper/verity, cryptsetup's on-disk format).

Every data block has a digest in the lowest level of the tree, every hash block one in the level above, and the digest
of the single block at the top is the root hash. Levels are stored top first. In format 1 the salt goes before the block
and digests stand at a power of two apart; in format 0 (Chrome OS) the salt goes behind and digests are packed. Numbers
in the superblock are little endian. Nothing in the superblock or the tree says which root hash is right.
"""

import hashlib
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MAGIC = b"verity\0\0"
SUPERBLOCK_SIZE = 512
BLOCK_SIZES = frozenset(1 << power for power in range(9, 20))
"""Bytes: 512 to 512 KiB; a kernel takes at most a page."""
BLOCKS_LIMIT = 1 << 40
DIGESTS = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64, "sha3-256": 32, "sha3-512": 64}
"""Bytes by the kernel's name of the algorithm."""
WEAK = frozenset(("sha1", "md5"))
PIECE = 1 << 20

_SUPERBLOCK = struct.Struct("<8sII16s32sIIQH6x256s")
_HEX = re.compile(r"[0-9a-fA-F]*")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a tree is made of. Sizes in bytes, `data_blocks` a number of blocks; `salt` goes into every digest."""

    format: int
    algorithm: str
    data_block: int
    hash_block: int
    data_blocks: int
    salt: bytes

    @property
    def digest_size(self) -> int:
        return DIGESTS[self.algorithm]

    @property
    def fan_out_bits(self) -> int:
        return (self.hash_block // self.digest_size).bit_length() - 1

    @property
    def stride(self) -> int:
        """Bytes from one digest to the next in a hash block."""
        return self.hash_block >> self.fan_out_bits if self.format == 1 else self.digest_size

    @property
    def levels(self) -> tuple[int, ...]:
        """Hash blocks of each level, the lowest first."""
        found = []
        blocks = self.data_blocks
        while blocks > 1:
            blocks = -(-blocks >> self.fan_out_bits)
            found.append(blocks)
        return tuple(found)

    @property
    def tree_size(self) -> int:
        return sum(self.levels) * self.hash_block

    @property
    def data_size(self) -> int:
        return self.data_blocks * self.data_block

    def digest(self, block: bytes) -> bytes:
        return self._salted(self._started(), block)

    def _started(self) -> "hashlib._Hash":
        name = self.algorithm.replace("-", "_")
        return hashlib.new(name, self.salt if self.format == 1 else b"", usedforsecurity=False)

    def _salted(self, started: "hashlib._Hash", block: bytes) -> bytes:
        state = started.copy()
        state.update(block)
        if self.format == 0:
            state.update(self.salt)
        return state.digest()

    def digests(self, piece: bytes, block: int) -> tuple[bytes, ...]:
        """The digests of the blocks of a piece."""
        started = self._started()
        return tuple(self._salted(started, piece[at : at + block]) for at in range(0, len(piece), block))


@dataclass(frozen=True, slots=True)
class Correction:
    """Forward error correction: `roots` bytes of each 255 correct errors. `blocks` and `start` in data blocks."""

    device: str
    roots: int
    blocks: int
    start: int


@dataclass(frozen=True, slots=True)
class Table:
    """A target of device mapper: `verity 1 DATA HASH …`. `hash_start` is in hash blocks."""

    shape: Shape
    data_device: str
    hash_device: str
    hash_start: int
    root_hash: str
    options: tuple[str, ...] = ()

    @property
    def correction(self) -> Correction | None:
        device = self._value("use_fec_from_device")
        if not device:
            return None
        return Correction(device, *(_number(self._value(f"fec_{name}")) for name in ("roots", "blocks", "start")))

    @property
    def signature_key(self) -> str:
        """What names the root hash's signature (PKCS#7) in the kernel's keyring; empty where none is asked for."""
        return self._value("root_hash_sig_key_desc")

    def _value(self, name: str) -> str:
        at = self.options.index(name) + 1 if name in self.options else len(self.options)
        return self.options[at] if at < len(self.options) else ""


def parse_superblock(head: bytes) -> Shape:
    """Raises Malformed for what no kernel would take."""
    if len(head) < SUPERBLOCK_SIZE or head[:8] != MAGIC:
        raise Malformed("no superblock of dm-verity")
    _, version, kind, _, name, data_block, hash_block, blocks, salt_size, salt = _SUPERBLOCK.unpack_from(head)
    if version != 1 or salt_size > len(salt):
        raise Malformed(f"version {version} of the superblock is not known")
    algorithm = name.partition(b"\0")[0].decode("ascii", "replace")
    return shape(kind, algorithm, data_block, hash_block, blocks, salt[:salt_size])


def parse_table(text: str) -> Table:
    """The words of a table behind `verity`. Raises Malformed."""
    words = text.split()
    if len(words) < 10 or not all(word.isascii() and word.isdecimal() for word in (words[0], *words[3:7])):
        raise Malformed("no table of dm-verity")
    salt = "" if words[9] == "-" else words[9]
    if not _HEX.fullmatch(salt) or not _HEX.fullmatch(words[8]) or len(salt) % 2 or max(map(len, words[3:7])) > 18:
        raise Malformed("a digest or salt that is no hexadecimal number")
    made = shape(int(words[0]), words[7], int(words[3]), int(words[4]), int(words[5]), bytes.fromhex(salt))
    return Table(made, words[1], words[2], int(words[6]), words[8].lower(), tuple(words[11:]))


# "option of veritysetup": its default
SETTINGS = {
    "--format": "1",
    "--hash": "sha256",
    "--data-block-size": "4096",
    "--hash-block-size": "4096",
    "--data-blocks": "0",
    "--hash-offset": "0",
    "--salt": "-",
    "--fec-device": "",
    "--fec-offset": "0",
    "--fec-roots": "2",
    "--root-hash-signature": "",
}
_SHORT = {"-h": "--hash", "-s": "--salt"}


def parse_command(words: Sequence[str]) -> Table:
    """A tree without a superblock as `veritysetup open DATA NAME TREE HASH --no-superblock …` describes it, as the
    table that it makes. Raises Malformed when the command leaves it open: with a superblock, without data blocks."""
    operands, values = _taken_apart(words)
    match operands:
        case ["open", data, _, tree, root_hash, *_] | ["create", _, data, tree, root_hash, *_]:
            pass
        case ["verify", data, tree, root_hash, *_]:
            pass
        case _:
            raise Malformed("no command of veritysetup that opens or verifies a tree")
    if "--no-superblock" not in values:
        raise Malformed("the superblock says what the tree is made of, not the command")
    hash_block, offset = _number(values["--hash-block-size"]), _number(values["--hash-offset"])
    if not hash_block or offset % hash_block:
        raise Malformed(f"a tree at {values['--hash-offset'][:32]}, which is no whole block")
    numbers = [values[name] for name in ("--data-block-size", "--hash-block-size", "--data-blocks")]
    parts = (
        values["--format"], data, tree, *numbers, str(offset // hash_block), values["--hash"], root_hash,
        values["--salt"] or "-", *_optional(values),
    )  # fmt: skip
    if any(len(part.split()) != 1 for part in parts):
        raise Malformed("a word of the command that is empty, or several")
    return parse_table(" ".join(parts))


def _taken_apart(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The operands of a command, and its options over their defaults."""
    operands, values = [], dict(SETTINGS)
    left = list(words)[::-1]
    while left:
        name, equals, value = left.pop().partition("=")
        name = _SHORT.get(name, name)
        if name in SETTINGS:
            values[name] = value if equals or not left else left.pop()
        elif name.startswith("--"):
            values[name] = value
        else:
            operands.append(name + equals + value)
    return operands, values


def _optional(values: dict[str, str]) -> list[str]:
    options = []
    if values["--fec-device"]:
        block = _number(values["--data-block-size"]) or 1
        start = str(_number(values["--fec-offset"]) // block)
        options += ["use_fec_from_device", values["--fec-device"], "fec_roots", values["--fec-roots"]]
        options += ["fec_start", start]
    if values["--root-hash-signature"]:
        options += ["root_hash_sig_key_desc", values["--root-hash-signature"]]
    options += [
        f"{name}_corruption"
        for name in ("ignore", "restart_on", "panic_on")
        if f"--{name.replace('_', '-')}-corruption" in values
    ]
    return [str(len(options)), *options] if options else []


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 19 else 0


def shape(kind: int, algorithm: str, data_block: int, hash_block: int, blocks: int, salt: bytes) -> Shape:
    """What a tree without a superblock is said to be made of. Raises Malformed for what no kernel would take."""
    if kind not in (0, 1) or algorithm not in DIGESTS:
        raise Malformed(f"format {kind} with {algorithm[:32]!r} is not known")
    if data_block not in BLOCK_SIZES or hash_block not in BLOCK_SIZES or not 0 < blocks <= BLOCKS_LIMIT:
        raise Malformed("block sizes or a number of blocks that cannot be")
    return Shape(kind, algorithm, data_block, hash_block, blocks, salt)


@dataclass(frozen=True, slots=True)
class Computed:
    """`root_hash` in hexadecimal; `differs` says in words where data or tree are not what the level above says."""

    root_hash: str
    differs: str | None = None


def compute(shape: Shape, data: Read, tree: Read) -> Computed:
    """Compare all data with the tree and the tree with itself. `tree` counts from the first hash block, `data` from the
    first data block. Raises Malformed when bytes are missing."""
    levels = shape.levels
    if not levels:
        return Computed(shape.digest(_exactly(data, 0, shape.data_block)).hex())
    starts = [sum(levels[level + 1 :]) * shape.hash_block for level in range(len(levels))]
    differs = _compare(shape, data, shape.data_block, shape.data_blocks, tree, starts[0], "data block")
    for level in range(1, len(levels)):
        if differs is None:
            below = _from(tree, starts[level - 1])
            differs = _compare(shape, below, shape.hash_block, levels[level - 1], tree, starts[level], "hash block")
    return Computed(shape.digest(_exactly(tree, 0, shape.hash_block)).hex(), differs)


def covers_start(shape: Shape, data: Read, tree: Read) -> bool:
    """Whether the tree was made for data that begin like these."""
    levels = shape.levels
    if not levels:
        return False
    stored = tree(sum(levels[1:]) * shape.hash_block, shape.digest_size)
    return len(stored) == shape.digest_size and stored == shape.digest(data(0, shape.data_block))


def _from(read: Read, start: int) -> Read:
    return lambda offset, length: read(start + offset, length)


def _compare(shape: Shape, read: Read, block: int, count: int, tree: Read, start: int, what: str) -> str | None:
    """Where the first block lies that is not what its digest in the tree says."""
    each = 1 << shape.fan_out_bits
    step = max(1, PIECE // block // each) * each
    for first in range(0, count, step):
        number = min(step, count - first)
        blocks = -(-number // each)
        stored = _exactly(tree, start + first // each * shape.hash_block, blocks * shape.hash_block)
        found = shape.digests(_exactly(read, first * block, number * block), block)
        for place, digest in enumerate(found):
            at = place // each * shape.hash_block + place % each * shape.stride
            if stored[at : at + shape.digest_size] != digest:
                return f"{what} {first + place}, {(first + place) * block} bytes in"
    return None


def _exactly(read: Read, offset: int, length: int) -> bytes:
    found = read(offset, length)
    if len(found) != length:
        raise Malformed("cut off: data or hash blocks are missing")
    return found
