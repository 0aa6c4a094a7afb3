"""Secure boot as variables decide it, and which programs would be started."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from efi_store import (
    ADDED,
    DELETED,
    GLOBAL,
    SECURITY,
    SHA256,
    SWITCH,
    X509,
    X509_SHA256,
    Row,
    signature_list,
    uboot_file,
    volume,
)
from pe_image import built, certificate, keys, osslsigned, put, reader, run, sbsigned
from real.packages import unpacked

from firmward.formats import efi_variables, pe, secure_boot, x509
from firmward.formats.secure_boot import Admission, Decision, SecureBoot

PROGRAM = built({".text": b"\x90" * 1000, ".data": b"data"})
PK = ("PK", GLOBAL, signature_list(X509, b"not looked at"), ADDED)
KEK = ("KEK", GLOBAL, signature_list(X509, b"a") + signature_list(X509, b"b"), ADDED)


def db(*lists: bytes) -> Row:
    return ("db", SECURITY, b"".join(lists), ADDED)


def dbx(*lists: bytes) -> Row:
    return ("dbx", SECURITY, b"".join(lists), ADDED)


def cert(name: str) -> bytes:
    return signature_list(X509, certificate(name))


def hash_of(data: bytes) -> bytes:
    return signature_list(SHA256, pe.digest(pe.parse(reader(data), len(data)), reader(data)))


def decided(*rows: Row) -> SecureBoot:
    return secure_boot.decide(efi_variables.parse_volume(reader(volume(rows))))


def running(**flags: int) -> SecureBoot:
    files = [(f"{name}-{GLOBAL}", b"\6\0\0\0" + bytes([value])) for name, value in flags.items()]
    return secure_boot.decide(efi_variables.of_files(files))


def admitted(rows: Iterable[Row], data: bytes) -> Admission:
    return secure_boot.admission(decided(*rows), pe.parse(reader(data), len(data)), reader(data))


@pytest.mark.parametrize(
    ("rows", "setup", "enforced"),
    [
        ([], True, False),
        ([KEK, db(cert("root"))], True, False),
        ([PK], False, True),
        ([("PK", GLOBAL, PK[2], DELETED)], True, False),
        ([("PK", SECURITY, PK[2], ADDED)], True, False),
        ([PK, ("SecureBootEnable", SWITCH, b"\1", ADDED)], False, True),
        ([PK, ("SecureBootEnable", SWITCH, b"\0", ADDED)], False, False),
        ([PK, ("AuditMode", GLOBAL, b"\1", ADDED)], False, False),
    ],
)
def test_the_mode_is_by_the_platform_key_and_the_switch(rows: list[Row], setup: bool, enforced: bool) -> None:
    state = decided(*rows)
    assert (state.setup_mode, state.is_enforced) == (setup, enforced)


def test_a_running_machine_says_its_mode() -> None:
    state = running(SecureBoot=1, SetupMode=0, AuditMode=0, DeployedMode=1)
    assert (state.setup_mode, state.is_enforced, state.audit_mode, state.deployed_mode) == (False, True, False, True)
    assert running(SecureBoot=0, SetupMode=0).is_enforced is False
    assert running(SecureBoot=0, SetupMode=1).setup_mode is True


def test_keys_in_uboots_file_count_only_when_it_is_built_in() -> None:
    rows = [row[:3] for row in (PK, KEK, db(cert("root")))]
    store = efi_variables.parse_uboot(uboot_file(rows))
    outside, inside = secure_boot.decide(store), secure_boot.decide(store, is_built_in=True)
    assert (outside.setup_mode, outside.is_enforced, outside.platform_keys) == (None, None, ())
    assert (inside.setup_mode, inside.is_enforced, len(inside.exchange_keys)) == (False, True, 2)
    program = pe.parse(reader(PROGRAM), len(PROGRAM))
    assert secure_boot.admission(outside, program, reader(PROGRAM)).decision is Decision.UNKNOWN


def test_a_list_that_cannot_be_read_makes_no_decision() -> None:
    state = decided(PK, ("dbx", SECURITY, b"no list", ADDED), db(hash_of(PROGRAM)))
    assert state.problems == ("dbx: EFI signature list: cut off at 0x0",)
    program = pe.parse(reader(PROGRAM), len(PROGRAM))
    assert secure_boot.admission(state, program, reader(PROGRAM)).decision is Decision.UNKNOWN


def test_without_keys_everything_starts(tmp_path: Path) -> None:
    assert admitted([], PROGRAM).decision is Decision.NOT_ENFORCED
    assert admitted([db(cert("root")), dbx(hash_of(PROGRAM))], PROGRAM).decision is Decision.NOT_ENFORCED


def test_an_unsigned_program_starts_by_its_digest_alone() -> None:
    assert admitted([PK, db(hash_of(PROGRAM))], PROGRAM).decision is Decision.STARTED
    assert admitted([PK, db(cert("root"))], PROGRAM).decision is Decision.REFUSED
    assert admitted([PK], PROGRAM).reason == "it is not signed, and its digest is not in db"
    assert admitted([PK, db(hash_of(PROGRAM)), dbx(hash_of(PROGRAM))], PROGRAM).decision is Decision.REFUSED


@pytest.mark.parametrize("anchor", ["leaf", "middle", "root"])
def test_a_signed_program_starts_by_any_certificate_above_it(anchor: str, tmp_path: Path) -> None:
    data = sbsigned(PROGRAM, tmp_path, "leaf", "--addcert", keys() / "middle.crt")
    found = admitted([PK, db(cert("stranger"), cert(anchor))], data)
    assert (found.decision, found.by) == (Decision.STARTED, x509.signed(certificate(anchor)))
    assert admitted([PK, db(cert("stranger"))], data).decision is Decision.REFUSED


@pytest.mark.parametrize("revoked", ["leaf", "middle", "root"])
def test_a_revoked_certificate_refuses_what_it_led_to(revoked: str, tmp_path: Path) -> None:
    data = sbsigned(PROGRAM, tmp_path, "leaf", "--addcert", keys() / "middle.crt")
    body = x509.signed(certificate(revoked)).body
    listed = signature_list(X509_SHA256, hashlib.sha256(body).digest() + bytes(16))
    for entry in (cert(revoked), listed):
        found = admitted([PK, db(cert("root")), dbx(entry)], data)
        assert found.decision is Decision.REFUSED
        assert found.by is not None
    assert admitted([PK, db(cert("root")), dbx(cert("stranger"))], data).decision is Decision.STARTED


def test_a_revoked_signature_refuses_beside_a_good_one(tmp_path: Path) -> None:
    data = sbsigned(sbsigned(PROGRAM, tmp_path), tmp_path, "stranger")
    assert admitted([PK, db(cert("stranger"))], data).decision is Decision.STARTED
    assert admitted([PK, db(cert("stranger")), dbx(cert("leaf"))], data).decision is Decision.REFUSED


def test_a_revoked_digest_refuses_a_signed_program(tmp_path: Path) -> None:
    data = sbsigned(PROGRAM, tmp_path)
    assert admitted([PK, db(cert("leaf")), dbx(hash_of(data))], data).reason == "its digest is in dbx"


def test_a_nested_signature_starts_nothing(tmp_path: Path) -> None:
    data = osslsigned(osslsigned(PROGRAM, tmp_path), tmp_path, "stranger", "-nest")
    assert admitted([PK, db(cert("leaf"))], data).decision is Decision.STARTED
    assert admitted([PK, db(cert("stranger"))], data).decision is Decision.REFUSED


def test_a_changed_program_is_refused_though_its_signer_is_known(tmp_path: Path) -> None:
    data = sbsigned(PROGRAM, tmp_path)
    changed = data[:0x400] + b"\xcc" + data[0x401:]
    found = admitted([PK, db(cert("leaf"))], changed)
    assert found.decision is Decision.REFUSED
    assert "is not the one that was signed" in found.reason


def test_a_program_that_firmware_cannot_read_is_refused(tmp_path: Path) -> None:
    data = sbsigned(PROGRAM, tmp_path)
    found = admitted([PK, db(cert("leaf"))], put(data, len(PROGRAM), 0xFFFF))
    assert found.decision is Decision.REFUSED
    assert "certificate of" in found.reason


OVMF = Path("/usr/share/OVMF")
KEYED = ("OVMF_VARS.ms.fd", "OVMF_VARS_4M.ms.fd", "OVMF_VARS_4M.snakeoil.fd")
EMPTY = ("OVMF_VARS.fd", "OVMF_VARS_4M.fd")


@pytest.mark.skipif(not OVMF.is_dir(), reason="ovmf is not installed")
@pytest.mark.parametrize("name", [*KEYED, *EMPTY])
def test_the_stores_of_ovmf_are_with_keys_or_in_setup_mode(name: str) -> None:
    state = secure_boot.decide(efi_variables.parse_volume(reader((OVMF / name).read_bytes())))
    keyed = name in KEYED
    assert (state.setup_mode, state.is_enforced, state.problems) == (not keyed, keyed, ())
    microsofts = [b"Microsoft" in one.subject for one in secure_boot.certificates(state.allowed)]
    assert any(microsofts) is (".ms." in name)


@pytest.mark.skipif(not OVMF.is_dir(), reason="ovmf is not installed")
def test_what_virt_fw_vars_enrols_is_decided_on(tmp_path: Path) -> None:
    owner = "11111111-2222-3333-4444-555555555555"
    words = [word for key in ("--set-pk", "--add-kek", "--add-db") for word in (key, owner, keys() / "root.crt")]
    words += ["--add-dbx-hash", owner, "ab" * 32, "--sb"]
    run("virt-fw-vars", "--input", OVMF / "OVMF_VARS_4M.fd", "--output", tmp_path / "vars", *words)
    state = secure_boot.decide(efi_variables.parse_volume(reader((tmp_path / "vars").read_bytes())))
    assert (state.setup_mode, state.is_enforced) == (False, True)
    assert [one.data for one in (*state.platform_keys, *state.exchange_keys)] == [certificate("root")] * 2
    assert bytes.fromhex("ab" * 32) in {one.data for one in state.revoked}
    data = sbsigned(PROGRAM, tmp_path, "leaf", "--addcert", keys() / "middle.crt")
    admission = secure_boot.admission(state, pe.parse(reader(data), len(data)), reader(data))
    assert admission.decision is Decision.STARTED


@pytest.mark.proof
@pytest.mark.skipif(not OVMF.is_dir(), reason="ovmf is not installed")
def test_microsofts_keys_let_debians_shim_in_and_not_its_grub() -> None:
    state = secure_boot.decide(efi_variables.parse_volume(reader((OVMF / KEYED[0]).read_bytes())))
    for package, decision in (("shim-signed", Decision.STARTED), ("grub-efi-amd64-signed", Decision.REFUSED)):
        programs = sorted(path for path in unpacked(package, "amd64").rglob("*.signed") if path.is_file())
        assert programs
        for path in programs:
            data = path.read_bytes()
            program = pe.parse(reader(data), len(data))
            assert secure_boot.admission(state, program, reader(data)).decision is decision, path
            changed = data[: len(data) // 2] + b"changed" + data[len(data) // 2 + 7 :]
            admission = secure_boot.admission(state, pe.parse(reader(changed), len(data)), reader(changed))
            assert admission.decision is Decision.REFUSED
