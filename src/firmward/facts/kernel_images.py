"""The kernels of the image: which release each is, what built it, and what it carries.

A compressed kernel is a part with parts inside: the stream, and what that expands to. All of these are one kernel, told
by the outermost of them. Its banner and its own configuration (CONFIG_IKCONFIG) stand in what it expands to; where that
is not at hand, they are unknown. The small archive with /dev that every kernel has built in counts as no initramfs.
"""

from dataclasses import dataclass, field

from firmward.formats import kernel_image
from firmward.formats.kernel_image import Identity, KernelImage
from firmward.formats.malformed import Malformed
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Role

DEPTH = 8
"""Steps from a kernel down to what it expands to; a FIT's image that is compressed twice has four."""


@dataclass(frozen=True, slots=True)
class FoundKernel:
    """One kernel, `at` the part that holds all of it, in the `form` of its header or of that part. `architecture` is
    Linux's name, empty where no header says it.

    `release` is what `uname -r` says, `version` what `uname -v` says, `compiler` what built it. `configuration` is the
    text of the one that it carries, None where it carries none. `has_initramfs` says whether one is built in. Each is
    Unknown with the reason where the kernel could not be expanded. `belongs_to` is the id of the root that it goes
    with, None where that cannot be told.
    """

    at: Location
    form: str
    architecture: str
    release: str | Unknown
    version: str | Unknown
    compiler: str | Unknown
    configuration: str | None | Unknown = field(default=None, repr=False)
    has_initramfs: bool | Unknown = False
    belongs_to: str | None = None


@dataclass(frozen=True, slots=True)
class KernelImages:
    """All kernels that were `found`; one that could not be read is among them, with nothing known of it."""

    found: tuple[FoundKernel, ...]


def collect(parts: Parts) -> KernelImages | None:
    kernels = _kernels(parts).items()
    found = tuple(_read(parts.all[outer], [parts.all[id] for id in inner]) for outer, inner in kernels)
    return KernelImages(found) if found else None


def outermost(parts: Parts, id: str) -> str | None:
    """The kernel that a part is or lies in; None where it lies in none. What is a file of a tree is no piece of the
    kernel that the tree lies in."""
    found = None
    one = parts.all.get(id)
    for _ in range(DEPTH):
        if one is None:
            break
        if one.part.role is Role.KERNEL:
            found = one.part.id
        one = None if one.part.parent is None else parts.all.get(one.part.parent)
        if one is not None and one.tree is not None:
            break
    return found


def _kernels(parts: Parts) -> dict[str, list[str]]:
    """The ids of the outermost kernels, each with those of all parts inside it."""
    found: dict[str, list[str]] = {}
    for id in parts.all:
        kernel = outermost(parts, id)
        if kernel is not None:
            inside = found.setdefault(kernel, [])
            if kernel != id:
                inside.append(id)
    return found


def _read(outer: OpenPart, inner: list[OpenPart]) -> FoundKernel:
    kernels = [outer, *(one for one in inner if one.part.role is Role.KERNEL and one.content is not None)]
    heads = [head for one in kernels if (head := _head(one)) is not None]
    said = next((found for one in reversed(kernels) if (found := _identity(one)) is not None), None)
    banner = None if said is None else said.banner
    blind = Unknown(_why(outer, inner))
    release = next((head.release for head in heads if head.release), blind)
    has_initramfs = any(one.part.role is Role.INITRAMFS for one in inner)
    return FoundKernel(
        Location(part=outer.part.id),
        heads[0].form if heads else outer.part.kind,
        next((head.architecture for head in heads if head.architecture), ""),
        release if banner is None else banner.release,
        blind if banner is None else banner.version,
        blind if banner is None else banner.compiler,
        blind if said is None else _configuration(said),
        has_initramfs or (blind if banner is None else False),
        outer.part.belongs_to,
    )


def _head(one: OpenPart) -> KernelImage | None:
    """What the header says; None for a kernel without one."""
    if one.content is None:
        return None
    try:
        return kernel_image.parse(one.content.read, one.content.size)
    except Malformed:
        return None


def _identity(one: OpenPart) -> Identity | None:
    """What an expanded kernel says; None for one that has no banner, which is compressed or none at all."""
    if one.content is None:
        return None
    found = kernel_image.identity(one.content.read, one.content.size)
    return None if found.banner is None else found


def _configuration(said: Identity) -> str | None | Unknown:
    return said.configuration if said.problem is None else Unknown(said.problem)


def _why(outer: OpenPart, inner: list[OpenPart]) -> str:
    problem = next((one.part.problem for one in (outer, *inner) if one.part.problem), None)
    return f"{outer.part.id} was not expanded: {problem}" if problem else f"{outer.part.id} shows no kernel's banner"
