"""Which parts boot, and whose signature covers each."""

from collections.abc import Iterable

import pytest
from beside import around

from firmward.facts import boot_pieces, signature_over
from firmward.facts.avb import Avb, Covered, FoundVbmeta, Standing
from firmward.facts.boot_keys import BootKeys, Key, KeyRing, PlacedRing
from firmward.facts.boot_pieces import BootPieces, Stage
from firmward.facts.efi_programs import EfiProgram, EfiPrograms, Loaded, Maker, Place
from firmward.facts.first_stages import FirstStage, FirstStages, Signed
from firmward.facts.fits import (
    FitConfiguration,
    FitHash,
    FitImage,
    Fits,
    FitSignature,
    FoundFit,
    HashState,
    SignatureState,
)
from firmward.facts.signature_over import Signatures
from firmward.facts.uboots import FoundUboot, Uboots
from firmward.facts.uboots import Stage as Kind
from firmward.model.chain import State
from firmward.model.location import Location
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part, Role

ROLES = {
    "kernel": Role.KERNEL,
    "dtb": Role.DEVICE_TREE,
    "ramdisk": Role.INITRAMFS,
    "uboot": Role.BOOT_LOADER,
    "root": Role.ROOT,
}


def parts(*rows: tuple[str, str]) -> Parts:
    """Parts by id and kind; the last step of an id says the role."""
    return around(*(
        OpenPart(Part(id, kind, id.rpartition("/")[0] or None, role=ROLES.get(id.rpartition("/")[2], Role.OTHER)))
        for id, kind in rows
    ))  # fmt: skip


def collected(
    image: Parts,
    stages: Iterable[FirstStage] = (),
    fits: Iterable[FoundFit] = (),
    keys: BootKeys | None = None,
    uboots: Uboots | None = None,
    programs: EfiPrograms | None = None,
    vbmetas: Avb | None = None,
) -> BootPieces:
    signatures = signature_over.collect(
        image, FirstStages(tuple(stages)), Fits(tuple(fits)), keys, uboots, programs, vbmetas
    )
    found = boot_pieces.collect(image, signatures, uboots)
    assert found is not None
    return found


def states(found: BootPieces) -> dict[str | None, str]:
    return {piece.at.part: piece.state.value for piece in found.pieces}


