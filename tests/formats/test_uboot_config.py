"""U-Boot configurations, complete and not."""

import pytest

from firmward.formats import kconfig
from firmward.formats.malformed import Malformed
from firmward.formats.uboot_config import SIZE_LIMIT, parse, resolved
from firmward.model.facts import Unknown

DEFCONFIG = (
    b'CONFIG_ARM=y\nCONFIG_BOOTDELAY=-2\nCONFIG_PROMPT="a \\"b\\" \\\\"\n# CONFIG_CMD_GO is not set\nCONFIG_EMPTY=""\n'
)
TITLE = b"#\n# Automatically generated file; DO NOT EDIT.\n# U-Boot 2023.01 Configuration\n#\n"


def test_a_defconfig_says_what_differs_and_the_rest_is_unknown() -> None:
    config = parse(DEFCONFIG)
    assert (config.is_complete, config.version) == (False, None)
    assert (config.get("BOOTDELAY"), config.get("CONFIG_BOOTDELAY")) == ("-2", "-2")
    assert config.get("PROMPT") == 'a "b" \\'
    assert config.get("EMPTY") == ""
    assert config.get("CMD_GO") is None
    assert config.is_on("CMD_GO") is False
    assert config.is_on("ARM") is True
    assert isinstance(config.get("CMD_BOOTI"), Unknown)
    assert isinstance(config.is_on("CMD_BOOTI"), Unknown)


@pytest.mark.parametrize(
    ("title", "version"),
    [
        (TITLE, "2023.01"),
        (b"#\n# Automatically generated file; DO NOT EDIT.\n# U-Boot 2014.10-rc1 Configuration\n#\n", "2014.10-rc1"),
        (b"# Automatically generated file; DO NOT EDIT.\n", None),
        (TITLE.replace(b"\n", b"\r\n"), "2023.01"),
    ],
)
def test_a_complete_one_says_so_and_what_it_leaves_out_is_off(title: bytes, version: str | None) -> None:
    config = parse(title + DEFCONFIG)
    assert (config.is_complete, config.version) == (True, version)
    assert config.get("CMD_BOOTI") is None
    assert config.is_on("CMD_BOOTI") is False


def test_the_last_line_about_an_option_counts() -> None:
    config = parse(b"CONFIG_A=y\nCONFIG_B=y\n# CONFIG_A is not set\nCONFIG_B=0x10\r\n")
    assert config.settings == {"A": "n", "B": "0x10"}
    assert list(parse(b"CONFIG_A=y\nCONFIG_B=y\nCONFIG_A=y\n").settings) == ["B", "A"]


def test_families_are_found_by_a_pattern() -> None:
    config = parse(b"CONFIG_ENV_IS_IN_MMC=y\n# CONFIG_ENV_IS_NOWHERE is not set\nCONFIG_ENV_SIZE=0x2000\n")
    assert config.matching("ENV_IS_.*") == {"ENV_IS_IN_MMC": "y"}


def test_with_its_tree_a_defconfig_is_complete_but_for_what_the_tree_leaves_open() -> None:
    kconfig_file = b"""
config ARM
    bool "arm"
config BOOTDELAY
    int "delay"
    default 2
config FIT
    def_bool ARM
config GCC
    def_bool $(success,gcc)
"""
    found = resolved(parse(DEFCONFIG), kconfig.parse({"Kconfig": kconfig_file}))
    assert found.is_complete
    assert (found.get("BOOTDELAY"), found.get("FIT"), found.get("LEGACY_IMAGE_FORMAT")) == ("-2", "y", None)
    assert isinstance(found.get("GCC"), Unknown)
    complete = parse(TITLE + DEFCONFIG)
    assert resolved(complete, kconfig.parse({"Kconfig": kconfig_file})) is complete


@pytest.mark.parametrize("data", [b"", b"just text\n", b"x" * (SIZE_LIMIT + 1), b"\0" * 5000])
def test_what_is_no_configuration_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)
