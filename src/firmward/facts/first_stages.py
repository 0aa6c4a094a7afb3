"""What the boot ROM or the UEFI firmware starts: which images of the kind lie here, and whether they are signed.

`signed` says what the image itself shows. Whether the chip or the firmware asks for a signature stands in fuses and
variables, which are other facts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
from firmward.formats.rom_image import Evidence, Held, Read, Signed, Signing
from firmward.model.location import Location
from firmward.model.parts import Parts

EVIDENCE_LIMIT = 200
"""Characters of what is quoted from one image."""

Judged = tuple[Signing, tuple[Held, ...]]
"""What the header shows, and what was computed of it."""
Reader = Callable[[Read, int], Judged]

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
    found, unread = [], []
    for id, one in parts.all.items():
        reader = READERS.get(one.part.kind)
        if reader is None or one.part.same_as is not None:
            continue
        try:
            if one.content is None:
                raise Malformed(one.part.problem or "its bytes are not at hand")
            signing, held = reader(one.content.read, one.content.size)
        except Malformed as reason:
            unread.append(f"{id}: {reason}")
        else:
            found.append(_told(Location(part=id), one.part.kind, signing, held))
    return FirstStages(tuple(found), tuple(unread)) if found or unread else None


def _told(at: Location, kind: str, signing: Signing, held: tuple[Held, ...]) -> FirstStage:
    evidence = "; ".join(f"{one.says} (byte 0x{one.offset:x})" for one in signing.evidence)[:EVIDENCE_LIMIT]
    uncovered = tuple(dict.fromkeys(extent.name for extent in signing.uncovered if signing.signed is Signed.YES))
    broken = tuple(dict.fromkeys(one.what for one in held if not one.holds))
    return FirstStage(at, kind, signing.signed, evidence, uncovered, broken)


def _imx(read: Read, _: int) -> Judged:
    table = imx_ivt.parse(read)
    if not table.csf:
        return table.signing, ()
    sequence = imx_csf.parse(read, table)
    return sequence.signing(table), imx_csf.verify(read, table, sequence)


def _ahab(read: Read, size: int) -> Judged:
    flash = imx_ahab.parse_flash(read, size)
    return flash.signing, imx_ahab.verify_flash(read, flash)


def _stm32(read: Read, _: int) -> Judged:
    header = stm32.parse(read)
    return header.signing, stm32.verify(read, header)


def _k3(read: Read, _: int) -> Judged:
    image = ti_boot.parse_k3(read)
    return image.signing, ti_boot.verify(read, image)


def _mlo(read: Read, _: int) -> Judged:
    return ti_boot.parse_mlo(read).signing, ()


def _egon(read: Read, _: int) -> Judged:
    image = allwinner.parse_egon(read)
    return image.signing, allwinner.verify(read, image)


def _toc0(read: Read, _: int) -> Judged:
    image = allwinner.parse_toc0(read)
    return image.signing, allwinner.verify(read, image)


def _rockchip_id(read: Read, size: int) -> Judged:
    return rockchip.parse_id_block(read, size).signing, ()


def _rockchip_new(read: Read, _: int) -> Judged:
    block = rockchip.parse_new_id_block(read)
    return block.signing, rockchip.verify(read, block)


def _raspberry_pi(read: Read, size: int) -> Judged:
    return raspberry_pi.parse_eeprom(read, size).signing, ()


def _marvell(read: Read, _: int) -> Judged:
    image = kwbimage.parse(read)
    return image.signing, kwbimage.verify(read, image)


def _zynq(read: Read, size: int) -> Judged:
    image = zynq_boot.parse(read, size)
    return image.signing, zynq_boot.verify(read, image)


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
        "imx-ahab": _ahab,
        "stm32": _stm32,
        "ti-k3": _k3,
        "ti-mlo": _mlo,
        "egon": _egon,
        "toc0": _toc0,
        "rockchip-id": _rockchip_id,
        "rockchip-rkns": _rockchip_new,
        "raspberry-pi-eeprom": _raspberry_pi,
        "kwbimage": _marvell,
        "zynq-boot": _zynq,
        "efi-program": _efi,
        "uki": _efi,
    }
)