def stage(part: str, signed: Signed, *, uncovered: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> FirstStage:
    return FirstStage(Location(part=part), "imx-ivt", signed, "as it is", uncovered, broken)


FIT = Location(part="image/fit")
GOOD = (FitSignature("sha256,rsa2048", SignatureState.VERIFIED),)
BOOTS = (("kernel", "kernel"), ("fdt", "dtb"), ("ramdisk", "ramdisk"))
IN_FIT = parts(("image/fit", "fit"), ("image/fit/kernel", "gzip"), ("image/fit/dtb", "device-tree"))


def fit(signatures: tuple[FitSignature, ...] = GOOD, *uncovered: str, images: tuple[FitImage, ...] = ()) -> FoundFit:
    return FoundFit(FIT, images, (FitConfiguration("conf", BOOTS, signatures, uncovered),), "conf")


def ring(required: str | None, part: str = "image/u-boot") -> BootKeys:
    return BootKeys((PlacedRing(Location(part=part), KeyRing((Key("dev", None, required, None),))),))


@pytest.mark.parametrize(
    ("one", "state"),
    [
        (stage("image/u-boot", Signed.NO), "unverified"),
        (stage("image/u-boot", Signed.YES), "verified"),
        (stage("image/u-boot", Signed.UNKNOWN), "unknown"),
        (stage("image/u-boot", Signed.YES, uncovered=("code",)), "broken"),
        (stage("image/u-boot", Signed.YES, broken=("digest",)), "broken"),
    ],
)
def test_a_first_stage_speaks_for_the_boot_loader_in_it(one: FirstStage, state: str) -> None:
    image = parts(("image/u-boot", "imx-ivt"), ("image/u-boot/uboot", "u-boot"))
    whole = Uboots((FoundUboot(Location(part="image/u-boot/uboot"), "2023.01", frozenset((Kind.PROPER,))),))
    found = collected(image, [one], uboots=whole)
    assert states(found) == {"image/u-boot": state, "image/u-boot/uboot": state}
    assert [piece.stage for piece in found.pieces] == [Stage.FIRST, Stage.LOADER]


def test_a_piece_of_the_first_stage_itself_is_not_told_again() -> None:
    image = parts(("image/idb", "rockchip-id"), ("image/idb/uboot", "u-boot"), ("image/idb/dtb", "device-tree"))
    spl = Uboots((FoundUboot(Location(part="image/idb/uboot"), "2023.01", frozenset((Kind.SPL,))),))
    assert states(collected(image, [stage("image/idb", Signed.NO)], uboots=spl)) == {"image/idb": "unverified"}


@pytest.mark.parametrize(
    ("found", "keys", "state"),
    [
        (fit(), ring("conf"), "verified"),
        (fit(), ring(None), "broken"),
        (fit(), ring("image"), "broken"),
        (fit((FitSignature("sha256,rsa2048", SignatureState.NO_KEY),)), None, "unknown"),
        (fit((FitSignature("sha256,rsa2048", SignatureState.INVALID),)), ring("conf"), "broken"),
        (fit((FitSignature("sha256,rsa2048", SignatureState.FOREIGN),)), ring("conf"), "broken"),
        (fit((FitSignature("sha999,rsa2048", SignatureState.UNKNOWN),)), ring("conf"), "unknown"),
        (fit((FitSignature("sha256,rsa2048", SignatureState.EMPTY),)), ring("conf"), "unverified"),
        (fit(()), ring("conf"), "unverified"),
        (fit(GOOD, "kernel /images/kernel: the signature is over none of its hashes"), ring("conf"), "broken"),
        (fit(GOOD, "configuration /configurations/conf: the signature is not over this node"), ring("conf"), "broken"),
        (
            fit(images=(FitImage("kernel", "kernel", (FitHash("sha256", HashState.DIFFERS),)),)),
            ring("conf"),
            "broken",
        ),
        (fit((), images=(FitImage("kernel", "kernel", (), GOOD),)), ring("image"), "verified"),
        (fit((), images=(FitImage("kernel", "kernel", (), GOOD),)), ring("conf"), "broken"),
    ],
)
def test_a_kernel_in_a_fit_is_worth_what_signature_and_key_are(
    found: FoundFit, keys: BootKeys | None, state: str
) -> None:
    assert states(collected(IN_FIT, fits=[found], keys=keys))["image/fit/kernel"] == state


def test_a_signature_is_not_verified_by_a_key_that_only_somebody_named() -> None:
    image = parts(("image/fit", "fit"), ("image/fit/kernel", "gzip"), ("image/key", "public-key"))
    given = BootKeys((), (), ring(None, "image/key").rings)
    found = collected(image, fits=[fit()], keys=given)
    assert states(found)["image/fit/kernel"] == "unknown"


def test_what_no_configuration_boots_is_no_piece() -> None:
    one = FoundFit(FIT, (), (FitConfiguration("conf", (("kernel", "kernel"),), GOOD),), "conf")
    assert states(collected(IN_FIT, fits=[one], keys=ring("conf"))) == {"image/fit/kernel": "verified"}


def test_the_device_trees_that_a_boot_loader_keeps_are_not_the_kernels() -> None:
    loaders = FoundFit(FIT, (), (FitConfiguration("conf", (("loadables", "uboot"), ("fdt", "dtb"))),), "conf")
    image = parts(("image/fit", "fit"), ("image/fit/uboot", "u-boot"), ("image/fit/dtb", "device-tree"))
    assert states(collected(image, fits=[loaders])) == {"image/fit/uboot": "unverified"}
    alone = parts(("image/dtb", "device-tree"), ("image/kernel", "zimage"))
    assert states(collected(alone, keys=ring("conf", "image/dtb"))) == {"image/kernel": "unverified"}
    assert states(collected(alone)) == {"image/dtb": "unverified", "image/kernel": "unverified"}


@pytest.mark.parametrize(
    ("above", "state"),
    [
        (("fat",), "unverified"),
        (("gpt", "fat", "gzip"), "unverified"),
        (("uimage",), "unverified"),
        (("swu", "tar"), "unverified"),
        (("android-boot",), "unknown"),
        (("vendor-boot", "gzip"), "unknown"),
        (("somebodys-container",), "unknown"),
        (("fat", "luks"), "unknown"),
    ],
)
def test_what_carries_a_kernel_has_a_place_for_a_signature_or_none(above: tuple[str, ...], state: str) -> None:
    ids = [f"image{''.join(f'/{step}' for step in range(number))}" for number in range(1, len(above) + 1)]
    image = parts(*zip(ids, above, strict=True), (f"{ids[-1]}/kernel", "zimage"))
    assert states(collected(image)) == {f"{ids[-1]}/kernel": state}


def test_a_kernel_in_the_root_beside_a_fit_that_has_one_is_a_copy() -> None:
    rows = (("image/root", "squashfs"), ("image/root/boot/kernel", "zimage"), ("image/fit", "fit"))
    with_fit = parts(*rows, ("image/fit/kernel", "gzip"))
    assert list(states(collected(with_fit, fits=[fit()], keys=ring("conf")))) == ["image/fit/kernel"]
    assert list(states(collected(parts(*rows[:2])))) == ["image/root/boot/kernel"]


def test_what_lies_in_a_piece_of_its_kind_is_not_told_again() -> None:
    image = parts(("image/kernel", "zimage"), ("image/kernel/kernel", "vmlinux"), ("image/kernel/ramdisk", "cpio"))
    assert states(collected(image)) == {"image/kernel": "unverified", "image/kernel/ramdisk": "unverified"}


def test_nothing_is_verified_of_what_was_read_only_in_part() -> None:
    one = OpenPart(Part("image/fit/kernel", "gzip", "image/fit", role=Role.KERNEL, problem="cut off"))
    image = around(OpenPart(Part("image/fit", "fit", "image")), one)
    assert states(collected(image, fits=[fit()], keys=ring("conf"))) == {"image/fit/kernel": "unknown"}


def test_without_any_piece_there_is_none() -> None:
    image = parts(("image/root", "squashfs"))
    signatures = Signatures(image, None, None, None, None)
    assert boot_pieces.collect(image, signatures, None) is None
    cover = signatures.over("image/root")
    assert cover is not None
    assert cover.state is State.UNVERIFIED


# vbmeta


ANDROID = parts(("image/boot_a", "android-boot"), ("image/boot_a/kernel", "zimage"), ("image/vbmeta_a", "vbmeta"))


def vbmeta(
    standing: Standing, *, differs: str | None = None, compared: bool = True, test_key: str | None = None
) -> Avb:
    covered = Covered("boot", False, "00", 1, at=Location(part="image/boot_a"), is_compared=compared, differs=differs)
    at = Location(part="image/vbmeta_a")
    return Avb((FoundVbmeta(at, "vbmeta", "_a", standing, "as it is", test_key=test_key, covered=(covered,)),))


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (vbmeta(Standing.SIGNED), "verified"),
        (vbmeta(Standing.SIGNED, differs="the digest"), "broken"),
        (vbmeta(Standing.SIGNED, compared=False), "unknown"),
        (vbmeta(Standing.SIGNED, test_key="AOSP's testkey_rsa4096"), "broken"),
        (vbmeta(Standing.UNSIGNED), "unverified"),
        (vbmeta(Standing.BROKEN), "broken"),
        (vbmeta(Standing.DISABLED), "broken"),
        (vbmeta(Standing.UNCHAINED), "unknown"),
        (None, "unknown"),
    ],
)
def test_a_vbmeta_speaks_for_the_partition_that_it_covers(found: Avb | None, state: str) -> None:
    assert states(collected(ANDROID, vbmetas=found)) == {"image/boot_a/kernel": state}


