"""STM32 headers of both versions, unsigned by mkimage, signed by openssl."""

from pathlib import Path

import pytest
import samples
from rom import CODE, changed, curve_key, point, st

from firmward.formats import stm32
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Read, Signed


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


def held(data: bytes) -> dict[str, bool]:
    return {one.what: one.holds for one in stm32.verify(reader(data), stm32.parse(reader(data)))}


@pytest.fixture(params=["version 1", "version 2"])
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    try:
        return st.signed_version_1(tmp_path) if request.param == "version 1" else st.signed_version_2()
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_mkimage_signs_nothing_and_the_header_shows_it(tmp_path: Path) -> None:
    try:
        data = st.plain(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    header = stm32.parse(reader(data))
    assert (header.version, header.load, header.entry, header.size) == ((1, 0), 0x2FFC2500, 0x2FFC2500, len(data))
    assert data[header.payloads[0].offset :] == CODE
    assert header.signing.signed is Signed.NO
    assert [(one.offset, one.data) for one in header.signing.evidence] == [(4, bytes(64)), (100, b"\1\0\0\0")]
    assert held(data) == {"checksum": True}
    assert held(changed(data, 300)) == {"checksum": False}


def test_a_signature_by_the_key_in_the_header_holds(signed: bytes) -> None:
    header = stm32.parse(reader(signed))
    assert header.signing.signed is Signed.YES
    assert header.public_key == point(curve_key("stm32-prime256v1"))
    assert header.curve == "P-256"
    assert not header.signing.uncovered
    assert held(signed) == {"checksum": True, "signature": True}


@pytest.mark.parametrize("where", ["signature", "length's neighbour", "load address", "flags", "payload", "last byte"])
def test_each_tampering_breaks_the_signature(where: str, signed: bytes) -> None:
    header = stm32.parse(reader(signed))
    place = {
        "signature": 20,
        "length's neighbour": 80,
        "load address": 88,
        "flags": 101,
        "payload": header.header_size + 9,
        "last byte": len(signed) - 1,
    }[where]
    found = held(changed(signed, place))
    assert not found["signature"]
    assert found["checksum"] is (place < header.header_size)


def test_another_key_is_seen_by_its_hash_alone(signed: bytes) -> None:
    """Who can sign can put his own key there: only the fuses tell."""
    header = stm32.parse(reader(signed))
    assert header.key_hash is not None
    assert len(header.key_hash) == 32


def test_flags_that_ask_for_no_signature_leave_it_unknown(signed: bytes) -> None:
    header = stm32.parse(reader(changed(signed, 100)))
    assert not header.asks
    assert header.signing.signed is Signed.UNKNOWN


def test_a_signature_on_the_twisted_curve_of_brainpool_holds(tmp_path: Path) -> None:
    try:
        data = st.signed_version_1(tmp_path, "brainpoolP256t1")
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    header = stm32.parse(reader(data))
    assert header.curve == "brainpoolP256t1"
    assert header.signing.signed is Signed.YES
    assert held(data) == {"checksum": True, "signature": True}
    assert held(changed(data, 5000)) == {"checksum": False, "signature": False}


def test_a_signature_of_an_algorithm_that_is_not_known_is_not_judged(signed: bytes) -> None:
    header = stm32.parse(reader(signed))
    at = header.public_key_at - 4
    assert held(signed[:at] + b"\7\0\0\0" + signed[at + 4 :]) == {"checksum": True}


def test_version_2_without_a_key_bears_no_signature() -> None:
    header = stm32.parse(reader(st.version_2()))
    assert (header.version, header.header_size, header.public_key) == ((2, 0), 512, None)
    assert header.signing.signed is Signed.NO


def test_version_2_says_that_it_is_encrypted() -> None:
    header = stm32.parse(reader(st.version_2(0x80000002)))
    assert header.is_encrypted
    assert "encrypted" in header.signing.evidence[1].says


def test_the_extensions_end_at_the_payload() -> None:
    data = st.version_2(key=bytes(64))
    assert data[stm32.parse(reader(data)).payloads[0].offset :] == CODE


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, b"STM3"), (74, b"\3"), (76, b"\0\0\0\0"), (76, b"\xff" * 4), (104, b"\xff\xff\xff\0"), (132, b"\0\0\0\0")],
)
def test_what_no_rom_would_take_is_malformed(at: int, value: bytes) -> None:
    data = st.version_2()
    with pytest.raises(Malformed):
        stm32.parse(reader(data[:at] + value + data[at + len(value) :]))
