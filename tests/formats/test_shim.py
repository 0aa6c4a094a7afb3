"""What shim's maker built in, and what it starts with that."""

import struct
from pathlib import Path

import pytest
from efi_store import ADDED, GLOBAL, SHA256, X509, signature_list, volume
from mutated import mutated
from pe_image import built, certificate, reader, renamed, sbsigned
from real.packages import unpacked

from firmward.formats import efi_variables, pe, secure_boot, shim
from firmward.formats.efi_signature_list import Kind
from firmward.formats.malformed import Malformed
from firmward.formats.secure_boot import Decision

PROGRAM = built({".text": b"\x90" * 1000})
REVOKED = signature_list(SHA256, b"\1" * 32)


def made(section: bytes) -> bytes:
    return renamed(built({".text": b"x", ".vendor": section}), 1, ".vendor_cert")


def table(allowed: bytes, revoked: bytes = b"") -> bytes:
    return struct.pack("<4I", len(allowed), len(revoked), 16, 16 + len(allowed)) + allowed + revoked


def parsed(data: bytes) -> shim.Vendor | None:
    return shim.parse(pe.parse(reader(data), len(data)), reader(data))


def test_one_certificate_and_what_is_revoked() -> None:
    found = parsed(made(table(certificate("root"), REVOKED)))
    assert found is not None
    assert [one.data for one in found.allowed] == [certificate("root")]
    assert [one.kind for one in found.revoked] == [Kind.PROGRAM_DIGEST]


def test_a_list_of_what_is_allowed() -> None:
    found = parsed(made(table(signature_list(X509, b"one") + signature_list(X509, b"other"))))
    assert found is not None
    assert [one.data for one in found.allowed] == [b"one", b"other"]


def test_another_program_is_none() -> None:
    assert parsed(PROGRAM) is None


def test_the_makers_certificate_starts_what_it_signed(tmp_path: Path) -> None:
    keyed = [("PK", GLOBAL, signature_list(X509, b"x"), ADDED)]
    state = secure_boot.decide(efi_variables.parse_volume(reader(volume(keyed))))
    vendor = parsed(made(table(certificate("middle"))))
    assert vendor is not None
    data = sbsigned(PROGRAM, tmp_path)
    program = pe.parse(reader(data), len(data))
    assert secure_boot.admission(state, program, reader(data)).decision is Decision.REFUSED
    behind = secure_boot.behind_shim(state, vendor)
    assert secure_boot.admission(behind, program, reader(data)).decision is Decision.STARTED


@pytest.mark.parametrize("section", [b"short", struct.pack("<4I", 1 << 31, 0, 16, 16), struct.pack("<4I", 0, 4, 0, 99)])
def test_tables_that_cannot_be_are_refused(section: bytes) -> None:
    with pytest.raises(Malformed):
        parsed(made(section))


def test_damage_gives_nothing_but_reasons() -> None:
    for damaged in mutated(table(certificate("root"), REVOKED), 1000):
        try:
            parsed(made(damaged))
        except Malformed:
            continue


@pytest.mark.proof
@pytest.mark.parametrize(
    ("architecture", "rest"), [("amd64", "grub-efi-amd64-signed"), ("arm64", "grub-efi-arm64-signed")]
)
def test_debians_shim_starts_debians_grub(architecture: str, rest: str) -> None:
    keyed = [("PK", GLOBAL, signature_list(X509, b"x"), ADDED)]
    state = secure_boot.decide(efi_variables.parse_volume(reader(volume(keyed))))
    (loader,) = unpacked("shim-signed", architecture).rglob("shim*.signed")
    vendor = parsed(loader.read_bytes())
    assert vendor is not None
    behind = secure_boot.behind_shim(state, vendor)
    programs = sorted(path for path in unpacked(rest, architecture).rglob("*.signed") if path.is_file())
    assert programs
    for path in programs:
        data = path.read_bytes()
        admission = secure_boot.admission(behind, pe.parse(reader(data), len(data)), reader(data))
        assert admission.decision is Decision.STARTED, path
