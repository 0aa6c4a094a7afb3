"""What the boot ROM or the UEFI firmware starts: which images of the kind lie here, and whether they are signed.

`signed` says what the image itself shows. Whether the chip or the firmware asks for a signature stands in fuses and
variables, which are other facts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from firmward.facts.parts_of_kind import read_each
from firmward.formats import (
    allwinner,
    authenticode,
    imx_ahab,
    imx_csf,
    imx_ivt,
    kwbimage,
    pe,
    raspberry_pi,
    rockchip,
    stm32,
    ti_boot,
    zynq_boot,
)
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Evidence, Held, Read, RomImage, Signed, Signing
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

EVIDENCE_LIMIT = 200
"""Characters of what is quoted from one image."""

Judged = tuple[Signing, tuple[Held, ...]]
"""What the header shows, and what was computed of it."""
Reader = Callable[[Read, int], Judged]
Found = TypeVar("Found", bound=RomImage)

__all__ = ["FirstStage", "FirstStages", "Signed", "collect"]


@dataclass(frozen=True, slots=True)
class FirstStage:
    """An image of `kind`, `at`, and whether it is `signed`. `evidence` says in words what shows this; `uncovered` names
    what is loaded and no signature speaks for, `broken` which checksums, digests and signatures do not hold."""

    at: Location
    kind: str
    signed: Signed
    evidence: str
    uncovered: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstStages:
    """All that were `found`; `unread` says in words which could not be."""

    found: tuple[FirstStage, ...]
    unread: tuple[str, ...] = ()


def collect(parts: Parts) -> FirstStages | None:
    read, unread = read_each(parts, READERS, _read)
    found = tuple(one for one in read if one is not None)
    return FirstStages(found, unread) if found or unread else None


def _read(at: Location, kind: str, content: Content) -> FirstStage | None:
    """None for a table that speaks for the kernel before it, from which no ROM starts."""
    if kind == "imx-ivt" and imx_ivt.parse(content.read).is_behind:
        return None
    return _told(at, kind, *READERS[kind](content.read, content.size))


def _told(at: Location, kind: str, signing: Signing, held: tuple[Held, ...]) -> FirstStage:
    evidence = "; ".join(f"{one.says} (byte 0x{one.offset:x})" for one in signing.evidence)[:EVIDENCE_LIMIT]
    uncovered = tuple(dict.fromkeys(extent.name for extent in signing.uncovered if signing.signed is Signed.YES))
    broken = tuple(dict.fromkeys(one.what for one in held if not one.holds))
    return FirstStage(at, kind, signing.signed, evidence, uncovered, broken)


def _computed(
    parse: Callable[[Read, int], Found], verify: Callable[[Read, Found], tuple[Held, ...]] | None = None
) -> Reader:
    """Parse, and compute what can be."""

    def read_image(read: Read, size: int) -> Judged:
        found = parse(read, size)
        return found.signing, () if verify is None else verify(read, found)

    return read_image


def _unsized(parse: Callable[[Read], Found]) -> Callable[[Read, int], Found]:
    """One that takes the size from the header alone."""
    return lambda read, _: parse(read)


def _imx(read: Read, _: int) -> Judged:
    table = imx_ivt.parse(read)
    if not table.csf:
        return table.signing, ()
    if imx_csf.is_empty(read, table):
        place = table.offset(table.csf)
        says = Evidence(place, b"", "the place for a CSF is empty: it is not signed yet")
        return Signing(Signed.NO, (says,), uncovered=table.payloads), ()
    sequence = imx_csf.parse(read, table)
    return sequence.signing(table), imx_csf.verify(read, table, sequence)


def _efi(read: Read, size: int) -> Judged:
    program = pe.parse(read, size)
    if not program.is_efi:
        raise Malformed("a PE file for another system than UEFI")
    signatures = [one for one in authenticode.signatures(program, read) if not one.is_nested]
    if not signatures:
        return Signing(Signed.NO, (Evidence(0, b"", "no Authenticode signature"),)), ()
    says = tuple(Evidence(one.offset, b"", "an Authenticode signature") for one in signatures)
    held = () if any(one.holds for one in signatures) else (Held("Authenticode", signatures[0].offset, holds=False),)
    return Signing(Signed.YES, says), held


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "imx-ivt": _imx,
        "imx-ahab": _computed(imx_ahab.parse_flash, imx_ahab.verify_flash),
        "stm32": _computed(_unsized(stm32.parse), stm32.verify),
        "ti-k3": _computed(_unsized(ti_boot.parse_k3), ti_boot.verify),
        "ti-mlo": _computed(_unsized(ti_boot.parse_mlo)),
        "egon": _computed(_unsized(allwinner.parse_egon), allwinner.verify),
        "toc0": _computed(_unsized(allwinner.parse_toc0), allwinner.verify),
        "rockchip-id": _computed(rockchip.parse_id_block),
        "rockchip-rkns": _computed(_unsized(rockchip.parse_new_id_block), rockchip.verify),
        "raspberry-pi-eeprom": _computed(raspberry_pi.parse_eeprom),
        "kwbimage": _computed(_unsized(kwbimage.parse), kwbimage.verify),
        "zynq-boot": _computed(zynq_boot.parse, zynq_boot.verify),
        "efi-program": _efi,
        "uki": _efi,
    }
)
