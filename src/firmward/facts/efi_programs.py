"""What UEFI firmware starts: the EFI programs of the image, who signed them, and whether the enrolled keys let them in.

A program is judged as firmware does (formats/secure_boot.py), by each variable store of the image that has keys. Where
shim lies beside it, the certificate in shim and what the owner allowed shim count besides. A signature covers all
sections of a unified kernel image; of a boot manager only itself, so that `loads` names what it loads unseen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from firmward.facts.efi_loads import LOADS_LIMIT, Loaded, of_entries, of_grub
from firmward.facts.efi_places import FileContent, Place, Placed, programs
from firmward.facts.secure_boot import SecureBoot
from firmward.formats import authenticode, pe, sbat, secure_boot, shim, uki, x509
from firmward.formats.authenticode import Signature
from firmward.formats.malformed import Malformed
from firmward.formats.secure_boot import Admission, Decision
from firmward.formats.shim import Vendor
from firmward.formats.x509 import Signed as Certificate
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.parts import Parts
from firmward.model.tree import Tree

KERNEL_LIMIT = 128 << 20

__all__ = ["EfiProgram", "EfiPrograms", "Loaded", "Maker", "Place", "UkiPiece", "collect"]


class Maker(StrEnum):
    """What a program is, as its sections say."""

    SHIM = "shim"
    GRUB = "grub"
    SYSTEMD_BOOT = "systemd-boot"
    UKI = "uki"
    ADDON = "addon"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class UkiPiece:
    """A section of a unified kernel image by its `kind` (cmdline, initrd, linux), and whether what is signed
    `is_covered`."""

    kind: str
    is_covered: bool


@dataclass(frozen=True, slots=True)
class EfiProgram:
    """One program, `at`, by what it is (`maker`) and what has it started (`place`). `signers` are the subjects of those
    whose signature firmware would look at, `broken` why none of them holds, None where one does or none is there.
    `accepted` is whether the keys of the image's firmware, or of the shim beside it, let it start, None where this is
    not known; `why` says so in words. `pieces` are a UKI's, `loads` what it loads from files."""

    at: Location
    place: Place
    maker: Maker
    signers: tuple[str, ...] = ()
    broken: str | None = None
    accepted: bool | None = None
    why: str = ""
    pieces: tuple[UkiPiece, ...] = ()
    loads: tuple[Loaded, ...] = ()

    @property
    def is_started(self) -> bool:
        return self.place not in (Place.BESIDE, Place.ADDON)

    @property
    def is_signed(self) -> bool:
        return bool(self.signers)

    @property
    def name(self) -> str:
        """What it is called in words."""
        return self.at.path or self.at.part or "image"


@dataclass(frozen=True, slots=True)
class EfiPrograms:
    """All that were `found`; `unread` says in words which could not be."""

    found: tuple[EfiProgram, ...]
    unread: tuple[str, ...] = ()

    @property
    def started(self) -> tuple[EfiProgram, ...]:
        return tuple(one for one in self.found if one.is_started)


@dataclass(frozen=True, slots=True)
class _Read:
    """A program that could be read."""

    placed: Placed
    program: pe.Program
    maker: Maker
    signatures: tuple[Signature, ...]
    image: uki.Uki | None
    vendor: Vendor | None


def collect(parts: Parts, boot: SecureBoot | None | Unknown) -> EfiPrograms | None:
    unread: list[str] = []
    read: list[_Read] = []
    for placed in programs(parts, unread):
        try:
            read.append(_read(placed))
        except Malformed as reason:
            unread.append(f"{placed.at.part}: {placed.at.path or ''}: {reason}")
    if not read and not unread:
        return None
    known = boot if isinstance(boot, SecureBoot) else None
    return EfiPrograms(tuple(_told(one, read, known, parts) for one in read), tuple(unread))


def _read(placed: Placed) -> _Read:
    content = placed.content
    program = pe.parse(content.read, content.size)
    if not program.is_efi:
        raise Malformed("a PE file for another system than UEFI")
    image = uki.parse(program, content.read)
    vendor = shim.parse(program, content.read)
    seen = tuple(one for one in authenticode.signatures(program, content.read) if not one.is_nested)
    return _Read(placed, program, _maker(placed, program, image, vendor), seen, image, vendor)


def _maker(placed: Placed, program: pe.Program, image: uki.Uki | None, vendor: Vendor | None) -> Maker:
    if vendor is not None:
        return Maker.SHIM
    if image is not None:
        return Maker.ADDON if image.is_addon else Maker.UKI
    name = placed.path.rpartition("/")[2]
    if program.named(".sdmagic") or name.startswith("systemd-boot"):
        return Maker.SYSTEMD_BOOT
    components = {one.name for one in _generations(program, placed)}
    is_grub = "grub" in components or name.startswith("grub") or bool(program.named("mods"))
    return Maker.GRUB if is_grub else Maker.OTHER


def _generations(program: pe.Program, placed: Placed) -> tuple[sbat.Component, ...]:
    sections = program.named(sbat.SECTION)
    if not sections or sections[0].used > sbat.SIZE_LIMIT:
        return ()
    try:
        return sbat.parse(pe.content(program, sections[0], placed.content.read))
    except Malformed:  # only its name is asked for here
        return ()


