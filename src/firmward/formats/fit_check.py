"""Whether the hashes and signatures of a FIT hold, and what each signature covers.

The rules this file holds (U-Boot's doc/usage/fit/signature; what its boot code does, not what it prints):

- A hash is over the bytes of its image. A signature of an image is too, so that any signed image may stand beside any
  other: only a signature of a configuration ties them, by the nodes of the images with their hashes.
- What a configuration's signature covers is the list `hashed-nodes` beside it. Many loaders believe the list, newer
  ones make their own from what the configuration boots. A signature that holds by the second alone is told, and so
  is one whose list leaves out the configuration itself: that of another would do.
- What a configuration boots is covered when the image's own node and one of its hashes are, and this hash is strong.
- Of RSA one can see whether a signature that does not hold was made with the key over something else.
- The work is bounded: what is hashed, walked and tried with keys in all. What comes behind that is unknown.
"""

import hashlib
import zlib
from binascii import crc_hqx
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Protocol

from firmward.formats import fit, signature
from firmward.formats.fdt import DeviceTree, Read
from firmward.formats.fit import CONFIGURATIONS, IMAGES, Configuration, Fault, Fit, Hash, Image, Place, Signature
from firmward.formats.fit_keys import Key, KeyRing, scheme
from firmward.formats.fit_regions import regions
from firmward.formats.malformed import Malformed
from firmward.formats.verification_key import RsaKey

WEAK_DIGESTS = frozenset(("crc16-ccitt", "crc32", "md5", "sha1"))
STRONG_DIGESTS = frozenset(("sha256", "sha384", "sha512"))
RSA_BITS = 2048
"""Moduli below it are weak."""
TOKENS_LIMIT = 2_000_000
"""Tokens that are walked to find what signatures are over, in all."""
VERIFICATIONS_LIMIT = 512
"""Times that a key is tried on a signature; on the largest curve one takes 30 ms."""
HASHED_TIMES, HASHED_MORE = 8, 64 << 20
"""Bytes that are hashed in all: so many times the file, and so many more."""
NODES_LIMIT = 1_000_000
"""Images that are gone through, in all, for what signatures are over or leave out."""
PIECE = 1 << 20


_Contents = Callable[[], tuple[tuple[int, int], ...]]
"""Spans of bytes, worked out when they are asked for."""
_Names = tuple[str, ...]


class HashState(StrEnum):
    MATCHES = "matches"
    DIFFERS = "differs"
    IGNORED = "ignored"
    """The loader is told not to look at it."""
    ABSENT = "absent"
    """It has no value, or there are no bytes that it could be of."""
    UNKNOWN = "unknown"
    """Its algorithm is not known, or too much would have to be hashed."""


class SignatureState(StrEnum):
    VERIFIED = "verified"
    CHANGED = "changed"
    """Made with one of the keys, over other contents."""
    LIST_CHANGED = "list-changed"
    """It holds for what the configuration boots, but the list beside it names other nodes."""
    ELSEWHERE = "elsewhere"
    """It holds, for nodes among which the configuration that bears it is not."""
    INVALID = "invalid"
    """None of the keys verifies it, among them the one that it names."""
    FOREIGN = "foreign"
    """None of the keys verifies it, and the one that it names is not among them."""
    EMPTY = "empty"
    """A place for a signature that nobody filled."""
    NO_KEY = "no-key"
    """There is no key that it could be checked with."""
    UNKNOWN = "unknown"
    """Its algorithm is not known, what it says it is over is not there, or it was one too many."""


@dataclass(frozen=True, slots=True)
class CheckedHash:
    hash: Hash
    state: HashState

    @property
    def is_weak(self) -> bool:
        return self.hash.algorithm in WEAK_DIGESTS


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """`keys` are the names of those that verify it, `keys_anew` of those that verify it when a configuration's list of
    nodes is made anew; `weak` says in words why it should not count, None when it may."""

    signature: Signature
    state: SignatureState
    keys: tuple[str, ...] = ()
    keys_anew: tuple[str, ...] = ()
    weak: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedImage:
    image: Image
    hashes: tuple[CheckedHash, ...]
    signatures: tuple[CheckedSignature, ...]

    @property
    def is_signed(self) -> bool:
        """By itself, by a signature that may be good or bad."""
        return any(one.state is not SignatureState.EMPTY for one in self.signatures)

    @property
    def differs(self) -> bool:
        return any(one.state is HashState.DIFFERS for one in self.hashes)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """`path` is a node that a signature leaves out, `role` what it boots as (or `names`, for those of properties)."""

    role: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class CheckedConfiguration:
    """`uncovered` is what every filled signature of it leaves out, at least the best of them; empty when there is no
    signature at all. `accepted` is whether a loader with these keys that believes `hashed-nodes` boots it (U-Boot's
    until 2026), `accepted_anew` whether one does that makes its own list; None when the keys are not known."""

    configuration: Configuration
    signatures: tuple[CheckedSignature, ...]
    uncovered: tuple[Uncovered, ...]
    accepted: bool | None
    accepted_anew: bool | None

    @property
    def is_signed(self) -> bool:
        """By a signature that may be good or bad."""
        return any(one.state is not SignatureState.EMPTY for one in self.signatures)

    @property
    def is_verified(self) -> bool:
        return any(one.state is SignatureState.VERIFIED for one in self.signatures)