def test_a_signed_vbmeta_that_leaves_out_the_kernel_is_a_hole() -> None:
    at = Location(part="image/vbmeta_a")
    alone = Avb((FoundVbmeta(at, "vbmeta", "_a", Standing.SIGNED),))
    assert states(collected(ANDROID, vbmetas=alone)) == {"image/boot_a/kernel": "broken"}


# UEFI


ESP = Location("EFI/BOOT/BOOTX64.EFI", part="image/esp")


@pytest.mark.parametrize(
    ("program", "state"),
    [
        (EfiProgram(ESP, Place.FALLBACK, Maker.UKI, ("maker",), accepted=True), "verified"),
        (EfiProgram(ESP, Place.FALLBACK, Maker.UKI, (), accepted=True), "verified"),
        (EfiProgram(ESP, Place.FALLBACK, Maker.UKI, ("maker",)), "verified"),
        (EfiProgram(ESP, Place.FALLBACK, Maker.UKI, ("stranger",), accepted=False), "broken"),
        (EfiProgram(ESP, Place.FALLBACK, Maker.UKI, ("maker",), broken="the digest differs"), "broken"),
        (EfiProgram(ESP, Place.FALLBACK, Maker.UKI), "unverified"),
    ],
)
def test_a_unified_kernel_image_speaks_for_the_kernel_in_it(program: EfiProgram, state: str) -> None:
    uki = "image/esp/EFI/BOOT/BOOTX64.EFI"
    image = parts(("image/esp", "fat"), (uki, "uki"), (f"{uki}/kernel", "bzimage"))
    found = collected(image, programs=EfiPrograms((program,)))
    assert [(piece.stage, piece.state.value) for piece in found.pieces] == [
        (Stage.FIRST, state),
        (Stage.KERNEL, state),
    ]


@pytest.mark.parametrize(("is_covered", "state"), [(True, "verified"), (False, "unverified"), (None, "unknown")])
def test_a_kernel_is_what_the_boot_manager_does_with_it(is_covered: bool | None, state: str) -> None:
    grub = EfiProgram(ESP, Place.FALLBACK, Maker.GRUB, ("maker",), loads=(Loaded("kernel", "/vmlinuz", is_covered),))
    kernel = OpenPart(Part("image/boot/vmlinuz", "bzimage", "image/boot", role=Role.KERNEL))
    image = around(OpenPart(Part("image/boot", "ext", "image")), kernel)
    found = states(collected(image, programs=EfiPrograms((grub,))))
    assert found["image/boot/vmlinuz"] == state


def test_behind_a_shim_the_boot_manager_is_the_second_link() -> None:
    shim = EfiProgram(ESP, Place.FALLBACK, Maker.SHIM, ("vendor",))
    grub = EfiProgram(Location("EFI/debian/grubx64.efi", part="image/esp"), Place.ENTRY, Maker.GRUB, ("debian",))
    found = collected(parts(("image/esp", "fat")), programs=EfiPrograms((shim, grub)))
    assert [piece.stage for piece in found.pieces] == [Stage.FIRST, Stage.LOADER]
