"""What is loaded before the root file system, piece by piece, and the signature that covers each.

A piece is a part of the image that a boot ROM or a boot loader loads: a first stage, a boot loader, a kernel, a device
tree, an initramfs. It is covered by a signature of its own or by that of what carries it: a first stage's, a FIT's,
Authenticode over a UKI, HAB's behind a kernel (signature_over.py). Where nothing carries it but file systems, tables
and compression, nothing can: these have no place for a signature.

Not taken for pieces: device trees that boot loaders keep for themselves, parts that equal another, a FIT's images that
do not boot. Nor is what packages and builds leave beside a FIT or UKI with a kernel: a kernel in the root file system,
the same bytes in a file of their own; and a plain U-Boot in the folder where it lies in a first stage as well.
"""

import hashlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.cover import efi
from firmward.facts.signature_over import Signatures
from firmward.facts.uboots import Uboots
from firmward.model.chain import State
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.parts import Content, OpenPart, Parts, above
from firmward.model.report import Role

__all__ = ["BootPiece", "BootPieces", "Stage", "State", "collect"]


FOLDER = "folder"
PROGRAM, CONFIGURATION = "UEFI program", "configuration"
COPY_LIMIT = 256 << 20
"""Bytes of a part that is compared with another."""
PIECE = 1 << 20


class Stage(StrEnum):
    """When a piece runs: `first` is what the boot ROM or the UEFI firmware starts."""

    FIRST = "first"
    LOADER = "loader"
    KERNEL = "kernel"


ROLES = {
    Role.BOOT_LOADER: (Stage.LOADER, "boot loader"),
    Role.KERNEL: (Stage.KERNEL, "kernel"),
    Role.DEVICE_TREE: (Stage.KERNEL, "device tree"),
    Role.INITRAMFS: (Stage.KERNEL, "initramfs"),
}


@dataclass(frozen=True, slots=True)
class BootPiece:
    """One piece, `at`, of a `stage`; `what` it is in words. `state` says whether a signature covers it, `by` whose, and
    `why` in words what shows that. `carrier` is the id of the part whose signature it is, None without one."""

    at: Location
    stage: Stage
    what: str
    state: State
    why: str
    by: str | None = None
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class BootPieces:
    """All `pieces`; `unread` says in words what could not be looked into."""

    pieces: tuple[BootPiece, ...]
    unread: tuple[str, ...] = ()

    def of(self, stage: Stage) -> tuple[BootPiece, ...]:
        return tuple(piece for piece in self.pieces if piece.stage is stage)


def collect(parts: Parts, signatures: Signatures, uboots: Uboots | None | Unknown) -> BootPieces | None:
    proper = frozenset(one.at.part for one in uboots.proper) if isinstance(uboots, Uboots) else frozenset()
    found = (*_programs(signatures), *_pieces(parts, signatures, proper))
    found = (*found, *_configurations(signatures))
    unread = signatures.unread
    return BootPieces(_without_copies(found, parts), unread) if found or unread else None


def _programs(signatures: Signatures) -> Iterator[BootPiece]:
    """What UEFI firmware starts, and what its shim does. What a boot manager offers is told by the kernel in it."""
    programs = signatures.programs
    for one in programs.started:
        if not efi.is_offered(one):
            stage = Stage.FIRST if efi.is_first(one, programs) else Stage.LOADER
            cover = efi.of_program(one)
            yield BootPiece(one.at, stage, PROGRAM, cover.state, cover.why, cover.by, efi.key_of(one))


def _configurations(signatures: Signatures) -> Iterator[BootPiece]:
    """What boot managers take commands from: that is no part of the image."""
    for program, one in efi.loaded(signatures.programs):
        if one.kind == CONFIGURATION:
            cover = efi.of_loaded(program, one)
            at = Location(one.path, part=program.at.part)
            yield BootPiece(at, Stage.KERNEL, one.kind, cover.state, cover.why, cover.by, cover.carrier)


def _pieces(parts: Parts, signatures: Signatures, proper: frozenset[str | None]) -> Iterator[BootPiece]:
    within: dict[str, str] = {}
    """By the id of a piece what it is, so that what lies in it is not told again as the same."""
    for id, one in parts.all.items():
        if one.part.same_as is not None:
            continue
        told = _told(id, one, signatures, proper)
        if told is None:
            continue
        stage, what = told
        above = _nearest(id, within)
        if above is not None and within[above] == what:
            continue
        cover = signatures.over(id)
        if cover is None:
            continue
        within[id] = what
        state, why = cover.state, cover.why
        if one.part.problem and state is State.VERIFIED:
            state, why = State.UNKNOWN, f"{id} was read only in part: {one.part.problem}"
        yield BootPiece(Location(part=id), stage, what, state, why, cover.by, cover.carrier)


def _told(id: str, one: OpenPart, signatures: Signatures, proper: frozenset[str | None]) -> tuple[Stage, str] | None:
    """The stage, and what it is in words; None for what is no piece."""
    if signatures.is_program(id):
        return None
    if signatures.is_first_stage(id):
        return None if signatures.first_above(id) is not None else (Stage.FIRST, "first stage")
    known = ROLES.get(one.part.role)
    if known is None:
        return None
    stage, what = known
    if one.part.role is Role.DEVICE_TREE and signatures.is_loaders_own(id):
        return None
    if one.part.role is Role.BOOT_LOADER and signatures.first_above(id) is not None and id not in proper:
        return None  # a piece of the first stage itself
    return stage, what


def _nearest(id: str, known: Container[str]) -> str | None:
    return next((step for step in above(id) if step in known), None)


def _without_copies(pieces: tuple[BootPiece, ...], parts: Parts) -> tuple[BootPiece, ...]:
    """Without the bare pieces that packages and builds leave beside what is carried by something that can be signed."""
    carried = [piece for piece in pieces if piece.carrier is not None]
    stages = {piece.stage for piece in carried if piece.what in ("kernel", "boot loader")}
    copies = _Copies(parts, frozenset(piece.carrier for piece in carried if piece.carrier is not None))
    return tuple(one for one in pieces if one.carrier or one.stage not in stages or not copies.has(one))


class _Copies:
    """What of the bare pieces is a copy of something that is carried, or lies where such copies are left."""

    def __init__(self, parts: Parts, carriers: frozenset[str]) -> None:
        self._parts = parts
        self._roots = {id for id, one in parts.all.items() if one.part.role is Role.ROOT}
        within = (one for id, one in parts.all.items() if _nearest(id, carriers) is not None)
        self._by_size: dict[int, list[Content]] = {}
        for one in within:
            if one.content is not None and one.content.size <= COPY_LIMIT:
                self._by_size.setdefault(one.content.size, []).append(one.content)

    def has(self, piece: BootPiece) -> bool:
        id = piece.at.part or ""
        if piece.at.path is not None:
            return False  # no part of its own
        one = self._parts.all[id]
        above = self._parts.all.get(one.part.parent or "")
        if piece.stage is Stage.LOADER:
            return above is not None and above.part.kind == FOLDER
        if _nearest(id, self._roots) is not None:
            return True
        same = [] if one.content is None else self._by_size.get(one.content.size, [])
        return bool(same) and one.content is not None and _digest(one.content) in map(_digest, same)


def _digest(content: Content) -> bytes:
    state = hashlib.sha256()
    for offset in range(0, content.size, PIECE):
        state.update(content.read(offset, PIECE))
    return state.digest()
