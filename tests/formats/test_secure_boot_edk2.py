"""edk2 itself as witness: OVMF under QEMU starts what is said to be started, and refuses what is said to be refused.

The program is systemd-boot, whose menu shows that it runs; the variables are written into OVMF's own empty store.
"""

import hashlib
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import program
import pytest
from efi_store import ADDED, DELETED, GLOBAL, SECURITY, SHA256, X509, X509_SHA256, Row, signature_list, volume
from pe_image import certificate, keys, osslsigned, reader, run, sbsigned

from firmward.formats import efi_variables, pe, secure_boot, x509
from firmward.formats.secure_boot import Admission, Decision

pytestmark = pytest.mark.proof

CODE, VARS = Path("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
BOOT = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
FIRST_VARIABLE = 72 + 28
RUNS, REFUSED = (b"Reboot Into Firmware",), (b"Access Denied", b"Security Violation")
SECONDS = 100


def cert(name: str) -> bytes:
    return signature_list(X509, certificate(name))


def digest(data: bytes) -> bytes:
    return signature_list(SHA256, pe.digest(pe.parse(reader(data), len(data)), reader(data)))


def body(name: str) -> bytes:
    listed = hashlib.sha256(x509.signed(certificate(name)).body).digest()
    return signature_list(X509_SHA256, listed + bytes(16))


def chained(data: bytes, folder: Path) -> bytes:
    return sbsigned(data, folder, "leaf", "--addcert", keys() / "middle.crt")


def plain(data: bytes, folder: Path) -> bytes:
    return data


def changed(data: bytes, folder: Path) -> bytes:
    signed = chained(data, folder)
    at = signed.index(b"systemd-boot") if b"systemd-boot" in signed else 0x800
    return signed[:at] + b"X" + signed[at + 1 :]


def twice(data: bytes, folder: Path) -> bytes:
    return sbsigned(chained(data, folder), folder, "stranger")


def nested(data: bytes, folder: Path) -> bytes:
    return osslsigned(osslsigned(data, folder), folder, "stranger", "-nest")


def trailing(data: bytes, folder: Path) -> bytes:
    return chained(data, folder) + bytes(16)


def by_sha512(data: bytes, folder: Path) -> bytes:
    return osslsigned(data, folder, "leaf", "-h", "sha512")


Make = Callable[[bytes, Path], bytes]
Lists = Callable[[bytes], bytes]


def none(_: bytes) -> bytes:
    return b""


CASES: dict[str, tuple[Make, Lists, Lists, Decision]] = {
    "signed, root in db": (chained, lambda _: cert("root"), none, Decision.STARTED),
    "signed, signer in db": (chained, lambda _: cert("leaf"), none, Decision.STARTED),
    "signed, another in db": (chained, lambda _: cert("stranger"), none, Decision.REFUSED),
    "unsigned": (plain, lambda _: cert("root"), none, Decision.REFUSED),
    "unsigned, digest in db": (plain, digest, none, Decision.STARTED),
    "digest in db and dbx": (plain, digest, digest, Decision.REFUSED),
    "changed": (changed, lambda _: cert("root"), none, Decision.REFUSED),
    "changed, digest in db": (changed, digest, none, Decision.STARTED),
    "trailing data": (trailing, lambda _: cert("root"), none, Decision.REFUSED),
    "digest in dbx": (chained, lambda _: cert("root"), digest, Decision.REFUSED),
    "certificate between in dbx": (chained, lambda _: cert("root"), lambda _: cert("middle"), Decision.REFUSED),
    "certificate's digest in dbx": (chained, lambda _: cert("root"), lambda _: body("leaf"), Decision.REFUSED),
    "second signature in db": (twice, lambda _: cert("stranger"), none, Decision.STARTED),
    "first signature in dbx": (twice, lambda _: cert("stranger"), lambda _: cert("root"), Decision.REFUSED),
    "nested signature in db": (nested, lambda _: cert("stranger"), none, Decision.REFUSED),
    "signed by SHA-512": (by_sha512, lambda _: cert("leaf"), none, Decision.STARTED),
}


@pytest.mark.parametrize("case", CASES)
def test_edk2_decides_the_same(case: str, tmp_path: Path) -> None:
    make, allowed, revoked, expected = CASES[case]
    data = make(_needed(BOOT).read_bytes(), tmp_path)
    rows = [("PK", GLOBAL, cert("root"), ADDED), ("KEK", GLOBAL, cert("root"), ADDED)]
    rows.append(("db", SECURITY, allowed(data), ADDED))
    if revoked(data):
        rows.append(("dbx", SECURITY, revoked(data), ADDED))
    store = stored(rows)
    assert judged(store, data).decision is expected
    assert starts(store, data, tmp_path) is (expected is Decision.STARTED)


def test_without_a_platform_key_edk2_starts_everything(tmp_path: Path) -> None:
    data = _needed(BOOT).read_bytes()
    store = stored([("PK", GLOBAL, cert("root"), DELETED), ("dbx", SECURITY, digest(data), ADDED)])
    assert judged(store, data).decision is Decision.NOT_ENFORCED
    assert starts(store, data, tmp_path)


def _needed(path: Path) -> Path:
    if not path.is_file():
        pytest.skip(f"{path} is not installed")
    return path


def stored(rows: Iterable[Row]) -> bytes:
    """OVMF's empty store with these variables in it."""
    empty = _needed(VARS).read_bytes()
    written = volume(rows)[FIRST_VARIABLE:].rstrip(b"\xff")
    return empty[:FIRST_VARIABLE] + written + empty[FIRST_VARIABLE + len(written) :]


def judged(store: bytes, data: bytes) -> Admission:
    state = secure_boot.decide(efi_variables.parse_volume(reader(store)))
    return secure_boot.admission(state, pe.parse(reader(data), len(data)), reader(data))


def starts(store: bytes, data: bytes, folder: Path) -> bool:
    """Whether OVMF starts it from a disk."""
    disk, log = folder / "disk", folder / "log"
    disk.write_bytes(bytes(16 << 20))
    (folder / "boot.efi").write_bytes(data)
    (folder / "vars").write_bytes(store)
    run("mkfs.fat", "-F", "16", disk)
    run("mmd", "-i", disk, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", disk, folder / "boot.efi", "::/EFI/BOOT/BOOTX64.EFI")
    path = program.find_program("qemu-system-x86_64")
    if path is None:
        pytest.skip("qemu-system-x86 is not installed")
    command = [path, "-M", "q35,smm=on", "-accel", "tcg", "-m", "256", "-nographic", "-nic", "none"]
    command += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    command += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={_needed(CODE)}"]
    command += ["-drive", f"if=pflash,unit=1,format=raw,file={folder / 'vars'}"]
    command += ["-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}", "-device", "virtio-blk-pci,drive=disk"]
    with log.open("wb") as output:
        machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        return _said(log, machine)
    finally:
        machine.kill()
        machine.wait()


def _said(log: Path, machine: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and machine.poll() is None:
        text = log.read_bytes()
        if any(word in text for word in (*RUNS, *REFUSED)):
            return any(word in text for word in RUNS)
        time.sleep(0.2)
    pytest.fail(f"neither started nor refused: {log.read_bytes()[-500:]!r}")