@dataclass(frozen=True, slots=True)
class CheckedFit:
    fit: Fit
    images: tuple[CheckedImage, ...]
    configurations: tuple[CheckedConfiguration, ...]

    @property
    def default(self) -> CheckedConfiguration | None:
        """What boots when nothing else is asked for."""
        return self.configuration(self.fit.default)

    def configuration(self, name: str | None) -> CheckedConfiguration | None:
        return next((one for one in self.configurations if one.configuration.name == name), None)

    def image(self, name: str) -> CheckedImage | None:
        return next((one for one in self.images if one.image.name == name), None)

    @property
    def is_mixable(self) -> bool:
        """Images are signed one by one, and what boots by default is not: they can be put together anew."""
        default = self.default
        return default is not None and not default.is_signed and any(one.is_signed for one in self.images)


def check(read: Read, size: int, keys: KeyRing | None = None) -> CheckedFit:
    """Check the FIT that a file of `size` bytes begins with. Raises Malformed for what is no FIT."""
    tree = DeviceTree(read)
    found = fit.describe(tree, size)
    work = _Work(read, size, tree, found, keys)
    images = tuple(work.image(one) for one in found.images)
    configurations = tuple(work.configuration(one, images) for one in found.configurations)
    return CheckedFit(found, images, configurations)


class _Digest(Protocol):
    def update(self, data: bytes, /) -> object: ...

    def digest(self) -> bytes: ...


class _Crc:
    """Check sums in the form of digests."""

    def __init__(self, function: Callable[[bytes, int], int], size: int) -> None:
        self._function, self._size, self._value = function, size, 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def _digest(name: str) -> _Digest | None:
    if name == "crc32":
        return _Crc(zlib.crc32, 4)
    if name == "crc16-ccitt":
        return _Crc(crc_hqx, 2)
    return hashlib.new(name, usedforsecurity=False) if name in signature.DIGEST_SIZES and "-" not in name else None


