"""The FITs of the image: what each configuration boots, what its signature covers, and whether hashes and signatures
hold with the keys that the image's boot loaders have.

A loader takes a device tree with a node `images` for a FIT, however large it is, and wherever the node stands.
What was not opened as a FIT for such a reason is looked at here too, and told as unread where it is too much to read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.boot_keys import BootKeys
from firmward.facts.parts_of_kind import read_each
from firmward.formats import fdt, fit_check
from firmward.formats.fit import IMAGES, Fault
from firmward.formats.fit_check import CheckedConfiguration, CheckedFit, CheckedImage, HashState, SignatureState
from firmward.formats.occurrences import occurrences
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

KIND = "fit"
TREE = "device-tree"
MARK = re.compile(rb"\0\0\0\x01images\0\0")
"""How the node of the images begins."""
AMBIGUOUS = (Fault.SAME_NAME, Fault.UNIT_ADDRESS)

__all__ = ["FitConfiguration", "FitHash", "FitImage", "FitSignature", "Fits", "FoundFit", "HashState", "SignatureState"]


@dataclass(frozen=True, slots=True)
class FitSignature:
    """`algorithm` as the tree writes it (`sha256,rsa2048`), its `state`, and why it is `weak`, None when it is not."""

    algorithm: str
    state: SignatureState
    weak: str | None = None


@dataclass(frozen=True, slots=True)
class FitHash:
    """`algorithm` as the tree writes it, its `state`; `is_weak` when one may find other bytes with the same value."""

    algorithm: str
    state: HashState
    is_weak: bool = False


@dataclass(frozen=True, slots=True)
class FitImage:
    """An image by its `name`, with its `hashes`, and the `signatures` that it bears by itself. `kind` is U-Boot's word
    for it."""

    name: str
    kind: str
    hashes: tuple[FitHash, ...] = ()
    signatures: tuple[FitSignature, ...] = ()


@dataclass(frozen=True, slots=True)
class FitConfiguration:
    """What boots together under one `name`: `components` are pairs of role and image. `uncovered` says in words what
    all of its `signatures` leave out. `accepted` is whether a loader with the image's keys boots it, None where no keys
    are known."""

    name: str
    components: tuple[tuple[str, str], ...] = ()
    signatures: tuple[FitSignature, ...] = ()
    uncovered: tuple[str, ...] = ()
    accepted: bool | None = None

    @property
    def is_signed(self) -> bool:
        """By a signature that may be good or bad."""
        return any(one.state is not SignatureState.EMPTY for one in self.signatures)


@dataclass(frozen=True, slots=True)
class FoundFit:
    """One FIT, `at`, with its `images` and `configurations`. `default` names the configuration that boots when nothing
    else is asked for. `ambiguous` says in words which names two readers may take for two images, `problems` what else
    is wrong with the tree."""

    at: Location
    images: tuple[FitImage, ...] = ()
    configurations: tuple[FitConfiguration, ...] = ()
    default: str | None = None
    ambiguous: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def booted(self) -> FitConfiguration | None:
        return next((one for one in self.configurations if one.name == self.default), None)

    @property
    def place(self) -> str:
        """What it is called where its whole place would be too long."""
        return (self.at.part or "image").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Fits:
    """All FITs that were `found`; `unread` says in words which could not be."""

    found: tuple[FoundFit, ...]
    unread: tuple[str, ...] = ()


def collect(parts: Parts, keys: BootKeys | None | Unknown) -> Fits | None:
    known = isinstance(keys, BootKeys) and bool(keys.rings or keys.given)
    ring = keys.all if isinstance(keys, BootKeys) and known else None
    demands = isinstance(keys, BootKeys) and bool(keys.rings)  # of a key that was given it is not known who asks for it

    def read(at: Location, _: str, content: Content) -> FoundFit:
        found = _told(fit_check.check(content.read, content.size, ring), at)
        if demands:
            return found
        return replace(found, configurations=tuple(replace(one, accepted=None) for one in found.configurations))

    def read_tree(at: Location, kind: str, content: Content) -> FoundFit | None:
        return read(at, kind, content) if _has_images(content) else None

    found, unread = read_each(parts, (KIND,), read)
    others, unread_trees = read_each(parts, (TREE,), read_tree)
    found += filter(None, others)
    unread += unread_trees
    return Fits(tuple(found), unread) if found or unread else None


def _has_images(content: Content) -> bool:
    """Whether a device tree is a FIT. Raises Malformed when it cannot be read, and may be one."""
    marks = occurrences(MARK, 12, content.read, content.size)
    return next(marks, None) is not None and fdt.DeviceTree(content.read).root.child(IMAGES) is not None


def _told(checked: CheckedFit, at: Location) -> FoundFit:
    images, configurations = map(_image, checked.images), map(_configuration, checked.configurations)
    return FoundFit(at, tuple(images), tuple(configurations), checked.fit.default, *_problems(checked))


def _problems(checked: CheckedFit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The ambiguous names, and the rest."""
    told = [(one.fault in AMBIGUOUS, f"{one.path}: {one.message}") for one in checked.fit.problems]
    return tuple(text for is_name, text in told if is_name), tuple(text for is_name, text in told if not is_name)


def _image(one: CheckedImage) -> FitImage:
    hashes = tuple(FitHash(each.hash.algorithm, each.state, each.is_weak) for each in one.hashes)
    return FitImage(one.image.name, one.image.kind, hashes, tuple(_signatures(one)))


def _configuration(one: CheckedConfiguration) -> FitConfiguration:
    return FitConfiguration(
        one.configuration.name,
        tuple((component.role, component.image) for component in one.configuration.components),
        tuple(_signatures(one)),
        tuple(f"{left.role} {left.path}: {left.why}" for left in one.uncovered),
        one.accepted,
    )


def _signatures(one: CheckedImage | CheckedConfiguration) -> Iterator[FitSignature]:
    for each in one.signatures:
        yield FitSignature(each.signature.algorithm, each.state, each.weak)
