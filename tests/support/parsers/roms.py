"""What boot ROMs read: the images of all makers."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import mending
import rom
import samples
from rom import nxp, pi, st

from firmward.formats import (
    allwinner,
    imx_ahab,
    imx_csf,
    imx_ivt,
    kwbimage,
    raspberry_pi,
    rockchip,
    rom_image,
    rsa_certificate,
    stm32,
    ti_boot,
    zynq_boot,
)
from parsers import Parser, Read, Samples, reader, refused, told


def of_formats(*names: str) -> Samples:
    return lambda folder: (data for name in names for data in samples.samples(name, folder))


def asked(data: bytes, parse: Callable[[Read], Any], *more: Callable[[Read, Any], object]) -> None:
    """An image that is read, all that it works out, and what is asked of it then."""

    def questions() -> None:
        found = parse(reader(data))
        told(found)
        rom_image.left_out(found.payloads, found.signing.covered)
        for question in more:
            refused(lambda question=question: question(reader(data), found))

    refused(questions)


def vector_tables(folder: Path) -> Iterator[bytes]:
    yield from samples.samples("imx_ivt", folder)
    yield bytes(0x400) + nxp.signed_image(folder)


def ask_vector_table(data: bytes) -> None:
    def signed(read: Read, table: imx_ivt.Ivt) -> None:
        csf = imx_csf.parse(read, table)
        csf.signing(table)
        told(csf)
        imx_csf.verify(read, table, csf)

    for start in (0, 0x400):
        part = data[start:]
        ways = (imx_ivt.dcd, imx_csf.is_empty, signed, lambda read, table: table.offset(table.self))
        asked(part, imx_ivt.parse, *ways)
        refused(lambda part=part: imx_ivt.behind(reader(part), len(part)))
    imx_ivt.find(reader(data), len(data))
    refused(lambda: list(imx_csf.root_keys(data)))


def root_tables(folder: Path) -> Iterator[bytes]:
    yield nxp.hab_table(folder)[0]
    yield rom.der_of(rom.certificate("img", "srk1"))
    yield rom.der_of(rom.certificate("srk1"))


@cache
def _issuer() -> bytes:
    return rom.der_of(rom.certificate("srk1"))


def ask_certificate(data: bytes) -> None:
    refused(lambda: list(imx_csf.root_keys(data)))

    def questions() -> None:
        found = rsa_certificate.parse(data)
        for key in (found.key, rsa_certificate.parse(_issuer()).key):
            refused(lambda key=key: key is None or found.is_signed_by(key))

    refused(questions)


def ask_containers(data: bytes) -> None:
    asked(data, imx_ahab.parse, imx_ahab.verify)
    refused(lambda: imx_ahab.containers(reader(data), len(data)))
    asked(data, lambda read: imx_ahab.parse_flash(read, len(data)), imx_ahab.verify_flash)


def ask_marvell(data: bytes) -> None:
    asked(data, kwbimage.parse, kwbimage.verify)


def stm32_headers(folder: Path) -> Iterator[bytes]:
    yield from samples.samples("stm32", folder)
    yield st.signed_version_1(folder, "brainpoolP256t1")


def ask_stm32(data: bytes) -> None:
    asked(data, stm32.parse, stm32.verify)


def mend_stm32(data: bytearray) -> None:
    if len(data) > 128:
        start = 512 if data[74:75] == b"\2" else 256
        size = mending.number(data, 76, "little")
        mending.put(data, 68, sum(data[start : start + size]) & 0xFFFFFFFF, "little")


def ask_texas(data: bytes) -> None:
    asked(data, ti_boot.parse_k3, ti_boot.verify)
    asked(data, ti_boot.parse_mlo, ti_boot.content)


def ask_allwinner(data: bytes) -> None:
    asked(data, allwinner.parse_egon, allwinner.verify)
    asked(data, allwinner.parse_toc0, allwinner.verify, lambda _, found: [told(item) for item in found.items])


def mend_allwinner(data: bytearray) -> None:
    for magic, checksum, length in ((b"eGON", 12, 16), (b"TOC0", 12, 16)):
        if data[:8].find(magic) >= 0:
            words = data[: mending.number(data, length, "little")]
            mending.put(data, checksum, allwinner.STAMP, "little")
            words[checksum : checksum + 4] = allwinner.STAMP.to_bytes(4, "little")
            total = sum(int.from_bytes(words[at : at + 4], "little") for at in range(0, len(words), 4))
            mending.put(data, checksum, total & 0xFFFFFFFF, "little")


def ask_rockchip(data: bytes) -> None:
    def contents(read: Read, block: rockchip.IdBlock) -> None:
        for extent in block.payloads:
            refused(lambda extent=extent: rockchip.content(read, block, extent))

    asked(data, lambda read: rockchip.parse_id_block(read, len(data)), contents)
    asked(data, rockchip.parse_new_id_block, rockchip.verify)
    asked(data, rockchip.parse_loader)
    asked(data, rockchip.parse_trust, rockchip.verify)


def pi_files(folder: Path) -> Iterator[bytes]:
    yield from samples.samples("raspberry_pi_eeprom", folder)
    yield pi.CONFIG + b"[pi4]\nkernel=a\n[gpio4=1]\ninclude b.txt\ndtoverlay=x,y=1\n[none]\nBOOT_ORDER=0xf14\n"
    yield pi.detached(pi.CONFIG, rom.rsa_key("pi"))
    yield pi.public_key(rom.rsa_key("pi"))


@cache
def _pi_key() -> bytes:
    return pi.public_key(rom.rsa_key("pi"))


def ask_pi(data: bytes) -> None:
    text = data.decode("utf-8", "replace")

    def config() -> None:
        found = raspberry_pi.parse_config(text)
        for model in (None, "pi4"):
            found.value("kernel", model), found.is_on("SIGNED_BOOT", model), found.boot_order(model)

    refused(config)
    key = raspberry_pi.parse_public_key(_pi_key())
    refused(lambda: raspberry_pi.parse_signature(text).verify(pi.CONFIG, key))
    refused(lambda: raspberry_pi.parse_public_key(data))
    asked(data, lambda read: raspberry_pi.parse_eeprom(read, len(data)), lambda _, found: raspberry_pi.verify(found))


def ask_zynq(data: bytes) -> None:
    asked(data, lambda read: zynq_boot.parse(read, len(data)), zynq_boot.verify)


PARSERS = (
    Parser("imx_ivt", ("imx_ivt", "imx_csf", "rom_image"), vector_tables, ask_vector_table),
    Parser("imx_ahab", ("imx_ahab",), of_formats("imx_ahab"), ask_containers),
    Parser("rsa_certificate", ("rsa_certificate",), root_tables, ask_certificate),
    Parser("kwbimage", ("kwbimage",), of_formats("kwbimage"), ask_marvell),
    Parser("stm32", ("stm32",), stm32_headers, ask_stm32, mend_stm32),
    Parser("ti_boot", ("ti_boot",), of_formats("ti_k3", "ti_mlo"), ask_texas),
    Parser("allwinner", ("allwinner",), of_formats("allwinner_egon", "allwinner_toc0"), ask_allwinner, mend_allwinner),
    Parser(
        "rockchip",
        ("rockchip",),
        of_formats("rockchip_id", "rockchip_loader", "rockchip_rkns", "rockchip_trust"),
        ask_rockchip,
    ),
    Parser("raspberry_pi", ("raspberry_pi",), pi_files, ask_pi),
    Parser("zynq_boot", ("zynq_boot",), of_formats("zynq_boot"), ask_zynq),
)
