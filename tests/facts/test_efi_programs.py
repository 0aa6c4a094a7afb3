"""What firmware starts of a disk, by whom it is signed, and what it loads unseen."""

import shutil
import struct
from pathlib import Path

import pytest
from efi_disk import FALLBACK, GRUB, LOADER, UKI, build, collected, listed, store
from efi_store import SHA256, signature_list
from mutated import mutated
from pe_image import built, certificate, put, reader, renamed, sbsigned
from real.packages import unpacked

from firmward.facts.collection import Collection
from firmward.facts.efi_programs import EfiProgram, EfiPrograms, Maker, Place
from firmward.facts.secure_boot import SecureBoot
from firmward.formats import pe
from firmward.image.source import Bytes
from firmward.model.facts import Unknown
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part


def with_vendor(name: str) -> bytes:
    """A shim with the certificate of this key as its maker's."""
    der = certificate(name)
    table = struct.pack("<4I", len(der), 0, 16, 16 + len(der))
    return renamed(built({".text": b"\x90" * 100, ".vendor": table + der}), 1, ".vendor_cert")


def programs(folder: Path, files: dict[str, bytes], variables: bytes | None = None) -> EfiPrograms:
    shutil.rmtree(folder / "images", ignore_errors=True)
    found = collected(build(folder / "images", files, variables)).get(EfiPrograms)
    assert isinstance(found, EfiPrograms), found
    return found


def only(folder: Path, data: bytes, variables: bytes | None = None) -> EfiProgram:
    found = programs(folder, {FALLBACK: data}, variables)
    assert (len(found.found), found.unread) == (1, ())
    return found.found[0]


KEYED = store(listed("leaf"), pk=listed("root"))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("EFI/BOOT/BOOTX64.EFI", Place.FALLBACK),
        ("EFI/BOOT/BOOTAA64.EFI", Place.FALLBACK),
        ("efi/boot/bootriscv64.efi", Place.FALLBACK),
        ("EFI/BOOT/mmx64.efi", Place.BESIDE),
        ("EFI/BOOT/grubx64.efi", Place.ENTRY),
        ("EFI/debian/shimx64.efi", Place.ENTRY),
        ("EFI/systemd/systemd-bootx64.efi", Place.ENTRY),
        ("EFI/tools/memtest.efi", Place.ENTRY),
        ("EFI/Linux/board-1.2.efi", Place.MANAGED),
        ("EFI/Linux/board-1.2.efi.extra.d/debug.addon.efi", Place.ADDON),
        ("loader/addons/debug.addon.efi", Place.ADDON),
    ],
)
def test_what_starts_a_program_is_told_by_its_place(path: str, place: Place, tmp_path: Path) -> None:
    (one,) = programs(tmp_path, {path: LOADER}).found
    assert (one.at.path, one.place) == (path, place)


def test_a_tool_beside_a_fallback_is_not_started(tmp_path: Path) -> None:
    found = programs(tmp_path, {FALLBACK: LOADER, "EFI/tools/memtest.efi": LOADER})
    assert [one.at.path for one in found.started] == [FALLBACK]


def test_a_program_that_is_the_whole_image_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "board.efi").write_bytes(UKI)
    found = collected(tmp_path / "board.efi").get(EfiPrograms)
    assert isinstance(found, EfiPrograms)
    assert [(one.place, one.maker, one.is_signed) for one in found.found] == [(Place.ALONE, Maker.UKI, False)]


def test_signatures_are_held_against_the_enrolled_keys(tmp_path: Path) -> None:
    signed = sbsigned(UKI, tmp_path)
    one = only(tmp_path, signed, KEYED)
    assert (one.maker, one.signers, one.broken, one.accepted) == (Maker.UKI, ("leaf",), None, True)
    assert one.why == "a signature leads to a certificate in db (leaf)"
    assert only(tmp_path, signed).accepted is None
    assert only(tmp_path, signed, store()).accepted is None, "no keys to judge by"
    assert only(tmp_path, signed, store(listed("stranger"), pk=listed("root"))).accepted is False
    revoked = only(tmp_path, signed, store(listed("leaf"), listed("leaf"), pk=listed("root")))
    assert (revoked.accepted, revoked.why) == (False, "dbx has a certificate that leads to its signer")


def test_a_byte_that_was_changed_breaks_the_signature(tmp_path: Path) -> None:
    signed = sbsigned(UKI, tmp_path)
    at = signed.index(b"root=/dev/vda2")
    one = only(tmp_path, put(signed, at, signed[at] ^ 1, 1), KEYED)
    assert one.accepted is False
    assert one.broken is not None
    assert not any(piece.is_covered for piece in one.pieces)


def test_an_unsigned_program_whose_digest_is_enrolled_is_let_in(tmp_path: Path) -> None:
    digest = pe.digest(pe.parse(reader(UKI), len(UKI)), reader(UKI))
    one = only(tmp_path, UKI, store(signature_list(SHA256, digest), pk=listed("root")))
    assert (one.is_signed, one.accepted, one.why) == (False, True, "its digest is in db")


def test_the_sections_of_a_kernel_image_are_covered_by_its_signature(tmp_path: Path) -> None:
    pieces = {piece.kind: piece.is_covered for piece in only(tmp_path, sbsigned(UKI, tmp_path)).pieces}
    assert pieces == dict.fromkeys(("osrel", "cmdline", "initrd", "linux"), True)
    assert not any(piece.is_covered for piece in only(tmp_path, UKI).pieces)


