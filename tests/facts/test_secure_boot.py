"""What variable stores that lie in an image say of secure boot."""

import gzip
from pathlib import Path

import pytest
from efi_disk import build, collected, listed, store
from efi_store import ADDED, GLOBAL, SECURITY, SWITCH, X509, Row, signature_list, uboot_file
from pe_image import certificate, run

from firmward.facts.secure_boot import SecureBoot, State, VariableStore

OVMF = Path("/usr/share/OVMF")
OFF: Row = ("SecureBootEnable", SWITCH, b"\0", ADDED)


def found(path: Path) -> SecureBoot | None:
    boot = collected(path).get(SecureBoot)
    assert boot is None or isinstance(boot, SecureBoot), boot
    return boot


def one(data: bytes, folder: Path) -> VariableStore:
    (folder / "vars").write_bytes(data)
    boot = found(folder / "vars")
    assert boot is not None
    assert len(boot.stores) == 1
    return boot.stores[0]


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (store(), State.SETUP),
        (store(listed("leaf")), State.SETUP),
        (store(listed("leaf"), pk=listed("root")), State.ON),
        (store(listed("leaf"), pk=listed("root"), more=(OFF,)), State.OFF),
        (store(listed("leaf"), pk=listed("root"), more=(("AuditMode", GLOBAL, b"\1", ADDED),)), State.OFF),
        (store(listed("leaf"), pk=b"no list"), State.UNKNOWN),
        (uboot_file([("PK", GLOBAL, listed("root")), ("db", SECURITY, listed("leaf"))]), State.UNKNOWN),
    ],
)
def test_the_state_is_what_the_variables_make(data: bytes, state: State, tmp_path: Path) -> None:
    assert one(data, tmp_path).state is state


def test_keys_are_told_by_list_and_name(tmp_path: Path) -> None:
    found = one(store(listed("leaf", "middle"), listed("stranger"), pk=listed("root")), tmp_path)
    names = [(key.list, key.subject) for key in found.keys]
    assert names == [("PK", "root"), ("KEK", "root"), ("db", "leaf"), ("db", "middle"), ("dbx", "stranger")]
    assert not any(key.is_test for key in found.keys)
    assert found.revoked == 1


@pytest.mark.parametrize("name", ["DO NOT TRUST - AMI Test PK", "DO NOT SHIP - PK", "Snakeoil"])
def test_a_key_that_everybody_has_is_told_by_its_name(name: str, tmp_path: Path) -> None:
    kind = ("-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-subj", f"/O={name}", "-out", "der", "-outform", "DER")
    run("openssl", "req", "-new", "-x509", *kind, cwd=tmp_path)
    pk = signature_list(X509, (tmp_path / "der").read_bytes())
    assert [key.is_test for key in one(store(pk=pk), tmp_path).keys] == [True, True]


def test_a_store_is_found_beside_a_disk_in_it_and_in_a_dump_of_flash(tmp_path: Path) -> None:
    keyed = store(listed("leaf"), pk=listed("root"))
    small = uboot_file([("BootOrder", GLOBAL, b"\0\0" * 40)])
    boot = found(build(tmp_path / "images", {"ubootefi.var": small}, keyed))
    assert boot is not None
    assert [each.origin for each in boot.stores] == ["edk2-authenticated", "u-boot"]
    assert boot.state is State.ON, "U-Boot's file says nothing of it"
    flash = b"\xff" * 0x10000 + keyed + b"\xff" * 0x20000
    assert one(flash, tmp_path).state is State.ON
    assert one(gzip.compress(keyed), tmp_path).state is State.ON


def test_stores_that_contradict_each_other_make_no_state(tmp_path: Path) -> None:
    folder = build(tmp_path / "images", {"a": b"a" * 100}, store(pk=listed("root")))
    (folder / "OVMF_VARS.empty.fd").write_bytes(store())
    boot = found(folder)
    assert boot is not None
    assert boot.state is State.UNKNOWN


def test_an_image_without_variables_has_none(tmp_path: Path) -> None:
    assert found(build(tmp_path / "images", {"a": b"a" * 100})) is None


@pytest.mark.skipif(not OVMF.is_dir(), reason="ovmf is not installed")
@pytest.mark.parametrize(
    ("name", "state", "tests"),
    [
        ("OVMF_VARS_4M.fd", State.SETUP, set()),
        ("OVMF_VARS_4M.ms.fd", State.ON, set()),
        ("OVMF_VARS_4M.snakeoil.fd", State.ON, {"PK", "KEK", "db"}),
    ],
)
def test_the_stores_of_ovmf(name: str, state: State, tests: set[str]) -> None:
    boot = found(OVMF / name)
    assert boot is not None
    assert boot.state is state
    assert {key.list for key in boot.stores[0].keys if key.is_test} == tests


def test_the_certificate_is_told_by_its_digest(tmp_path: Path) -> None:
    (tmp_path / "root.der").write_bytes(certificate("root"))
    digest = run("sha256sum", tmp_path / "root.der").decode().split()[0]
    assert one(store(pk=listed("root")), tmp_path).keys[0].fingerprint == digest
