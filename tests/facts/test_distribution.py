"""Which distribution a root is made from."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.distribution import Distribution
from firmward.facts.lifecycle import Line
from firmward.model.memory import Content, MemoryTree

NAMED = [
    ("ID=debian\nVERSION_ID=12\n", "debian", "12"),
    ("ID=raspbian\nVERSION_ID=11\nID_LIKE=debian\n", "debian", "11"),
    ('ID="lede"\nVERSION_ID="17.01.4"\n', "openwrt", "17.01"),
    ("ID=poky\nVERSION_ID=4.0.5\n", "yocto", "4.0"),
    ("ID=boxos\nVERSION_ID=2\nVERSION_CODENAME=kirkstone\n", "yocto", "4.0"),
    ("ID=boxos\nDISTRO_CODENAME=scarthgap\n", "yocto", "5.0"),
    ("ID=mydeb\nID_LIKE=debian\nVERSION_CODENAME=bookworm\n", "debian", "12"),
    ("ID=mydeb\nVERSION_ID=3\nID_LIKE=debian\n", "debian", None),
    ("ID=vendoros\nID_LIKE='lede openwrt'\nVERSION_ID=15.05.1\n", "openwrt", None),
    ("ID=openwrt\nVERSION_ID=SNAPSHOT\n", "openwrt", None),
    ("ID=debian\nPRETTY_NAME='Debian sid'\n", "debian", None),
    ("ID=boxos\nVERSION_ID=2\n", "", None),
    ("ID=boxos\nID_LIKE=buildroot\nVERSION_ID=2\n", "", None),
]


@pytest.mark.parametrize(("text", "product", "line"), NAMED)
def test_os_release_names_it(text: str, product: str, line: str | None) -> None:
    found = Collection(MemoryTree({"etc/os-release": text})).get(Distribution)
    assert isinstance(found, Distribution)
    assert found.product == product
    assert (found.line.line if isinstance(found.line, Line) else None) == line


def test_an_old_openwrt_has_a_file_of_its_own() -> None:
    text = "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='21.02.3'\n"
    found = Collection(MemoryTree({"etc/openwrt_release": text})).get(Distribution)
    assert isinstance(found, Distribution)
    assert (found.product, found.version) == ("openwrt", "21.02.3")
    assert Collection(MemoryTree({"etc/openwrt_release": "DISTRIB_ID='Other'\n"})).get(Distribution) is None


def test_a_makers_own_is_named_once() -> None:
    text = "ID=boxos\nVERSION_ID=2.4\nPRETTY_NAME='Box OS 2.4'\n"
    found = Collection(MemoryTree({"etc/os-release": text})).get(Distribution)
    assert isinstance(found, Distribution)
    assert (found.title, found.version) == ("Box OS 2.4", "")


LIBC = b"\x7fELF\0GNU C Library (%s) stable release version 2.3x.\0"
LIBRARIES = [
    (b"Debian GLIBC 2.36-9+deb12u13", "debian", "12"),
    (b"Ubuntu GLIBC 2.35-0ubuntu3.8", "ubuntu", "22.04"),
    (b"Debian GLIBC 2.40-2", "debian", None),
    (b"GNU libc", "", None),
]


@pytest.mark.parametrize(("banner", "product", "line"), LIBRARIES)
def test_the_c_library_says_who_built_a_makers_own_system(banner: bytes, product: str, line: str | None) -> None:
    files: dict[str, Content] = {"etc/os-release": "ID=boxos\n", "lib/arm-linux-gnueabihf/libc.so.6": LIBC % banner}
    found = Collection(MemoryTree(files)).get(Distribution)
    assert isinstance(found, Distribution)
    assert (found.product, found.line.line if isinstance(found.line, Line) else None) == (product, line)


def test_a_distribution_that_names_itself_is_not_asked_for_its_c_library() -> None:
    library = LIBC % b"Debian GLIBC 2.36-9"
    files: dict[str, Content] = {"etc/os-release": "ID=debian\nVERSION_ID=11\n", "lib/x-linux-gnu/libc.so.6": library}
    found = Collection(MemoryTree(files)).get(Distribution)
    assert isinstance(found, Distribution)
    assert found.version == "11"
