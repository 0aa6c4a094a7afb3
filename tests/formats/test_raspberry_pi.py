"""config.txt, EEPROM images and detached signatures of Raspberry Pi."""

import pytest
import samples
from rom import CODE, changed, pi, rsa_key

from firmward.formats import raspberry_pi
from firmward.formats.malformed import Malformed
from firmward.formats.raspberry_pi import Setting, parse_config
from firmward.formats.rom_image import Read, Signed

CONFIG = """
# a comment
kernel=vmlinuz   # another
initramfs initrd.img followkernel
include extra.txt
dtoverlay=vc4
DTOVERLAY=i2c-rtc,ds1307
[pi4]
kernel=kernel4.img
[gpio4=1]
boot_ramdisk=1
[pi5]
kernel=kernel5.img
[all]
enable_uart=1
uart_2ndstage=0
[none]
enable_uart=0
no setting
=nothing
"""


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length]


@pytest.fixture(scope="module")
def eeprom() -> bytes:
    try:
        return pi.eeprom()
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def test_the_last_value_that_is_in_force_counts() -> None:
    config = parse_config(CONFIG)
    assert config.value("kernel") == "vmlinuz"
    assert config.value("kernel", "pi4") == "kernel4.img"
    assert config.value("kernel", "pi5") == "vmlinuz"  # behind a filter for a pin as well
    assert config.is_on("enable_uart")
    assert not config.is_on("uart_2ndstage")
    assert not config.is_on("boot_ramdisk")


def test_filters_of_a_sort_replace_each_other() -> None:
    config = parse_config(CONFIG)
    assert config.values("kernel")[1:] == (
        Setting("kernel", "kernel4.img", ("pi4",), 9),
        Setting("kernel", "kernel5.img", ("pi5", "gpio4=1"), 13),
    )
    assert config.values("boot_ramdisk")[0].filters == ("pi4", "gpio4=1")


def test_names_without_an_equals_sign_and_names_that_add_up() -> None:
    config = parse_config(CONFIG)
    assert config.value("initramfs") == "initrd.img followkernel"
    assert config.value("include") == "extra.txt"
    assert [one.value for one in config.values("dtoverlay")] == ["vc4", "i2c-rtc,ds1307"]
    assert not {one.name for one in config.settings} & {"", "no setting"}


@pytest.mark.parametrize(
    ("value", "order"),
    [
        ("0xf41", ("sd", "usb", "restart")),
        ("0x21", ("sd", "network")),
        ("0xf2146", ("nvme", "usb", "sd", "network", "restart")),
        ("0x3", ("rpiboot",)),
        ("nonsense", ()),
        ("-1", ("restart",) * 8),
    ],
)
def test_the_order_of_booting_is_read_from_its_end(value: str, order: tuple[str, ...]) -> None:
    assert parse_config(f"BOOT_ORDER={value}").boot_order() == order


def test_without_a_setting_the_order_is_the_loaders_own() -> None:
    assert parse_config("").boot_order() == ("sd", "usb", "restart")


def test_an_eeprom_is_its_sections(eeprom: bytes) -> None:
    image = raspberry_pi.parse_eeprom(reader(eeprom), len(eeprom))
    assert [one.name for one in image.sections] == ["bootcode", "padding", "bootconf.txt", "bootconf.sig", "pubkey.bin"]
    code = image.payloads[0]
    assert eeprom[code.offset : code.offset + code.size] == CODE
    assert image.config_text == pi.CONFIG
    assert image.size == len(eeprom) == 512 << 10


def test_a_signed_configuration_holds_with_its_key(eeprom: bytes) -> None:
    image = raspberry_pi.parse_eeprom(reader(eeprom), len(eeprom))
    assert image.signing.signed is Signed.YES
    assert {one.what: one.holds for one in raspberry_pi.verify(image)} == {
        "digest of bootconf.txt": True,
        "signature of bootconf.txt": True,
    }


def test_each_tampering_is_told_by_what_it_breaks(eeprom: bytes) -> None:
    image = raspberry_pi.parse_eeprom(reader(eeprom), len(eeprom))
    conf, key = image.section("bootconf.txt"), image.section("pubkey.bin")
    assert conf is not None
    assert key is not None

    def holds(data: bytes) -> list[bool]:
        return [one.holds for one in raspberry_pi.verify(raspberry_pi.parse_eeprom(reader(data), len(data)))]

    assert holds(changed(eeprom, conf.extent.offset + 12)) == [False, False]
    assert holds(changed(eeprom, key.extent.offset + 40)) == [True, False]


@pytest.mark.parametrize(
    ("config", "sign", "with_key", "signed"),
    [
        (pi.CONFIG, True, False, Signed.NO),
        (pi.CONFIG, False, True, Signed.NO),
        (b"SIGNED_BOOT=0\n", True, True, Signed.UNKNOWN),
        (b"", False, False, Signed.NO),
    ],
)
def test_what_is_missing_for_a_signature(config: bytes, sign: bool, with_key: bool, signed: Signed) -> None:
    try:
        data = pi.eeprom(config, sign=sign, with_key=with_key)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    assert raspberry_pi.parse_eeprom(reader(data), len(data)).signing.signed is signed


def test_a_boot_image_with_its_signature() -> None:
    try:
        key, text = raspberry_pi.parse_public_key(pi.public_key(rsa_key("pi"))), pi.detached(CODE, rsa_key("pi"))
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    found = raspberry_pi.parse_signature(text.decode())
    assert found.time == 1_700_000_000
    assert [one.holds for one in found.verify(CODE, key)] == [True, True]
    assert [one.holds for one in found.verify(CODE[1:], key)] == [False, False]


@pytest.mark.parametrize("text", ["", "ts: 1\n", "00" * 31, "zz" * 32, "00" * 32 + "\nrsa2048: xyz", "ts: x"])
def test_what_is_no_signature_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        raspberry_pi.parse_signature(text)


@pytest.mark.parametrize("at", [0, 4, 8200])
def test_an_eeprom_whose_sections_do_not_follow_is_malformed(at: int, eeprom: bytes) -> None:
    with pytest.raises(Malformed):
        raspberry_pi.parse_eeprom(reader(changed(eeprom, at, 0x40)), len(eeprom))