def test_what_is_no_program_is_told(tmp_path: Path) -> None:
    found = programs(tmp_path, {FALLBACK: b"MZ" + bytes(500), "EFI/Linux/a.efi": built({}, subsystem=3)})
    assert found.found == ()
    assert len(found.unread) == 2


CONFIG = """set root=hd0,gpt2
menuentry 'Board' {
    linux /vmlinuz root=/dev/vda2 ro quiet
    initrd /initrd.img /more.img
}
"""


def test_what_a_grub_loads_is_named_with_what_no_signature_covers(tmp_path: Path) -> None:
    files = {
        FALLBACK: sbsigned(GRUB, tmp_path),
        "EFI/debian/grub.cfg": CONFIG.encode(),
        "vmlinuz": sbsigned(UKI, tmp_path),
        "initrd.img": b"x" * 100,
    }
    (one,) = programs(tmp_path, files).found
    assert one.maker is Maker.GRUB
    assert [(each.kind, each.path, each.is_covered) for each in one.loads] == [
        ("configuration", "EFI/debian/grub.cfg", False),
        ("kernel", "/vmlinuz", None),
        ("initramfs", "/initrd.img", False),
        ("initramfs", "/more.img", False),
    ]


def test_a_kernel_that_is_not_signed_is_not_covered_and_detached_signatures_may_cover(tmp_path: Path) -> None:
    files = {
        FALLBACK: sbsigned(GRUB, tmp_path),
        "EFI/debian/grub.cfg": CONFIG.encode(),
        "EFI/debian/grub.cfg.sig": b"detached" * 10,
        "initrd.img.sig": b"detached" * 10,
        "vmlinuz": UKI,
    }
    (one,) = programs(tmp_path, files).found
    assert [each.is_covered for each in one.loads] == [None, False, None, False]


def test_an_entry_of_systemd_boot_has_its_kernel_verified_and_not_its_ramdisk(tmp_path: Path) -> None:
    entry = b"title Board\nlinux /vmlinuz\ninitrd /initrd.img\noptions root=/dev/vda2 ro\n"
    files = {
        FALLBACK: sbsigned(
            built({".text": b"\x90" * 500, ".sdmagic": b"#### LoaderInfo: systemd-boot ####"}), tmp_path
        ),
        "loader/entries/board.conf": entry,
        "vmlinuz": sbsigned(UKI, tmp_path),
        "initrd.img": b"x" * 100,
    }
    (one,) = programs(tmp_path, files).found
    assert one.maker is Maker.SYSTEMD_BOOT
    told = [(each.kind, each.is_covered) for each in one.loads]
    assert told == [("configuration", False), ("kernel", True), ("initramfs", False)]


def test_what_shim_starts_is_judged_by_the_certificate_in_it(tmp_path: Path) -> None:
    files = {FALLBACK: sbsigned(with_vendor("stranger"), tmp_path), "EFI/BOOT/grubx64.efi": GRUB}
    for signer, accepted in (("stranger", True), ("leaf", True), ("twin", False)):
        files["EFI/BOOT/grubx64.efi"] = sbsigned(GRUB, tmp_path, signer)
        first, second = programs(tmp_path, files, KEYED).found
        assert (first.maker, first.accepted) == (Maker.SHIM, True)
        assert (second.maker, second.accepted) == (Maker.GRUB, accepted)
    found = programs(tmp_path, files | {"EFI/BOOT/grubx64.efi": sbsigned(GRUB, tmp_path, "stranger")}).found
    assert [one.accepted for one in found] == [None, True], "shim's own list is in the image, firmware's is not"


@pytest.mark.proof
def test_debians_chain_of_shim_and_grub_with_microsofts_keys(tmp_path: Path) -> None:
    variables = Path("/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
    if not variables.is_file():
        pytest.skip("ovmf is not installed")
    loaders = {
        FALLBACK: unpacked("shim-signed", "amd64") / "usr/lib/shim/shimx64.efi.signed",
        "EFI/BOOT/grubx64.efi": unpacked("grub-efi-amd64-signed", "amd64")
        / "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed",
    }
    files = {path: place.read_bytes() for path, place in loaders.items()} | {"EFI/debian/grub.cfg": CONFIG.encode()}
    found = programs(tmp_path, files, variables.read_bytes()).found
    assert [(one.maker, one.accepted) for one in found] == [(Maker.SHIM, True), (Maker.GRUB, True)]
    assert [each.is_covered for each in found[1].loads] == [False, None, False, False]


def test_damage_is_told_and_raises_nothing(tmp_path: Path) -> None:
    """Programs and variables as an attacker may leave them: a fault in a collector would cost the whole family."""
    program = sbsigned(with_vendor("leaf"), tmp_path)
    for damaged, variables in zip(mutated(program, 300), mutated(KEYED, 300, span=4096), strict=True):
        parts = {
            "image/a.efi": OpenPart(Part("image/a.efi", "efi-program", "image"), Bytes(damaged)),
            "image/vars": OpenPart(Part("image/vars", "efi-variables", "image"), Bytes(variables)),
        }
        found = Collection(MemoryTree({}), parts=Parts("image", parts))
        for family in (SecureBoot, EfiPrograms):
            assert not isinstance(found.get(family), Unknown)
