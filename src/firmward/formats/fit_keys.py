"""The keys that a boot loader holds for FITs: the node `signature` of its control device tree (U-Boot's
doc/usage/fit/signature), as mkimage writes it with -K and -r.

The rules this file holds:

- Each child is one key, named `key-` and what signatures call `key-name-hint`. `required` is `conf` or `image`: every
  configuration that boots, or every image, must be signed with it. Without it nothing has to be signed with a key.
- With `required-mode` of `any` one of the required keys is enough; else it takes all.
- RSA: `rsa,modulus` and `rsa,exponent`, 65537 where it is missing, `rsa,num-bits`. ECDSA: `ecdsa,curve` by OpenSSL's
  name, `ecdsa,x-point`, `ecdsa,y-point`.
- `algo` binds an RSA key to one algorithm: a signature that names another is not checked with it.
"""

from dataclasses import dataclass

from firmward.formats import signature
from firmward.formats.device_tree import Node, Tree
from firmward.formats.fit import Signature
from firmward.formats.verification_key import PointKey, PublicKey, RsaKey

SIGNATURE = "signature"
PREFIX = "key-"
PSS = "pss"
CURVES = {"prime256v1": "P-256", "secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
USUAL_EXPONENT = 65537
NUMBER_LIMIT = 1024
"""Bytes of a modulus: 8192 bits, twice what U-Boot takes."""


@dataclass(frozen=True, slots=True)
class Key:
    """`public` is None when the tree's numbers make no key; `required` is None for a key that nothing must bear."""

    name: str
    algorithm: str | None
    required: str | None
    public: PublicKey | None

    def fits(self, made: Signature) -> bool:
        """Whether a loader would check the signature with this key at all."""
        kind = scheme(made)
        same = self.algorithm in (None, made.algorithm) or kind is PointKey
        return kind is not None and isinstance(self.public, kind) and same

    def verifies(self, made: Signature, digest: bytes) -> bool:
        """Raises Malformed when the algorithm is not known."""
        public, value = self.public, made.value
        if isinstance(public, RsaKey):
            verify = signature.verify_rsa_pss if made.padding == PSS else signature.verify_rsa_pkcs1
            return verify(public.modulus, public.exponent, made.digest_name, digest, value)
        half = len(value) // 2
        if public is None or len(value) != 2 * ((public.bits + 7) // 8):
            return False
        r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
        return signature.verify_ecdsa(public.curve, public.x, public.y, digest, r, s)

    def made(self, made: Signature) -> bool:
        """Whether the signature was seen to be made with this key, whatever over: an ECDSA one never is. Raises
        Malformed when the algorithm is not known."""
        public = self.public
        if not isinstance(public, RsaKey):
            return False
        if made.padding == PSS:
            return signature.is_pss_of(public.modulus, public.exponent, made.digest_name, made.value)
        return signature.signed_by_pkcs1(public.modulus, public.exponent, made.digest_name, made.value) is not None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """`any_is_enough` says that one required key stands for all."""

    keys: tuple[Key, ...] = ()
    any_is_enough: bool = False

    def required(self, what: str) -> tuple[Key, ...]:
        """The keys that all of `conf` or `image` must be signed with."""
        return tuple(key for key in self.keys if key.required == what)


def scheme(made: Signature) -> type[RsaKey] | type[PointKey] | None:
    """The kind of key that a signature is made with; None for one that is not known."""
    if made.scheme.startswith("rsa"):
        return RsaKey
    return PointKey if made.scheme.startswith(("ecdsa", "secp")) else None


def given(*keys: PublicKey) -> KeyRing:
    """Keys that somebody names by hand: every configuration must be signed with one of them."""
    named = (Key(f"given-{number}", None, "conf", key) for number, key in enumerate(keys, 1))
    return KeyRing(tuple(named), any_is_enough=True)


def of_control_tree(tree: Tree) -> KeyRing | None:
    """None when the tree has no node for keys."""
    holder = next((one for one in tree.root.children if one.name == SIGNATURE), None)
    if holder is None:
        return None
    keys = tuple(_key(node) for node in holder.children)
    return KeyRing(keys, holder.text("required-mode") == "any")


def _key(node: Node) -> Key:
    name = node.text("key-name-hint") or node.name.removeprefix(PREFIX)
    return Key(name, node.text("algo"), node.text("required"), _rsa(node) or _point(node))


def _rsa(node: Node) -> RsaKey | None:
    modulus = node.properties.get("rsa,modulus", b"")
    exponent = node.number("rsa,exponent") if "rsa,exponent" in node.properties else USUAL_EXPONENT
    if not 0 < len(modulus) <= NUMBER_LIMIT or exponent is None:
        return None
    key = RsaKey(int.from_bytes(modulus, "big"), exponent)
    return key if key.bits == (node.number("rsa,num-bits") or 0) else None


def _point(node: Node) -> PointKey | None:
    curve = CURVES.get(node.text("ecdsa,curve") or "")
    x, y = (node.properties.get(f"ecdsa,{axis}-point", b"") for axis in "xy")
    if curve is None or not 0 < max(len(x), len(y)) <= 66:
        return None
    return PointKey(curve, int.from_bytes(x, "big"), int.from_bytes(y, "big"))