class _Work:
    """One pass over a FIT, with what it may cost."""

    def __init__(self, read: Read, size: int, tree: DeviceTree, found: Fit, keys: KeyRing | None) -> None:
        self._read, self._size, self._tree, self._fit = read, size, tree, found
        self._keys = keys or KeyRing()
        self._knows_keys = keys is not None
        self._hashable = HASHED_TIMES * size + HASHED_MORE
        self._verifications = VERIFICATIONS_LIMIT
        self._walks = TOKENS_LIMIT // _tokens(tree)
        self._nodes_left = NODES_LIMIT
        self._spans: dict[tuple[frozenset[str], int | None], tuple[tuple[int, int], ...]] = {}
        self._known: dict[tuple[str, tuple[tuple[int, int], ...]], bytes | None] = {}
        self._by_name = {one.name: one for one in reversed(found.images)}  # the first of a name counts

    def image(self, image: Image) -> CheckedImage:
        hashes = tuple(CheckedHash(one, self._hash_state(image, one)) for one in image.hashes)
        data = () if image.place is None else self._within(image.place)
        signatures = tuple(self._signature(one, [lambda: data]) for one in image.signatures)
        return CheckedImage(image, hashes, signatures)

    def configuration(self, one: Configuration, images: Iterable[CheckedImage]) -> CheckedConfiguration:
        signatures = tuple(_about(one, self._signature(made, self._contents(one, made))) for made in one.signatures)
        verified = [made for made in signatures if made.state is SignatureState.VERIFIED]
        filled = [made for made in signatures if made.state is not SignatureState.EMPTY]
        uncovered = self._least_uncovered(one, [made.signature for made in verified or filled])
        accepted = self._accepts(one, [made.keys for made in signatures], images)
        anew = self._accepts(one, [made.keys_anew for made in signatures], images)
        if anew and any(problem.fault is Fault.UNIT_ADDRESS for problem in self._fit.problems):
            anew = False  # a name with a unit address anywhere is refused since 2021
        return CheckedConfiguration(one, signatures, uncovered, accepted, anew)

    def _hash_state(self, image: Image, one: Hash) -> HashState:
        if one.ignored:
            return HashState.IGNORED
        if not one.value or image.place is None:
            return HashState.ABSENT
        data = self._within(image.place)
        found = self._digest_of(one.algorithm, data) if data or not image.place.size else None
        if found is None:
            return HashState.UNKNOWN if data else HashState.ABSENT
        return HashState.MATCHES if found == one.value else HashState.DIFFERS

    def _within(self, place: Place) -> tuple[tuple[int, int], ...]:
        """The bytes of an image; none when the file ends before they do."""
        return ((place.offset, place.end),) if place.size and place.end <= self._size else ()

    def _digest_of(self, name: str, spans: tuple[tuple[int, int], ...]) -> bytes | None:
        """None for an algorithm that is not known, and when too much was hashed already."""
        if (name, spans) not in self._known:
            digest = _digest(name)
            self._hashable -= sum(end - start for start, end in spans)
            if digest is not None and self._hashable >= 0:
                for start, end in spans:
                    for offset in range(start, end, PIECE):
                        digest.update(self._read(offset, min(PIECE, end - offset)))
            self._known[name, spans] = digest.digest() if digest is not None and self._hashable >= 0 else None
        return self._known[name, spans]

    def _contents(self, one: Configuration, made: Signature) -> "list[_Contents]":
        """What the signature says it is over, and what else it may be over if its list was changed."""
        roles = made.signs or ("kernel", "fdt", "script")
        return [
            partial(self._signed, lambda: made.hashed_nodes, made.hashed_strings),
            partial(self._signed, lambda: self._nodes(one, roles), made.hashed_strings),
            partial(self._signed, lambda: self._nodes(one, None), made.hashed_strings),
        ]

    def _signed(self, listed: Callable[[], _Names], strings: int | None) -> tuple[tuple[int, int], ...]:
        """Empty when too much was looked through already. Raises Malformed."""
        nodes = frozenset(listed())
        self._nodes_left -= len(nodes)
        if self._nodes_left < 0:
            return ()
        if (nodes, strings) not in self._spans:
            self._walks -= 1
            found = regions(self._read, self._tree.header, nodes, strings) if self._walks >= 0 else ()
            self._spans[nodes, strings] = tuple(found)
        return self._spans[nodes, strings]

    def _nodes(self, one: Configuration, roles: tuple[str, ...] | None) -> tuple[str, ...]:
        """The nodes that a signature has to be over for what a configuration boots, or for some roles of it."""
        found = ["/", _path(one)]
        self._nodes_left -= len(one.components)
        if self._nodes_left < 0:
            return ()
        for component in one.components:
            image = self._by_name.get(component.image)
            if image is not None and (roles is None or component.role in roles):
                path = f"/{IMAGES}/{image.name}"
                found += [path, *(f"{path}/{each.name}" for each in image.hashes)]
                found += [f"{path}/cipher"] if image.cipher is not None else []
                found += [f"{path}/dm-verity"] if image.verity else []
        return tuple(found)

    def _signature(self, made: Signature, contents: "list[_Contents]") -> CheckedSignature:
        """`contents` are what it should be over, then what it may be over as well."""
        keys = [key for key in self._keys.keys if key.fits(made)]
        weak = _weakness(made, keys)
        if not any(made.value):
            return CheckedSignature(made, SignatureState.EMPTY, weak=weak)
        try:
            return CheckedSignature(made, *self._judged(made, contents, keys), weak)
        except Malformed:
            return CheckedSignature(made, SignatureState.UNKNOWN, weak=weak)

    def _judged(
        self, made: Signature, contents: "list[_Contents]", keys: list[Key]
    ) -> tuple[SignatureState, _Names, _Names]:
        """The state, and which keys verify it by the first of the contents, and by the last."""
        if made.digest_name not in signature.DIGEST_SIZES or scheme(made) is None:
            return SignatureState.UNKNOWN, (), ()
        if not self._keys.keys:
            return SignatureState.NO_KEY, (), ()
        found: list[_Names] = []
        known: dict[bytes, _Names] = {}
        for content in contents:
            spans = content()
            digest = self._digest_of(made.digest_name, spans) if spans else None
            self._verifications -= 0 if digest in known else len(keys)
            if digest is None or self._verifications < 0:
                return SignatureState.UNKNOWN, (), ()
            if digest not in known:
                known[digest] = tuple(key.name for key in keys if key.verifies(made, digest))
            found.append(known[digest])
        if any(found):
            return (SignatureState.VERIFIED if found[0] else SignatureState.LIST_CHANGED), found[0], found[-1]
        if any(key.made(made) for key in keys):
            return SignatureState.CHANGED, (), ()
        named = made.key_hint is None or made.key_hint in [key.name for key in keys]
        by_hand = all(key.algorithm is None for key in self._keys.keys)
        return (SignatureState.INVALID if named or by_hand else SignatureState.FOREIGN), (), ()

    def _least_uncovered(self, one: Configuration, made: Iterable[Signature]) -> tuple[Uncovered, ...]:
        """Of the signature that leaves out the least, as far as there are not too many to look at."""
        least: tuple[Uncovered, ...] | None = None
        for signature_of_it in made:
            if least is not None and self._nodes_left < 0:
                break
            self._nodes_left -= len(one.components)
            found = tuple(self._uncovered(one, signature_of_it))
            least = found if least is None or len(found) < len(least) else least
        return least or ()

    def _uncovered(self, one: Configuration, made: Signature) -> Iterator[Uncovered]:
        listed = frozenset(made.hashed_nodes)
        for path, role in (("/", "root"), (_path(one), "configuration")):
            if path not in listed:
                yield Uncovered(role, path, "the signature is not over this node")
        if not made.hashed_strings:
            yield Uncovered("names", "/", "the signature is not over the names of properties")
        for component in dict.fromkeys(one.components):
            image = self._by_name.get(component.image)
            path = f"/{IMAGES}/{component.image}"
            if image is None:
                continue
            if path not in listed:
                yield Uncovered(component.role, path, "the signature is not over this node")
            elif why := _unheld(image, path, listed):
                yield Uncovered(component.role, path, why)

    def _accepts(self, one: Configuration, verified: list[_Names], images: Iterable[CheckedImage]) -> bool | None:
        if not self._knows_keys:
            return None
        used = {component.image for component in one.components}
        booted = [image for image in images if image.image.name in used]
        wrong = any(state not in (HashState.MATCHES, HashState.IGNORED) for image in booted for state in _states(image))
        if wrong or len({image.image.name for image in booted}) < len(used):
            return False
        return _bears(self._keys.required("conf"), verified, any_is_enough=self._keys.any_is_enough) and all(
            _bears(self._keys.required("image"), [made.keys for made in image.signatures], any_is_enough=False)
            for image in booted
        )


