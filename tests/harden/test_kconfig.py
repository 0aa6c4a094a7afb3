"""What a fragment may say, and how several cures of one list come together."""

import pytest

from firmward.formats import uboot_config
from firmward.harden import kconfig
from firmward.harden.changes import set_kernel_option, set_uboot_option
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.model.facts import Facts, Source
from firmward.model.memory import MemoryTree
from firmward.model.remedy import SetKernelOption, SetUbootOption


def site() -> Site:
    return Site(Draft(MemoryTree({})), Facts("made", Source.IMAGE, {}))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("CONFIG_A", 'y"'), ("CONFIG_A", "y\nCONFIG_B=y"), ("CONFIG_A", '"a" b'), ("CONFIG_A", '"a\nb"'), ("A", "y"),
        ("CONFIG_A B", "y"), ("CONFIG_", "y"), ("CONFIG_A", ""), ("CONFIG_A", '"\\"'), ("CONFIG_A", "yes"),
    ],
)  # fmt: skip
def test_what_is_no_line_of_a_configuration_is_refused(option: str, value: str) -> None:
    here = site()
    with pytest.raises(Refused):
        set_kernel_option.apply(SetKernelOption(option, value), here)
    with pytest.raises(Refused):
        set_uboot_option.apply(SetUbootOption(option, value), here)
    assert (here.beside.kernel, here.beside.uboot) == ({}, {})


@pytest.mark.parametrize("value", ["y", "n", "m", "32768", "-2", "0x1000", '"setenv stdin nulldev"', '""'])
def test_values_are_read_back_by_kconfig(value: str) -> None:
    text = kconfig.fragment("title", {"CONFIG_A": value, "CONFIG_END": "y"}, {})
    assert text is not None
    found = uboot_config.parse((text + "CONFIG_B=y\n").encode()).settings
    assert found["A"] == value.strip('"')


def test_security_modules_of_several_cures_add_up() -> None:
    here = site()
    for names in ("landlock,yama", "landlock,lockdown", "yama,apparmor", "selinux"):
        set_kernel_option.apply(SetKernelOption("CONFIG_LSM", f'"{names}"'), here)
    assert here.beside.kernel["CONFIG_LSM"] == '"landlock,yama,lockdown,apparmor"'


def test_a_list_is_not_put_together_with_what_is_none() -> None:
    here = site()
    set_kernel_option.apply(SetKernelOption("CONFIG_PANIC_TIMEOUT", "-1"), here)
    set_kernel_option.apply(SetKernelOption("CONFIG_PANIC_TIMEOUT", "5"), here)
    assert here.beside.kernel == {"CONFIG_PANIC_TIMEOUT": "5"}


HOSTILE = (
    "a\nCONFIG_A=y",
    "CONFIG_A is not set",
    "  CONFIG_A is not set",
    "\rCONFIG_A=y",
    "a\x85CONFIG_A=y\u2028CONFIG_A=y",
    "\x1b[2Jnothing to see\0",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_comment_says_nothing_to_kconfig(text: str) -> None:
    told = kconfig.comment(text)
    assert len(told.splitlines()) == 1
    assert told.isprintable()
    assert told.startswith("# ")
    assert not told.startswith("# CONFIG_")
