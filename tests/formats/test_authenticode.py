"""Signatures of PE files as sbsign and osslsigncode make them, tampered with, and those of Debian's boot loaders."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mutated import mutated
from pe_image import (
    CHECKSUM_AT,
    ENTRY_AT,
    HEADERS,
    OPTIONAL_AT,
    PE_AT,
    TABLE_AT,
    built,
    certificate,
    keys,
    osslsigned,
    put,
    reader,
    run,
    sbsigned,
    succeeds,
    table,
)
from real.packages import unpacked

from firmward.formats import authenticode, pe, x509
from firmward.formats.authenticode import Digest, Signature
from firmward.formats.malformed import Malformed

SECTIONS = {".text": b"\x90" * 1000, ".data": b"data" * 300, ".sbat": b"sbat,1,x\n"}
PLAIN = built(SECTIONS)
OTHER = built(SECTIONS | {".data": b"DATA" * 300})


def signatures(data: bytes, *anchors: str) -> tuple[Signature, ...]:
    read = reader(data)
    return authenticode.signatures(pe.parse(read, len(data)), read, [x509.signed(certificate(one)) for one in anchors])


def holds(data: bytes) -> bool:
    try:
        return any(signature.holds for signature in signatures(data))
    except Malformed:
        return False


def test_what_sbsign_signs_holds_and_leads_to_an_anchor(tmp_path: Path) -> None:
    data = sbsigned(PLAIN, tmp_path, "leaf", "--addcert", keys() / "middle.crt")
    (found,) = signatures(data, "root")
    assert (found.digest, found.algorithm, found.verifies, found.problem) == (Digest.VALID, "sha256", True, None)
    assert found.certificate is not None
    assert found.certificate.data == certificate("leaf")
    assert found.is_anchored
    assert not signatures(data, "stranger")[0].is_anchored
    assert not signatures(data)[0].is_anchored


@pytest.mark.parametrize("anchor", ["leaf", "middle", "root"])
def test_a_certificate_that_is_not_carried_leads_nowhere(anchor: str, tmp_path: Path) -> None:
    (found,) = signatures(sbsigned(PLAIN, tmp_path), anchor)
    assert found.holds
    assert found.is_anchored is (anchor != "root")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("key", ["leaf", "elliptic"])
def test_what_osslsigncode_signs_holds(algorithm: str, key: str, tmp_path: Path) -> None:
    (found,) = signatures(osslsigned(PLAIN, tmp_path, key, "-h", algorithm), key)
    assert found.is_anchored
    assert found.algorithm == algorithm


def test_several_signatures_are_judged_one_by_one(tmp_path: Path) -> None:
    data = sbsigned(sbsigned(PLAIN, tmp_path), tmp_path, "stranger")
    found = signatures(data, "stranger")
    assert [one.holds for one in found] == [True, True]
    assert [one.is_anchored for one in found] == [False, True]
    assert found[0].offset == table(data)[0] < found[1].offset


def test_nested_signatures_are_told_as_such(tmp_path: Path) -> None:
    data = osslsigned(osslsigned(PLAIN, tmp_path), tmp_path, "stranger", "-nest")
    assert [(one.holds, one.is_nested) for one in signatures(data)] == [(True, False), (True, True)]


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def stripped(data: bytes) -> bytes:
    return put(put(data[: table(data)[0]], ENTRY_AT, 0), ENTRY_AT + 4, 0)


def swapped(data: bytes) -> bytes:
    """A certificate of the signer's name and number, with another key."""
    own, other = certificate("leaf"), certificate("twin")
    assert len(own) == len(other)
    return data.replace(own, other)


def grafted(data: bytes) -> bytes:
    """The signature of this program at another."""
    start, size = table(data)
    return put(put(OTHER, ENTRY_AT, start), ENTRY_AT + 4, size) + data[start : start + size]


def redigested(data: bytes) -> bytes:
    """The digest in the signature is that of the changed program."""
    program, other = (pe.parse(reader(one), len(one)) for one in (PLAIN, OTHER))
    was, becomes = pe.digest(program, reader(PLAIN)), pe.digest(other, reader(OTHER))
    return grafted(data).replace(was, becomes)


def section_behind(data: bytes) -> bytes:
    """A section more, with its bytes behind the signature."""
    more = data[TABLE_AT : TABLE_AT + 40]
    place = TABLE_AT + 40 * len(SECTIONS)
    grown = put(data[:place] + more + data[place + 40 :], PE_AT + 6, len(SECTIONS) + 1, 2)
    return put(put(grown, place + 20, len(data)), place + 16, 0x200) + bytes(0x200)


def table_grown(data: bytes) -> bytes:
    """Bytes behind the signature that the table is made to cover: no digest has them, and no program loads them."""
    return put(data, ENTRY_AT + 4, table(data)[1] + 16) + bytes(16)