def _bears(required: tuple[Key, ...], verified: list[_Names], *, any_is_enough: bool) -> bool:
    good = {name for names in verified for name in names}
    found = [key.name in good for key in required]
    return not required or (any(found) if any_is_enough else all(found))


def _tokens(tree: DeviceTree) -> int:
    """About how many there are."""
    waiting, count = [tree.root], 0
    while waiting:
        node = waiting.pop()
        count += 2 + len(node.properties)
        waiting.extend(node.children)
    return count


def _about(one: Configuration, found: CheckedSignature) -> CheckedSignature:
    if found.state is SignatureState.VERIFIED and not {"/", _path(one)} <= {*found.signature.hashed_nodes}:
        return replace(found, state=SignatureState.ELSEWHERE, keys=())
    return found


def _path(one: Configuration) -> str:
    return f"/{CONFIGURATIONS}/{one.name}"


def _states(image: CheckedImage) -> Iterator[HashState]:
    return (one.state for one in image.hashes)


def _unheld(image: Image, path: str, listed: frozenset[str]) -> str | None:
    """Why a signature over the image's node says nothing of the image's bytes; None when it does."""
    held = [one for one in image.hashes if f"{path}/{one.name}" in listed and one.value]
    if not held:
        return "the signature is over none of its hashes"
    if all(one.ignored for one in held):
        return "its hash is not looked at"
    if not any(one.algorithm in STRONG_DIGESTS for one in held if not one.ignored):
        return f"the signature holds its bytes by {held[0].algorithm or 'nothing'} alone"
    for name, there in (("cipher", image.cipher is not None), ("dm-verity", image.verity)):
        if there and f"{path}/{name}" not in listed:
            return f"the signature is not over its {name}"
    return None


def _weakness(made: Signature, keys: list[Key]) -> str | None:
    if made.digest_name in WEAK_DIGESTS:
        return f"it is made with {made.digest_name}"
    size = made.scheme.removeprefix("rsa")
    stated = int(size) if size.isascii() and size.isdecimal() and len(size) < 6 else None
    bits = min([key.public.bits for key in keys if isinstance(key.public, RsaKey)], default=stated)
    if scheme(made) is RsaKey and bits is not None and bits < RSA_BITS:
        return f"its key has {bits} bits"
    return None
