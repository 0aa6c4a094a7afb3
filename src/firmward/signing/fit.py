"""Signatures of FITs, made here: mkimage puts the FIT together, and whoever holds the key signs what U-Boot will read.

mkimage can sign too, and why it does not here was seen with 2023.01: a key that it does not find it passes over, ends
with code 0 and leaves the FIT unsigned; with OpenSSL's engine for PKCS #11 a wrong PIN or a missing key ends it with a
segmentation fault, and of two keys with one label it takes either. A TPM's own keys it does not reach at all. Signed
here, a file's key stays in this process, a token's in the token, and all of them are asked in one way.

The rules this file holds (doc/usage/fit/signature, tools/image-host.c):

- The place for a signature is made when the FIT is put together: its list of nodes, and a value of zeros as long as the
  signature will be. Then nothing moves when it is filled, and what was signed stays signed.
- Signed are the nodes of the configuration, with the hashes of its images, and all names of properties: `fit_regions`.
- PKCS #1 v1.5 by default, not PSS: its signature is the same whenever it is made, so that an image can be built again
  bit by bit; a TPM's key signs so, and U-Boot knows PSS only where CONFIG_FIT_RSASSA_PSS is on; and the known
  forgeries of v1.5 live on lax readers, where U-Boot compares all of the padding.
- What was signed is read again as a boot loader would, with its keys. What does not hold is refused.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from firmward.formats import fdt, fit, fit_check
from firmward.formats.device_tree import Node
from firmward.formats.fit_check import CheckedConfiguration
from firmward.formats.fit_keys import KeyRing
from firmward.formats.fit_regions import regions
from firmward.formats.malformed import Malformed
from firmward.model.errors import TrustError
from firmward.signing.control_tree import algorithm, boot_key
from firmward.signing.public_half import key_id
from firmward.signing.signing_key import PublicKey, Scheme, SigningKey

NODE, HASH = "signature-1", "hash-1"
ROLES = ("kernel", "fdt", "ramdisk")
"""What of a configuration is signed: all that it boots."""


class Padding(StrEnum):
    PKCS1 = "pkcs-1.5"
    PSS = "pss"


SCHEMES = {Padding.PKCS1: Scheme.RSA_PKCS1_SHA256, Padding.PSS: Scheme.RSA_PSS_SHA256}


def refuse_undeclared(key: SigningKey, declared: Sequence[PublicKey]) -> None:
    """Before anything is signed. Raises TrustError for a key that is not what it says it is, and for one that the
    policy does not name where it names any."""
    own = key_id(key.public)
    if key.id != own:
        raise TrustError(f"key {key.id[:16]} has the public half of {own[:16]}: its files were mixed up or changed")
    names = [key_id(one) for one in declared]
    if names and own not in names:
        known = ", ".join(name[:16] for name in names)
        raise TrustError(f"[boot] keys: key {own[:16]} is none of those that the policy names ({known})")


def signature_node(public: PublicKey, configuration: str, images: Sequence[str], padding: Padding) -> Node:
    """The place for a signature of a configuration, which boots these images, each with one hash."""
    key = boot_key(public)
    nodes = ["/", f"/{fit.CONFIGURATIONS}/{configuration}"]
    for name in images:
        nodes += [f"/{fit.IMAGES}/{name}", f"/{fit.IMAGES}/{name}/{HASH}"]
    return Node(
        NODE,
        {
            "algo": strings(algorithm(key)),
            "padding": strings(padding),
            "key-name-hint": strings(key_id(key)),
            "sign-images": strings(*ROLES),
            "hashed-nodes": strings(*nodes),
            "hashed-strings": bytes(8),
            "value": bytes(key.key_size // 8),
        },
    )


def strings(*words: str) -> bytes:
    """A property's value."""
    return b"".join(word.encode() + b"\0" for word in words)


def sign(path: Path, key: SigningKey) -> None:
    """Fill the places for signatures. Raises TrustError for what is no FIT, and when the key signs otherwise than it
    says."""
    with _opened(path, os.O_RDWR) as (file, read):
        try:
            tree = fdt.DeviceTree(read)
            for made in _places(tree):
                _sign(file, read, tree, made, key)
        except Malformed as error:
            raise TrustError(f"{path.name}: is no FIT that could be signed: {error}") from error
        os.fsync(file)


def _places(tree: fdt.DeviceTree) -> Iterator[fdt.Node]:
    holder = tree.node(fit.CONFIGURATIONS)
    for configuration in () if holder is None else holder.children:
        made = configuration.child(NODE)
        if made is not None:
            yield made


def _sign(file: int, read: fdt.Read, tree: fdt.DeviceTree, made: fdt.Node, key: SigningKey) -> None:
    strings_at, value_at = made.property("hashed-strings"), made.property("value")
    if strings_at is None or value_at is None:
        raise TrustError(f"{made.name}: has no place for a signature")
    size = tree.header.strings_size
    os.pwrite(file, size.to_bytes(8, "big"), strings_at.offset)
    spans = regions(read, tree.header, tree.texts(made, "hashed-nodes"), size)
    message = b"".join(read(start, end - start) for start, end in spans)
    scheme = SCHEMES[Padding(tree.text(made, "padding") or Padding.PKCS1)]
    value = key.sign(message, scheme)
    if len(value) != value_at.size:
        raise TrustError(f"key {key.id[:16]} made a signature of {len(value)} bytes where {value_at.size} were awaited")
    os.pwrite(file, value, value_at.offset)


def verify(path: Path, keys: KeyRing) -> None:
    """Read it as a boot loader with these keys would. Raises TrustError for what such a one would refuse, or would take
    without cover."""
    with _opened(path, os.O_RDONLY) as (file, read):
        try:
            found = fit_check.check(read, os.fstat(file).st_size, keys)
        except Malformed as error:
            raise TrustError(f"{path.name}: is no FIT any more: {error}") from error
    for problem in found.fit.problems:
        raise TrustError(f"{path.name}: {problem.path}: {problem.message}")
    if not found.configurations:
        raise TrustError(f"{path.name}: has no configuration to boot")
    for one in found.configurations:
        fault = _fault(one)
        if fault is not None:
            raise TrustError(f"{path.name}: {one.configuration.name}: {fault}")


def _fault(one: CheckedConfiguration) -> str | None:
    states = ", ".join(made.state for made in one.signatures) or "no signature"
    if not one.accepted or not one.accepted_anew:
        return f"a boot loader with the required keys refuses it ({states})"
    for left in one.uncovered:
        return f"{left.role} {left.path} is not covered: {left.why}"
    return next((f"its signature is weak: {made.weak}" for made in one.signatures if made.weak), None)


@contextmanager
def _opened(path: Path, how: int) -> Iterator[tuple[int, fdt.Read]]:
    file = os.open(path, how | os.O_CLOEXEC)
    try:
        yield file, lambda offset, length: os.pread(file, length, offset)
    finally:
        os.close(file)
