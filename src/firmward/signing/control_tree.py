"""A boot loader's control tree with the keys that it requires: as mkimage writes them with -K and -r, for all keys.

The rules this file holds (U-Boot's doc/usage/fit/signature, lib/rsa/rsa-sign.c):

- The node `signature` is made anew, so that a key that was there before is not required, nor even known, any more.
- Every key is required for configurations, and with `required-mode` of `any` one of them is enough: what boots is
  signed with the active key, and a spare one stands in every device for the day on which that is stolen.
- U-Boot computes with the modulus alone: -1/n modulo 2^32 and R² modulo n are written beside it.
- mkimage can put in no key of which it has not the private half, so that it is not asked.
"""

from collections.abc import Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from firmward.formats import device_tree, fdt_writer
from firmward.formats.device_tree import Node, Tree
from firmward.formats.fit_keys import PREFIX, SIGNATURE, KeyRing, of_control_tree
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.signing.public_half import key_id
from firmward.signing.signing_key import PublicKey

BITS = (2048, 3072, 4096)
"""Sizes of RSA keys that U-Boot verifies with."""
ROOM = 4096
"""Bytes that U-Boot, or the emulator that hands it the tree, may add."""


def boot_key(public: PublicKey) -> RSAPublicKey:
    """The same key, when a boot loader can verify with it. Raises InputError."""
    if not isinstance(public, RSAPublicKey) or public.key_size not in BITS:
        sizes = ", ".join(map(str, BITS))
        raise InputError(f"key {key_id(public)[:16]}: U-Boot verifies with RSA of {sizes} bits alone; make such a key")
    return public


def algorithm(public: RSAPublicKey) -> str:
    """As FITs and control trees call it."""
    return f"sha256,rsa{public.key_size}"


def ring(keys: Sequence[RSAPublicKey]) -> KeyRing:
    """What a boot loader knows that requires these keys."""
    return of_control_tree(_with_keys(Tree(Node("")), keys)) or KeyRing()


def with_keys(data: bytes, keys: Sequence[RSAPublicKey]) -> bytes:
    """The tree with these keys and no other. Raises InputError for what is no device tree."""
    try:
        tree = device_tree.parse(data)
    except Malformed as error:
        raise InputError(f"the boot loader's control tree is no flattened device tree: {error}") from error
    return fdt_writer.write(_with_keys(tree, keys), processor=fdt_writer.processor_of(data), room=ROOM)


def _with_keys(tree: Tree, keys: Sequence[RSAPublicKey]) -> Tree:
    nodes = {key_id(key): _node(key) for key in keys}  # a spare that is the active key too is there once
    holder = Node(SIGNATURE, {"required-mode": b"any\0"}, tuple(nodes.values()))
    others = tuple(one for one in tree.root.children if one.name != SIGNATURE)
    return replace(tree, root=replace(tree.root, children=(*others, holder)))


def _node(key: RSAPublicKey) -> Node:
    numbers, bits = key.public_numbers(), key.key_size
    modulus = numbers.n
    name = key_id(key)
    return Node(
        PREFIX + name,
        {
            "required": b"conf\0",
            "algo": algorithm(key).encode() + b"\0",
            "rsa,r-squared": pow(2, 2 * bits, modulus).to_bytes(bits // 8, "big"),
            "rsa,modulus": modulus.to_bytes(bits // 8, "big"),
            "rsa,exponent": numbers.e.to_bytes(8, "big"),
            "rsa,n0-inverse": (-pow(modulus, -1, 1 << 32) % (1 << 32)).to_bytes(4, "big"),
            "rsa,num-bits": bits.to_bytes(4, "big"),
            "key-name-hint": name.encode() + b"\0",
        },
    )
