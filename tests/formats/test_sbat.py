"""SBAT: the generations of a boot program's components."""

import pytest

from firmward.formats import sbat
from firmward.formats.malformed import Malformed

SECTION = (
    b"sbat,1,SBAT Version,sbat,1,https://example.org/SBAT.md\n"
    b"grub,4,Free Software Foundation,grub,2.06,https://example.org/\n"
    b"grub.vendor,1,A Vendor,grub2,2.06-13,mail:security@example.org\n"
    b"\0\0\0"
)


def test_every_line_is_a_component() -> None:
    found = sbat.parse(SECTION)
    assert [(one.name, one.generation) for one in found] == [("sbat", 1), ("grub", 4), ("grub.vendor", 1)]
    assert found[1] == sbat.Component("grub", 4, "Free Software Foundation", "grub", "2.06")


@pytest.mark.parametrize(("least", "refused"), [(b"grub,4\n", []), (b"grub,5\n", ["grub"]), (b"shim,9\n", [])])
def test_a_lower_generation_than_listed_is_revoked(least: bytes, refused: list[str]) -> None:
    listed = sbat.parse(b"sbat,1,2023012900\n" + least)
    assert [one.name for one in sbat.revoked(sbat.parse(SECTION), listed)] == refused


@pytest.mark.parametrize("data", [b"grub\n", b"grub,\n", b"grub,-1\n", b"grub,x\n", b"g,9999999999\n", b"a,1\n" * 300])
def test_what_has_no_generation_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        sbat.parse(data)


def test_a_section_of_absurd_size_is_refused() -> None:
    with pytest.raises(Malformed):
        sbat.parse(bytes(sbat.SIZE_LIMIT + 1))