def _told(one: _Read, all: Sequence[_Read], boot: SecureBoot | None, parts: Parts) -> EfiProgram:
    shims = _shims(one, all)
    accepted, why = _admitted(one, shims, boot)
    return EfiProgram(
        one.placed.at,
        one.placed.place,
        one.maker,
        tuple(_signer(signature) for signature in one.signatures),
        _broken(one.signatures),
        accepted,
        why,
        tuple(_pieces(one)),
        tuple(_loads(one, bool(shims), parts)),
    )


def _shims(one: _Read, all: Iterable[_Read]) -> tuple[Vendor, ...]:
    """The lists of the shims on its file system, by which it may be started in place of db."""
    if one.vendor is not None or one.placed.system is None:
        return ()
    return tuple(each.vendor for each in all if each.vendor is not None and each.placed.system == one.placed.system)


def _signer(signature: Signature) -> str:
    if signature.certificate is None:
        return "a signer whose certificate is not there"
    return _subject(signature.certificate)


def _subject(certificate: Certificate) -> str:
    try:
        return x509.common_name(certificate.subject) or x509.words(certificate.subject)
    except Malformed:
        return "a certificate without a name"


def _broken(signatures: Sequence[Signature]) -> str | None:
    if not signatures or any(one.holds for one in signatures):
        return None
    return signatures[0].problem or "the signature does not hold"


def _admitted(one: _Read, shims: Sequence[Vendor], boot: SecureBoot | None) -> tuple[bool | None, str]:
    """By any store with keys, else by what shim has built in: a shim that starts it is a chain of its own."""
    keyed = [(store.variables, store.owned) for store in boot.stores if store.keys] if boot is not None else []
    states = [(replace(state, is_enforced=True), owned) for state, owned in keyed if state is not None]
    found: list[Admission] = []
    for state, owned in states:
        found.append(_judged(one, state))
        for vendor in shims:
            allowed = Vendor((*vendor.allowed, *owned), vendor.revoked)
            found.append(_judged(one, secure_boot.behind_shim(state, allowed)))
    started = next((each for each in found if each.decision is Decision.STARTED), None)
    if started is not None:
        by = f" ({_subject(started.by)})" if started.by is not None else ""
        return True, f"{started.reason}{by}"
    unsure = next((each for each in found if each.decision is Decision.UNKNOWN), None)
    if unsure is not None:
        return None, unsure.reason
    if found:
        return False, next((each.reason for each in found if "dbx" in each.reason), found[-1].reason)
    return _by_shim_alone(one, shims)


def _judged(one: _Read, state: secure_boot.SecureBoot) -> Admission:
    return secure_boot.admission(state, one.program, one.placed.content.read)


def _by_shim_alone(one: _Read, shims: Sequence[Vendor]) -> tuple[bool | None, str]:
    for vendor in shims:
        state = secure_boot.SecureBoot(False, True, None, None, (), (), vendor.allowed, vendor.revoked)
        admission = _judged(one, state)
        if admission.decision is Decision.STARTED:
            return True, "the certificate in the shim beside it leads to its signer"
        if "dbx" in admission.reason:
            return False, "the shim beside it refuses it"
    return None, "the keys of the firmware are not in the image"


def _pieces(one: _Read) -> Iterator[UkiPiece]:
    """What is signed has all sections, and no others than firmware would load."""
    is_covered = any(signature.holds for signature in one.signatures)
    for piece in one.image.pieces if one.image is not None else ():
        yield UkiPiece(piece.kind, is_covered)


def _loads(one: _Read, has_shim: bool, parts: Parts) -> Iterator[Loaded]:
    if one.maker not in (Maker.GRUB, Maker.SYSTEMD_BOOT):
        return
    is_verified = one.maker is Maker.SYSTEMD_BOOT or has_shim
    of = of_grub if one.maker is Maker.GRUB else of_entries
    named: dict[Loaded, None] = {}
    for part in parts.all.values():
        if part.tree is not None and part.part.same_as is None:
            signed = _Kernels(is_verified)
            named |= dict.fromkeys(islice(of(part.tree, signed), LOADS_LIMIT))
    yield from islice(named, LOADS_LIMIT)


class _Kernels:
    """Whether the kernels that are loaded are verified: a menu names the same one many times."""

    def __init__(self, is_verified: bool) -> None:
        self._is_verified = is_verified
        self._known: dict[str, bool | None] = {}

    def __call__(self, tree: Tree, path: str) -> bool | None:
        """None where a signature holds that perhaps nobody looks at: a GRUB without shim."""
        if path not in self._known:
            found = _is_signed_kernel(tree, path)
            self._known[path] = None if found and not self._is_verified else found
        return self._known[path]


def _is_signed_kernel(tree: Tree, path: str) -> bool | None:
    for place in (path, f"boot/{path}"):
        try:
            data = tree.read(place, KERNEL_LIMIT)
            if data is not None:
                content = FileContent(data)
                found = authenticode.signatures(pe.parse(content.read, content.size), content.read)
                return any(signature.holds for signature in found)
        except Malformed:
            return False
        except Unavailable:
            return None
    return None
