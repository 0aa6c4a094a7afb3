"""Boot firmware beside U-Boot and the version that each says of itself: TF-A, OP-TEE, barebox, GRUB, shim.

TF-A keeps `v2.10.4(release):lts-v2.10.4` (VERSION_STRING in its Makefile), OP-TEE `4.1.0 (gcc version …) #1 … aarch64`
(gen-version-o in mk/macros.mk), barebox `barebox 2024.03.0 #1 …` (common/version.c), each with a zero behind. EFI
programs name components with a generation in the section `.sbat`, which shim holds against a list of revocations. EDK2
says no version that can be told from its bytes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import pe, sbat
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, OpenPart, Parts
from firmward.model.report import Role

SIZE_LIMIT = 16 << 20
"""Bytes of a part that is searched; no firmware of a board is near it."""
EFI = frozenset(("efi-program", "uki"))


class Loader(StrEnum):
    TF_A = "TF-A"
    OP_TEE = "OP-TEE"
    BAREBOX = "barebox"
    GRUB = "GRUB"
    SHIM = "shim"


TEXTS = (
    (Loader.TF_A, re.compile(rb"v(?P<version>\d{1,2}\.\d{1,2}(?:\.\d{1,3})?)\((?:release|debug)\):[ -~]{0,100}\0")),
    (
        Loader.OP_TEE,
        re.compile(
            rb"(?P<version>(?<![\d.])\d\.\d{1,2}\.\d{1,2}[!-~]{0,60}) \([ -~]{0,100}version [ -~]{1,100}\) "
            rb"#\d{1,6} [ -~]{10,60} (?:aarch64|arm|elf\w{1,30}|riscv)\0"
        ),
    ),
    (Loader.BAREBOX, re.compile(rb"barebox (?P<version>20\d\d\.\d\d(?:\.\d{1,2})?[!-~]{0,60}) #\d{1,6} [ -~]{0,60}\0")),
)
COMPONENTS = {"grub": Loader.GRUB, "shim": Loader.SHIM}
"""By the name of a component in SBAT."""


@dataclass(frozen=True, slots=True)
class FoundLoader:
    """One `loader`, `at`, and the `version` that it says of itself. `generation` is that of its component in SBAT, None
    for one without."""

    loader: Loader
    at: Location
    version: str
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class BootFirmware:
    """All that were `found`, each version once; `unread` says in words which parts could not be read."""

    found: tuple[FoundLoader, ...]
    unread: tuple[str, ...] = ()


def collect(parts: Parts) -> BootFirmware | None:
    found: dict[tuple[Loader, str, int | None], FoundLoader] = {}
    unread: list[str] = []
    for one in parts.all.values():
        try:
            for each in _loaders(one):
                # what lies in a part lies in that around it too, which comes before
                found[each.loader, each.version, each.generation] = each
        except Malformed as reason:
            unread.append(f"{one.part.id}: {reason}")
    return BootFirmware(tuple(found.values()), tuple(unread)) if found or unread else None


def _loaders(one: OpenPart) -> Iterator[FoundLoader]:
    content, at = one.content, Location(part=one.part.id)
    if content is None or one.tree is not None or one.part.role not in (Role.BOOT_LOADER, Role.OTHER):
        return
    if one.part.kind in EFI:
        yield from _components(content, at)
    elif content.size <= SIZE_LIMIT:
        data = content.read(0, content.size)
        for loader, pattern in TEXTS:
            yield from (FoundLoader(loader, at, match["version"].decode("ascii")) for match in pattern.finditer(data))


def _components(content: Content, at: Location) -> Iterator[FoundLoader]:
    program = pe.parse(content.read, content.size)
    for section in program.named(sbat.SECTION)[:1]:
        if section.used > sbat.SIZE_LIMIT:
            raise Malformed(f"SBAT of {section.used} bytes")
        for component in sbat.parse(pe.content(program, section, content.read)):
            loader = COMPONENTS.get(component.name)
            if loader is not None:
                yield FoundLoader(loader, at, component.version, component.generation)
