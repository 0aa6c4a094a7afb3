"""Device trees inside a U-Boot binary, and what they tell the boot loader itself: keys, `/config`.

The control tree of a U-Boot lies behind its code (`u-boot-dtb.bin`), within it, in a FIT beside it, or is handed over
by what ran before. Its own nodes are:

- `/signature`: the public keys for FITs, one node each; `required` ("conf" or "image") says that nothing boots without
  that key, and `required-mode` whether any of the required keys is enough (doc/usage/fit/signature.rst).
- `/config`: values that win over the environment: `bootcmd`, `bootdelay`, `load-environment`, `bootsecure`
  (doc/develop/devicetree/control.rst, doc/device-tree-bindings/config.txt).

The rules this file holds: every tree that can be read is told, for which nothing says which one the code will take; a
FIT is no tree but what lies in it may be.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmward.formats.fdt import HEADER_SIZE, MAGIC, DeviceTree, Node, Read, parse_header
from firmward.formats.malformed import Malformed

TREES = 128
"""Trees of one binary; those of vendors hold some dozens for their boards."""
KEYS = 64
VALUES = 64
"""Properties of `/config`."""
TEXT_LIMIT = 4096
"""Bytes of a value of `/config` that is told."""

_EARLY = ("u-boot,", "bootph-")
"""Beginnings of properties that only a boot loader looks for."""
_WORD = struct.Struct(">i")


@dataclass(frozen=True, slots=True)
class Key:
    """A public key of `/signature`. `required` is "conf", "image" or None; `bits` None where the key does not say."""

    name: str
    hint: str | None
    algorithm: str | None
    required: str | None
    bits: int | None


@dataclass(frozen=True, slots=True)
class ControlTree:
    """One tree; `offset` and `size` in bytes.

    `keys` is None without a `/signature` node. `config` has the values of `/config`: text, a signed number of 32 bits,
    or True for a property without a value; None without that node. `early` says whether the tree has properties that
    only a boot loader looks for, so that it is no tree for a kernel.
    """

    offset: int
    size: int
    model: str | None
    keys: tuple[Key, ...] | None
    required_mode: str | None
    config: Mapping[str, str | int | bool] | None
    early: bool

    @property
    def boot_delay(self) -> int | None:
        """Seconds; None when the tree does not say."""
        value = None if self.config is None else self.config.get("bootdelay")
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def find(data: bytes) -> tuple[ControlTree, ...]:
    """The trees in a binary, in the order in which they stand."""
    return tuple(_found(data))


def _found(data: bytes) -> Iterator[ControlTree]:
    place, count = data.find(MAGIC), 0
    effort = 2 * len(data) + (
        1 << 16
    )  # bytes of structure and names that are read, so that trees over trees end in time
    while place >= 0 and count < TREES and effort > 0:
        behind = place + 4
        try:
            header = parse_header(data[place : place + HEADER_SIZE])
            if place + header.total <= len(data):
                effort -= header.structure_size + header.strings_size
                tree = DeviceTree(_reader(data, place, header.total))
                if tree.root.child("images") is None:
                    yield _control(tree, place)
                    count += 1
                    behind = place + header.total
                else:
                    behind = place + min(header.structure, header.total)
        except Malformed:
            effort -= HEADER_SIZE
        place = data.find(MAGIC, behind)


def _reader(data: bytes, start: int, size: int) -> Read:
    """The bytes of one tree by offset."""

    def read(offset: int, length: int) -> bytes:
        end = min(offset + length, size)
        return data[start + offset : start + end] if 0 <= offset < end else b""

    return read


def _control(tree: DeviceTree, place: int) -> ControlTree:
    signature = tree.root.child("signature")
    config = tree.root.child("config")
    return ControlTree(
        place,
        tree.header.total,
        tree.text(tree.root, "model"),
        None if signature is None else tuple(_key(tree, node) for node in signature.children[:KEYS]),
        None if signature is None else tree.text(signature, "required-mode"),
        None if config is None else MappingProxyType(_config(tree, config)),
        _is_early(tree.root),
    )


def _key(tree: DeviceTree, node: Node) -> Key:
    hint, algorithm, required = (tree.text(node, name) for name in ("key-name-hint", "algo", "required"))
    return Key(node.name, hint, algorithm, required, tree.number(node, "rsa,num-bits"))


def _config(tree: DeviceTree, node: Node) -> dict[str, str | int | bool]:
    """The values; one of four bytes is a number, as U-Boot reads it, unless it is text."""
    values: dict[str, str | int | bool] = {}
    for found in node.properties[:VALUES]:
        raw = tree.value(found) if found.size <= TEXT_LIMIT else b""
        if not found.size:
            values[found.name] = True
        elif len(raw) == 4 and not _is_text(raw):
            values[found.name] = _WORD.unpack(raw)[0]
        else:
            values[found.name] = raw.partition(b"\0")[0].decode("utf-8", "replace")
    return values


def _is_text(raw: bytes) -> bool:
    text, mark, rest = raw.partition(b"\0")
    return bool(text and mark and not rest) and text.isascii() and text.decode("ascii").isprintable()


def _is_early(root: Node) -> bool:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if any(one.name.startswith(_EARLY) for one in node.properties):
            return True
        waiting += node.children
    return False
