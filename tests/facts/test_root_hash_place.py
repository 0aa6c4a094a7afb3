"""Which root hashes no signature can cover."""

import pytest
from beside import around

from firmward.facts.kernel_command_line import CommandLine, KernelCommandLine
from firmward.facts.root_hash_place import collect
from firmward.facts.signature_over import Signatures
from firmward.facts.verity import Claim, Verity, Vouched
from firmward.formats.boot_arguments import arguments
from firmward.model.location import Location
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role

HASH = "5c" * 32
PARTS = around(
    OpenPart(Part("image/boot", "fat32", "image", role=Role.BOOT)),
    OpenPart(Part("image/boot/fit", "fit", "image/boot")),
    OpenPart(Part("image/boot/fit/gz", "gzip", "image/boot/fit")),
    OpenPart(Part("image/boot/fit/gz/ramdisk", "cpio", "image/boot/fit/gz", role=Role.INITRAMFS)),
    OpenPart(Part("image/ramdisk", "cpio", "image", role=Role.INITRAMFS)),
    OpenPart(Part("image/boot/uki", "uki", "image/boot")),
    OpenPart(Part("image/boot/uki/cmdline", "kernel-command-line", "image/boot/uki")),
)

SIGNATURES = Signatures(PARTS, None, None, None, None)


def claim(part: str | None, *options: str) -> Claim:
    return Claim(Location("verity.env", 1, part=part), HASH, options)


def lines(text: str) -> KernelCommandLine:
    return KernelCommandLine((CommandLine(arguments(text), Location("boot/cmdline.txt", 1), is_whole=True),))


@pytest.mark.parametrize(
    ("part", "carrier"),
    [
        (None, None),
        ("image/boot", None),
        ("image/ramdisk", None),
        ("image/boot/fit", "image/boot/fit"),
        ("image/boot/fit/gz/ramdisk", "image/boot/fit"),
        ("image/boot/uki/cmdline", "image/boot/uki"),
    ],
)
def test_what_lies_in_a_part_that_can_be_signed_is_not_known_to_be_open(part: str | None, carrier: str | None) -> None:
    found = collect(Verity((), (claim(part),)), None, None, None, SIGNATURES)
    assert found is not None
    assert [one.at.part for one in found.open] == ([part] if carrier is None else [])
    assert bool(found.unsure) is (carrier is not None)
    assert all(carrier in told for told in found.unsure if carrier is not None)


@pytest.mark.parametrize(
    ("options", "is_open"),
    [((), True), (("panic-on-corruption",), True), (("root-hash-signature=/etc/root.p7s",), False)],
)
def test_only_a_signature_makes_a_root_hash_trusted_anywhere(options: tuple[str, ...], is_open: bool) -> None:
    found = collect(Verity((), (claim("image/boot", *options),)), None, None, None, SIGNATURES)
    assert found is not None
    assert bool(found.open) is is_open


@pytest.mark.parametrize(
    ("line", "is_open"),
    [
        ("dm_verity.require_signatures=1", False),
        ("dm-verity.require_signatures=Y", False),
        ("dm_verity.require_signatures=0", True),
        ("dm_verity.require_signatures=1 dm_verity.require_signatures=0", True),
        ("quiet", True),
    ],
)
def test_a_kernel_that_demands_signatures_trusts_no_other_hash(line: str, is_open: bool) -> None:
    found = collect(Verity((), (claim("image/boot"),)), lines(line), None, None, SIGNATURES)
    assert found is not None
    assert bool(found.open) is is_open


VBMETA = Location(part="image/vbmeta_a")


@pytest.mark.parametrize(
    ("vouched", "told"),
    [
        ((Vouched(VBMETA, HASH, True, True),), (0, 0, 0)),
        ((Vouched(VBMETA, HASH, True, True, is_test_key=True),), (0, 0, 1)),
        ((Vouched(VBMETA, HASH, False, False, "not signed"),), (1, 0, 0)),
        ((Vouched(VBMETA, HASH, False, True, "verification is disabled"),), (0, 0, 0)),
        ((Vouched(VBMETA, HASH, None, True, "vbmeta is not in the image"),), (0, 1, 0)),
        ((Vouched(VBMETA, HASH, True, True), Vouched(VBMETA, HASH, False, False, "not signed")), (0, 0, 0)),
    ],
)
def test_the_root_hash_of_a_vbmeta_is_as_good_as_its_signature(
    vouched: tuple[Vouched, ...], told: tuple[int, int, int]
) -> None:
    found = collect(Verity((), (), (), (), vouched), None, None, None, SIGNATURES)
    assert found is not None
    assert (len(found.open), len(found.unsure), len(found.forgeable)) == told
