"""Configurations of kernels: what is set, what is not, and what a file does not tell."""

import pytest
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.formats.kernel_config import SIZE_LIMIT, WHOLE, parse
from firmward.formats.malformed import Malformed

MADE = "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.1.55 Kernel Configuration\n#\n"
MANY = "".join(f"CONFIG_OPTION_{number}=y\n" for number in range(WHOLE))


def test_a_complete_one_says_of_which_kernel_it_is() -> None:
    found = parse(MADE + MANY)
    assert (found.is_complete, found.version, found.architecture) == (True, "6.1.55", "arm64")


def test_before_2_6_39_the_title_had_no_architecture() -> None:
    old = "#\n# Automatically generated make config: don't edit\n# Linux kernel version: 2.6.36.4\n# Tue Mar 1 2011\n"
    found = parse(old + MANY)
    assert (found.is_complete, found.version, found.architecture) == (True, "2.6.36.4", "")


def test_values_are_as_kconfig_writes_them() -> None:
    text = 'CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D="a \\"b\\""\nCONFIG_E=0x1000\nCONFIG_A=m\n'
    assert parse(text).settings == {"B": "m", "C": "n", "D": 'a "b"', "E": "0x1000", "A": "m"}


@pytest.mark.parametrize("text", [MANY, MADE + "CONFIG_A=y\n", (MADE + MANY)[:-1], MADE.replace("Auto", "") + MANY])
def test_what_is_no_complete_one_is_taken_for_none(text: str) -> None:
    """A defconfig, a fragment, one that is cut off, one that nothing says was made."""
    assert not parse(text).is_complete


@pytest.mark.parametrize("text", ["", "# a text\n", "CONFIG_A=y\n" * (SIZE_LIMIT // 10)])
def test_what_is_no_configuration_is_told(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


@pytest.mark.proof
@pytest.mark.parametrize(("flavour", "architecture"), [("amd64", "amd64"), ("armmp", "armhf")])
def test_debians_have_each_line_that_stands_there(flavour: str, architecture: str) -> None:
    try:
        (file,) = kernel(flavour, architecture).glob("boot/config-*")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    lines = file.read_text().split("\n")
    set_to = dict(line.removeprefix("CONFIG_").split("=", 1) for line in lines if line.startswith("CONFIG_"))
    unset = {line.split()[1].removeprefix("CONFIG_") for line in lines if line.endswith(" is not set")}
    found = parse(file.read_text())
    assert found.is_complete
    assert {name: value.strip('"') for name, value in set_to.items()} == {
        name: value for name, value in found.settings.items() if name not in unset
    }
    assert {name for name, value in found.settings.items() if value == "n"} == unset
