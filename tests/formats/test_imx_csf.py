"""HAB's command sequence files: written by the published layout, read by NXP's csf_parser as well."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from rom import certificate as made_certificate
from rom import changed, der_of, nxp

from firmward.formats import imx_csf, imx_ivt
from firmward.formats.imx_csf import Authenticate, Csf, InstallKey, Other, Unlock
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Extent, Read, Signed

WHOLE = {
    "the certificate of key 1": True,
    "the digest of the commands of the CSF": True,
    "the signature of the commands of the CSF": True,
    "the certificate of key 2": True,
    "the digest of the authenticated blocks": True,
    "the signature of the authenticated blocks": True,
}


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length] if offset >= 0 else b""


def parsed(data: bytes) -> tuple[imx_ivt.Ivt, Csf]:
    table = imx_ivt.parse(reader(data))
    return table, imx_csf.parse(reader(data), table)


def held(data: bytes) -> dict[str, bool]:
    return {one.what: one.holds for one in imx_csf.verify(reader(data), *parsed(data))}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    try:
        return nxp.signed_image(tmp_path_factory.mktemp("csf"))
    except samples.NoProgramError as error:
        pytest.skip(str(error))


SIGNED_ANEW = 3
"""Images that are asked about: csf_parser gives up on a few, by their signatures; why, it does not say."""


def witnessed(image: bytes, folder: Path) -> bytes:
    """An image that csf_parser reads: this one, or the same signed anew."""
    for number in range(SIGNED_ANEW):
        offset = parsed(image)[1].offset
        (folder / "csf").write_bytes(image[offset:].rstrip(b"\0"))
        try:
            samples.run("csf_parser", "-d", "-c", "csf", cwd=folder)
        except samples.NoProgramError as error:
            pytest.skip(str(error))
        except subprocess.CalledProcessError:
            again = folder / str(number)
            again.mkdir()
            image = nxp.signed_image(again)
        else:
            return image
    pytest.fail(f"csf_parser read none of {SIGNED_ANEW} images")


def test_the_commands_are_what_csf_parser_reads(image: bytes, tmp_path: Path) -> None:
    image = witnessed(image, tmp_path)
    table, csf = parsed(image)
    log = (tmp_path / "output/debug_log.txt").read_text()
    tags = {InstallKey: "BE", Authenticate: "CA", Unlock: "B2"}
    assert re.findall(r"CSF TAG: 0x(BE|CA|B2)", log) == [tags[type(one)] for one in csf.commands]
    regions = re.findall(r"address: 0x([0-9A-F]+), size: 0x([0-9A-F]+)", log)
    blocks = [block for one in csf.authenticates for block in one.blocks]
    assert [(int(at, 16), int(size, 16)) for at, size in regions] == blocks
    srk = next(one for one in csf.commands if isinstance(one, InstallKey) and one.protocol == "SRK")
    start = csf.offset + srk.location
    known = (tmp_path / "output/SRKTable.bin").read_bytes()
    assert image[start : start + len(known)] == known
    assert (tmp_path / "output/cert0.der").read_bytes() == der_of(made_certificate("csf", "srk1"))
    assert table.signing.signed is Signed.YES


def test_the_fuse_value_is_that_of_srktool(image: bytes, tmp_path: Path) -> None:
    _, fuses = nxp.hab_table(tmp_path)
    csf = parsed(image)[1]
    assert csf.fuses == fuses
    assert [key.authority for key in csf.root_keys] == [True] * 4
    assert all(key.key is not None and key.key.modulus.bit_length() == 2048 for key in csf.root_keys)


def test_a_whole_image_is_signed_and_everything_holds(image: bytes) -> None:
    table, csf = parsed(image)
    signing = csf.signing(table)
    assert signing.signed is Signed.YES
    assert not signing.uncovered
    assert held(image) == WHOLE


def test_unlocked_features_are_told(image: bytes) -> None:
    assert [one for one in parsed(image)[1].commands if isinstance(one, Unlock)] == [Unlock(40, "CAAM", 1)]


def test_what_the_blocks_leave_out_is_told(tmp_path: Path, image: bytes) -> None:
    data = nxp.signed_image(tmp_path, ((0, 0x100), (0xC00, 0x400)))
    table, csf = parsed(data)
    signing = csf.signing(table)
    (payload,) = table.payloads
    assert signing.covered == (Extent("authenticated", 0, 0x100), Extent("authenticated", 0xC00, 0x400))
    assert signing.uncovered == (Extent("payload", 0x1000, payload.size - 0x400),)
    assert held(data) == WHOLE
    assert held(changed(data, 0x1800)) == WHOLE  # what is not covered may be anything


def broken(image: bytes, at: int) -> set[str]:
    return {what for what, holds in held(changed(image, at)).items() if not holds}


def place_of(image: bytes, number: int) -> int:
    """The first byte behind the header of the certificate or signature that a command points to."""
    csf = parsed(image)[1]
    command = csf.commands[number]
    assert isinstance(command, InstallKey | Authenticate)
    return csf.offset + command.location + 4


CSFK, CSF_SIGNATURE, IMGK, SIGNATURE = 1, 2, 4, 5


def test_each_tampering_is_told_by_what_it_breaks(image: bytes) -> None:
    commands = {"the digest of the commands of the CSF"}
    data = {"the digest of the authenticated blocks"}
    assert broken(image, 0xC00 + 77) == data
    assert broken(image, imx_ivt.SIZE + 8) == data  # the plug-in flag in the boot data
    assert broken(image, parsed(image)[1].offset + 43) == commands  # what is unlocked


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (CSFK, {"the certificate of key 1"}),
        (CSF_SIGNATURE, {"the signature of the commands of the CSF"}),
        (IMGK, {"the certificate of key 2"}),
        (SIGNATURE, {"the signature of the authenticated blocks"}),
    ],
)
def test_a_changed_end_of_certificate_or_signature_is_its_own_fault(number: int, what: set[str], image: bytes) -> None:
    start = place_of(image, number)
    size = int.from_bytes(image[start - 3 : start - 1], "big") - 4
    assert broken(image, start + size - 1) == what


def test_another_root_key_signs_nothing(image: bytes) -> None:
    """The first command takes the second key of the table: the fuses are the same, the certificates fail."""
    csf = parsed(image)[1]
    wrong = {what for what, holds in held(changed(image, csf.offset + 4 + 6)).items() if not holds}
    assert {"the certificate of key 1", "the certificate of key 2"} <= wrong


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        ((1, 2, 4, 5), "no super root key is installed"),
        ((0, 1, 4, 5), "the commands themselves are not signed"),
        ((0, 1, 2), "no data are authenticated"),
        ((), "no super root key is installed"),
    ],
)
def test_commands_that_verify_nothing_are_no_signature(kept: tuple[int, ...], says: str, image: bytes) -> None:
    table, csf = parsed(image)
    commands = tuple(csf.commands[number] for number in kept)
    keys = csf.root_keys if 0 in kept else ()
    signing = Csf(csf.offset, csf.version, csf.length, commands, keys).signing(table)
    assert signing.signed is Signed.NO
    assert says in [one.says for one in signing.evidence]


def test_a_zero_instead_of_commands_is_malformed(image: bytes) -> None:
    csf = parsed(image)[1]
    data = image[: csf.offset + 4] + bytes(64) + image[csf.offset + 68 :]
    with pytest.raises(Malformed, match="no command at byte 4"):
        parsed(data)


def test_other_commands_are_named() -> None:
    assert imx_csf._command(bytes.fromhex("b1000c00") + bytes(8), 0xB1, 0, 4) == Other(4, "set")


def test_a_root_key_without_its_digest_is_malformed() -> None:
    with pytest.raises(Malformed, match="a record of 4 bytes"):
        list(imx_csf.root_keys(bytes.fromhex("d7000840 ee000417")))


def test_blocks_that_are_told_over_and_over_are_malformed(image: bytes) -> None:
    table, csf = parsed(image)
    last = csf.authenticates[-1]
    often = imx_csf.BLOCKS_LIMIT // sum(size for _, size in last.blocks) + 1
    with pytest.raises(Malformed, match="in all"):
        imx_csf.verify(reader(image), table, replace(csf, commands=(replace(last, blocks=last.blocks * often),)))


def test_a_message_without_anything_in_it_is_malformed(image: bytes) -> None:
    table, csf = parsed(image)
    message = bytes.fromhex("300f06092a864886f70d010702a0023000")
    place = csf.offset + csf.authenticates[-1].location
    crafted = image[:place] + nxp.blob(0xD8, message) + image[place + 4 + len(message) :]
    with pytest.raises(Malformed, match="no signed attributes"):
        imx_csf.verify(reader(crafted), table, csf)
