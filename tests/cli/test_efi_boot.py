"""A disk that UEFI boots, by objcopy and sbsign, beside the variables of its firmware: good, and each way bad."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Firmward
from efi_disk import FALLBACK, GRUB, SECTIONS, build, listed, store
from efi_store import ADDED, SHA256, SWITCH, signature_list
from pe_image import put, reader, run, sbsigned

from firmward.formats import pe

STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
CHECK = "efi-secure-boot-off"
KEYED = store(listed("leaf"), pk=listed("root"))
Judge = Callable[[dict[str, bytes], bytes | None], tuple[str, list[dict[str, Any]], str]]


@pytest.fixture
def judge(firmward: Firmward, tmp_path: Path) -> Judge:
    """Outcome, findings and reason of the check."""

    def call(files: dict[str, bytes], variables: bytes | None) -> tuple[str, list[dict[str, Any]], str]:
        shutil.rmtree(tmp_path / "images", ignore_errors=True)
        folder, report = build(tmp_path / "images", files, variables), tmp_path / "r.json"
        called = firmward("audit", folder, "-q", "-o", report, "--only", "boot")
        assert called.code == 0, called.err
        told = json.loads(report.read_text())
        (verdict,) = (check for check in told["checks"] if check["check"] == CHECK)
        findings = [finding for finding in told["findings"] if finding["check"] == CHECK]
        return verdict["outcome"], findings, verdict.get("reason") or ""

    return call


@pytest.fixture
def uki(tmp_path: Path) -> bytes:
    if not STUB.is_file():
        pytest.skip("systemd-boot-efi is not installed")
    words: list[object] = []
    address = 0x40000
    for name, data in SECTIONS.items():
        if name == ".text":
            continue
        (tmp_path / name).write_bytes(data)
        words += ["--add-section", f"{name}={tmp_path / name}", "--change-section-vma", f"{name}={address:#x}"]
        address += len(data) + -len(data) % 0x1000
    run("objcopy", *words, STUB, tmp_path / "uki.efi")
    return (tmp_path / "uki.efi").read_bytes()


def digest_of(data: bytes) -> bytes:
    return signature_list(SHA256, pe.digest(pe.parse(reader(data), len(data)), reader(data)))


def test_a_signed_kernel_image_and_enrolled_keys_pass(judge: Judge, uki: bytes, tmp_path: Path) -> None:
    outcome, findings, reason = judge({FALLBACK: sbsigned(uki, tmp_path)}, KEYED)
    assert (outcome, findings) == ("pass", []), reason


def changed(data: bytes, text: bytes) -> bytes:
    at = data.index(text)
    return put(data, at, data[at] ^ 1, 1)


@pytest.mark.parametrize(
    ("alter", "variables", "words"),
    [
        (lambda uki, folder: uki, KEYED, "is not signed"),
        (
            lambda uki, folder: sbsigned(uki, folder, "stranger"),
            KEYED,
            "is signed by stranger, and the firmware's keys",
        ),
        (lambda uki, folder: changed(sbsigned(uki, folder), b"root=/dev"), KEYED, "the signature does not hold"),
        (lambda uki, folder: changed(sbsigned(uki, folder), b"070701 st"), KEYED, "the signature does not hold"),
        (sbsigned, store(listed("leaf")), "in setup mode the firmware starts everything"),
        (sbsigned, store(), "in setup mode the firmware starts everything"),
        (
            sbsigned,
            store(listed("leaf"), pk=listed("root"), more=(("SecureBootEnable", SWITCH, b"\0", ADDED),)),
            "secure boot is switched off",
        ),
        (sbsigned, store(listed("leaf"), listed("leaf"), pk=listed("root")), "dbx has a certificate that leads to"),
    ],
)
def test_each_way_bad_is_found(
    alter: Callable[[bytes, Path], bytes], variables: bytes, words: str, judge: Judge, uki: bytes, tmp_path: Path
) -> None:
    outcome, findings, _ = judge({FALLBACK: alter(uki, tmp_path)}, variables)
    assert outcome == "fail"
    assert [words in finding["message"] for finding in findings] == [True], findings


def test_a_digest_in_dbx_refuses_a_signed_image(judge: Judge, uki: bytes, tmp_path: Path) -> None:
    signed = sbsigned(uki, tmp_path)
    outcome, findings, _ = judge({FALLBACK: signed}, store(listed("leaf"), digest_of(signed), pk=listed("root")))
    assert outcome == "fail"
    assert "its digest is in dbx" in findings[0]["message"]


def test_without_variables_the_state_is_not_known_and_an_unsigned_image_is_found(
    judge: Judge, uki: bytes, tmp_path: Path
) -> None:
    outcome, findings, reason = judge({FALLBACK: sbsigned(uki, tmp_path)}, None)
    assert (outcome, findings) == ("unknown", [])
    assert "no store of UEFI's variables is in the image" in reason
    outcome, findings, reason = judge({FALLBACK: uki}, None)
    assert (outcome, len(findings)) == ("fail", 1)
    assert "no store of UEFI's variables is in the image" in reason


def test_an_unsigned_image_whose_digest_is_enrolled_passes(judge: Judge, uki: bytes) -> None:
    assert judge({FALLBACK: uki}, store(digest_of(uki), pk=listed("root")))[0] == "pass"


def test_an_unsigned_tool_that_nothing_starts_is_no_finding(judge: Judge, uki: bytes, tmp_path: Path) -> None:
    files = {FALLBACK: sbsigned(uki, tmp_path), "EFI/tools/shell.efi": GRUB}
    assert judge(files, KEYED)[0] == "pass"
    told = json.loads((tmp_path / "r.json").read_text())["checks"]
    assert [check["outcome"] for check in told if check["check"] == "bootloader-unsigned"] == ["pass"]


def test_the_chain_of_trust_of_uefi(firmward: Firmward, uki: bytes, tmp_path: Path) -> None:
    def drawn(name: str, files: dict[str, bytes], variables: bytes | None) -> dict[str, str]:
        called = firmward("chain", build(tmp_path / name, files, variables), "--json")
        return {link["link"]: link["state"] for link in json.loads(called.out)["chain"]}

    signed = sbsigned(uki, tmp_path)
    whole = drawn("whole", {FALLBACK: signed}, KEYED)
    assert list(whole.items())[:3] == [("boot-rom", "verified"), ("first-stage", "verified"), ("kernel", "verified")]
    assert drawn("without", {FALLBACK: signed}, None)["boot-rom"] == "unknown"
    assert drawn("setup", {FALLBACK: signed}, store(listed("leaf")))["boot-rom"] == "unverified"
    unsigned = drawn("unsigned", {FALLBACK: uki}, KEYED)
    assert (unsigned["first-stage"], unsigned["kernel"]) == ("unverified", "unverified")
    changed_one = drawn("changed", {FALLBACK: changed(signed, b"070701 st")}, KEYED)
    assert (changed_one["first-stage"], changed_one["kernel"]) == ("broken", "broken")
    without_keys = drawn("changed-without", {FALLBACK: changed(signed, b"070701 st")}, None)
    assert (without_keys["boot-rom"], without_keys["first-stage"]) == ("unknown", "broken")
    grub = {FALLBACK: sbsigned(GRUB, tmp_path), "EFI/debian/grub.cfg": b"initrd /initrd.img\n"}
    assert drawn("grub", grub, KEYED) | {"root": ""} == {
        "boot-rom": "verified",
        "first-stage": "verified",
        "kernel": "unverified",
        "root": "",
        "plug-ins": "unknown",
        "updates": "unknown",
    }


def test_a_signed_grub_takes_its_configuration_and_ramdisk_unseen(judge: Judge, tmp_path: Path) -> None:
    config = b"linux /vmlinuz root=/dev/vda2\ninitrd /initrd.img\n"
    files = {FALLBACK: sbsigned(GRUB, tmp_path), "EFI/debian/grub.cfg": config, "initrd.img": b"x" * 100}
    outcome, (finding,), _ = judge(files, KEYED)
    assert (outcome, finding["severity"]) == ("fail", "medium")
    assert "configuration EFI/debian/grub.cfg, initramfs /initrd.img" in finding["message"]


def test_a_disk_without_uefi_is_not_asked(judge: Judge) -> None:
    assert judge({"extlinux/extlinux.conf": b"LABEL a\n" * 20}, None)[0] == "notapplicable"
