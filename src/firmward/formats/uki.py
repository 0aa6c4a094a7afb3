"""Unified kernel images (UAPI group's specification of that name): a kernel and what it boots with, in one PE file.

Rules: every piece is a section. `.linux` makes it an image; one without, but with a command line, a device tree, an
initramfs or microcode, is an addon, which only adds to the image that it is found beside. A section `.profile` begins a
profile: what stands before the first is the base, and a profile's sections take the place of the base's of that name.
Of `.dtbauto` there may be many, of which the one for the machine is taken. A signature of the PE covers all of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats import pe
from firmward.formats.malformed import Malformed

KINDS = frozenset((
    "linux", "osrel", "cmdline", "initrd", "ucode", "splash", "dtb", "dtbauto", "efifw", "hwids", "uname", "sbat",
    "pcrsig", "pcrpkey", "profile",
))  # fmt: skip
ADDS = frozenset(("cmdline", "initrd", "ucode", "dtb", "dtbauto", "efifw"))
"""Sections that make an addon of a program without a kernel."""
PROFILE = "profile"
TEXT_LIMIT = 1 << 20

_LINE = re.compile(r'([A-Z][A-Z0-9_]*)=(?:"([^"]*)"|(.*))')


@dataclass(frozen=True, slots=True)
class Piece:
    """A section: `kind` is its name without the dot, `offset` and `size` its bytes in the file without padding."""

    kind: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Profile:
    """`number` counts from 0; `fields` are the lines of the section `.profile` (ID, TITLE)."""

    number: int
    fields: tuple[tuple[str, str], ...]
    pieces: tuple[Piece, ...]

    def get(self, name: str) -> str | None:
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class Uki:
    """`base` are the pieces before any profile; `is_addon` says that there is no kernel in it."""

    base: tuple[Piece, ...]
    profiles: tuple[Profile, ...]
    is_addon: bool

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All, in the order of the sections."""
        return (*self.base, *(piece for profile in self.profiles for piece in profile.pieces))

    def of(self, kind: str, profile: int | None = None) -> tuple[Piece, ...]:
        """The pieces of a kind that count in a profile: its own, or the base's."""
        own = () if profile is None else tuple(one for one in self.profiles[profile].pieces if one.kind == kind)
        return own or tuple(one for one in self.base if one.kind == kind)


def parse(program: pe.Program, read: pe.Read) -> Uki | None:
    """The pieces of a PE file; None when it is neither an image nor an addon. Raises Malformed for one with a piece
    that lies outside the file."""
    pieces = [_piece(section) for section in program.sections if _kind(section) is not None]
    kinds = {piece.kind for piece in pieces}
    if not program.is_efi or not ("linux" in kinds or kinds & ADDS):
        return None
    for piece in pieces:
        if piece.offset + piece.size > program.file_size:
            raise Malformed(f"UKI: section .{piece.kind} lies outside the file")
    begins = [place for place, piece in enumerate(pieces) if piece.kind == PROFILE]
    ends = [*begins[1:], len(pieces)]
    profiles = tuple(
        Profile(number, _fields(text(pieces[start], read)), tuple(pieces[start:end]))
        for number, (start, end) in enumerate(zip(begins, ends, strict=True))
    )
    return Uki(tuple(pieces[: begins[0]] if begins else pieces), profiles, "linux" not in kinds)


def text(piece: Piece, read: pe.Read) -> str:
    """A piece that is text, up to its first NUL. Raises Malformed when it is too long for one."""
    if piece.size > TEXT_LIMIT:
        raise Malformed(f"UKI: section .{piece.kind} of {piece.size} bytes")
    return read(piece.offset, piece.size).partition(b"\0")[0].decode("utf-8", "replace")


def _kind(section: pe.Section) -> str | None:
    name = section.name.removeprefix(".")
    return name if section.name != name and name in KINDS else None


def _piece(section: pe.Section) -> Piece:
    return Piece(section.name.removeprefix("."), section.offset, section.used)


def _fields(lines: str) -> tuple[tuple[str, str], ...]:
    return tuple(_pairs(lines.split("\n")))


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match:
            yield match[1], match[2] if match[2] is not None else match[3]