REFUSED = "the certificate table cannot be read"
TAMPERINGS: dict[str, tuple[Callable[[bytes], bytes], object]] = {
    "good": (lambda data: data, (Digest.VALID, True)),
    "dos-header": (flipped(8), (Digest.MISMATCH, True)),
    "time-stamp": (flipped(PE_AT + 8), (Digest.MISMATCH, True)),
    "entry-point": (flipped(OPTIONAL_AT + 16), (Digest.MISMATCH, True)),
    "nx-bit": (flipped(OPTIONAL_AT + 71), (Digest.MISMATCH, True)),
    "other-directory": (flipped(ENTRY_AT + 8), (Digest.MISMATCH, True)),
    "section-name": (flipped(TABLE_AT + 1), (Digest.MISMATCH, True)),
    "padding-of-headers": (flipped(HEADERS - 1), (Digest.MISMATCH, True)),
    "first-section": (flipped(HEADERS), (Digest.MISMATCH, True)),
    "padding-of-a-section": (flipped(HEADERS + 0x3FF), (Digest.MISMATCH, True)),
    "second-section": (flipped(HEADERS + 0x400), (Digest.MISMATCH, True)),
    "last-section": (flipped(len(PLAIN) - 0x200), (Digest.MISMATCH, True)),
    "checksum": (lambda data: put(data, CHECKSUM_AT, 0x12345678), (Digest.VALID, True)),
    "stripped": (stripped, None),
    "another-certificate": (swapped, (Digest.VALID, False)),
    "signature-of-another-program": (grafted, (Digest.MISMATCH, True)),
    "digest-swapped": (redigested, (Digest.VALID, False)),
    "signature-flipped": (lambda data: flipped(sum(table(data)) - 40)(data), (Digest.VALID, False)),
    "trailing-data": (lambda data: data + bytes(16), (Digest.MISMATCH, True)),
    "section-behind": (section_behind, (Digest.MISMATCH, True)),
    "table-grown-over-trailing-data": (table_grown, REFUSED),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_each_tampering_is_told(kind: str, tmp_path: Path) -> None:
    tamper, expected = TAMPERINGS[kind]
    changed = tamper(sbsigned(PLAIN, tmp_path))
    if expected is REFUSED:
        with pytest.raises(Malformed, match="certificate of 0 bytes"):
            signatures(changed)
        return
    found = signatures(changed)
    assert [(one.digest, one.verifies) for one in found] == ([] if expected is None else [expected])
    assert all((one.problem is None) is one.holds for one in found)


@pytest.mark.parametrize("kind", [kind for kind in TAMPERINGS if kind != "table-grown-over-trailing-data"])
def test_sbverify_says_the_same(kind: str, tmp_path: Path) -> None:
    changed = TAMPERINGS[kind][0](sbsigned(PLAIN, tmp_path))
    (tmp_path / "changed.efi").write_bytes(changed)
    assert holds(changed) is succeeds("sbverify", "--cert", keys() / "leaf.crt", tmp_path / "changed.efi")


def test_a_signature_that_sbattach_took_off_can_be_put_back(tmp_path: Path) -> None:
    data = sbsigned(PLAIN, tmp_path)
    file, signature = tmp_path / "signed.efi", tmp_path / "signature"
    run("sbattach", "--detach", signature, "--remove", file)
    assert signatures(file.read_bytes()) == ()
    run("sbattach", "--attach", signature, file)
    assert file.read_bytes() == data


def test_what_is_no_message_is_unparsable_and_the_next_one_counts(tmp_path: Path) -> None:
    data = sbsigned(sbsigned(PLAIN, tmp_path), tmp_path, "stranger")
    start = table(data)[0] + 8
    found = signatures(data[:start] + bytes(4) + data[start + 4 :])
    assert [(one.digest, one.holds) for one in found] == [(Digest.UNPARSABLE, False), (Digest.VALID, True)]


def test_damage_gives_nothing_but_reasons_and_no_signature_that_holds_for_other_bytes(tmp_path: Path) -> None:
    data = sbsigned(PLAIN, tmp_path)
    start, size = table(data)
    begun = time.process_time()
    for damaged in mutated(data[start : start + size], 1500):
        whole = put(data[:start] + damaged, ENTRY_AT + 4, len(damaged))
        try:
            signatures(whole, "root")
        except Malformed:
            continue
    for damaged in mutated(data, 1500, span=HEADERS):
        unchecked = {*range(CHECKSUM_AT, CHECKSUM_AT + 4)}
        same = len(damaged) == len(data) and all(
            one == other or at in unchecked for at, (one, other) in enumerate(zip(damaged, data, strict=True))
        )
        assert same or not holds(damaged)
    assert time.process_time() - begun < 60


def programs(package: str, architecture: str) -> list[Path]:
    files = sorted(path for path in unpacked(package, architecture).rglob("*") if path.is_file())
    return [path for path in files if path.read_bytes()[:2] == b"MZ"]


SIGNED = [
    ("shim-signed", "amd64", 2),
    ("shim-signed", "arm64", 2),
    ("grub-efi-amd64-signed", "amd64", 1),
    ("grub-efi-arm64-signed", "arm64", 1),
]


@pytest.mark.proof
@pytest.mark.parametrize(("package", "architecture", "most"), SIGNED)
def test_debians_signed_boot_loaders_hold_and_openssl_agrees(
    package: str, architecture: str, most: int, tmp_path: Path
) -> None:
    found = programs(package, architecture)
    assert found
    for path in found:
        data = path.read_bytes()
        seen = signatures(data)
        assert 1 <= len(seen) <= most
        assert all(one.holds for one in seen), path
        for one in seen:
            assert one.certificate is not None
            (tmp_path / "signer").write_bytes(one.certificate.data)
            run("openssl", "x509", "-inform", "DER", "-in", tmp_path / "signer", "-out", tmp_path / "signer.pem")
        assert succeeds("sbverify", "--cert", tmp_path / "signer.pem", path)
        for at in range(HEADERS, len(data) - 1, len(data) // 5):
            assert not holds(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]), (path, at)
