"""EFI signature lists as efitools make them, and what cannot be one."""

import hashlib
import struct
import time
from pathlib import Path

import pytest
from efi_store import OWNER, SHA256, X509, X509_SHA256, signature_list
from mutated import mutated
from pe_image import built, certificate, keys, reader, run

from firmward.formats import efi_signature_list, pe
from firmward.formats.efi_signature_list import Kind, digests, parse
from firmward.formats.malformed import Malformed

LISTS = (
    signature_list(SHA256, bytes(32), b"\1" * 32)
    + signature_list(X509, b"certificate")
    + signature_list(X509_SHA256, b"\2" * 32 + bytes(16))
)


def test_lists_follow_each_other() -> None:
    found = parse(LISTS)
    assert [one.kind for one in found] == [
        Kind.PROGRAM_DIGEST,
        Kind.PROGRAM_DIGEST,
        Kind.CERTIFICATE,
        Kind.CERTIFICATE_DIGEST,
    ]
    assert {one.owner for one in found} == {OWNER}
    assert found[2].data == b"certificate"
    assert (found[3].data, found[3].revoked) == (b"\2" * 32, bytes(16))
    assert digests(found) == {("sha256", bytes(32)), ("sha256", b"\1" * 32)}
    assert parse(b"") == ()


def test_a_certificate_as_efitools_writes_it(tmp_path: Path) -> None:
    run("cert-to-efi-sig-list", "-g", OWNER, keys() / "leaf.crt", tmp_path / "list")
    (found,) = parse((tmp_path / "list").read_bytes())
    assert (found.kind, found.owner, found.data) == (Kind.CERTIFICATE, OWNER, certificate("leaf"))


def test_the_digest_of_a_program_as_efitools_computes_it(tmp_path: Path) -> None:
    data = built({".text": b"\x90" * 1000, ".data": b"data"})
    (tmp_path / "program").write_bytes(data)
    run("hash-to-efi-sig-list", tmp_path / "program", tmp_path / "list")
    (found,) = parse((tmp_path / "list").read_bytes())
    program = pe.parse(reader(data), len(data))
    assert (found.algorithm, found.data) == ("sha256", pe.digest(program, reader(data)))


def test_another_type_is_kept_as_such() -> None:
    (found,) = parse(signature_list(OWNER, b"what it holds"))
    assert (found.kind, found.data) == (Kind.OTHER, b"what it holds")


@pytest.mark.parametrize(
    ("size", "header", "each"),
    [
        (27, 0, 48),
        (0xFFFFFFFF, 0, 48),
        (76, 0xFFFFFFFF, 48),
        (76, 49, 48),
        (76, 0, 0),
        (76, 0, 16),
        (76, 0, 47),
        (76, 0, 24),
        (76, 0, 0xFFFFFFFF),
        (77, 0, 48),
        (0, 0, 48),
    ],
)
def test_lists_that_cannot_be_are_refused(size: int, header: int, each: int) -> None:
    whole = signature_list(SHA256, hashlib.sha256().digest())
    with pytest.raises(Malformed):
        parse(whole[:16] + struct.pack("<3I", size, header, each) + whole[28:])


def test_more_entries_than_anyone_has_are_refused() -> None:
    many = signature_list(OWNER, *[b"x"] * (efi_signature_list.ENTRIES_LIMIT + 1))
    with pytest.raises(Malformed, match="more than"):
        parse(many)


def test_damage_gives_nothing_but_reasons() -> None:
    begun = time.process_time()
    for damaged in mutated(LISTS, 3000):
        try:
            parse(damaged)
        except Malformed:
            continue
    assert time.process_time() - begun < 20
