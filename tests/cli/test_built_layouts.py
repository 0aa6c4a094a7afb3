"""Each way to build the camera, by the command and to its end: the device is healthy, and the audit says what the build
promised."""

import json
from pathlib import Path

import pytest
import signed_camera
import stores
from command import Called, Firmward
from tokens import PIN, soft_token, soft_tpm

from firmward.build import built

pytestmark = pytest.mark.proof


class Workshop:
    def __init__(self, firmward: Firmward, folder: Path) -> None:
        self.firmward = firmward
        self.folder = folder
        self.store = folder / "keys"
        self.out = folder / "out"
        self.secret = stores.secret_file(folder)

    def build(self, *rest: object, **changes: str) -> None:
        policy = self.folder / "device.toml"
        policy.write_text(signed_camera.with_words(**changes), encoding="utf-8")
        named = ("--inputs", signed_camera.camera(), "--keys", self.store, "--cache", signed_camera.CACHE)
        secret = ("--passphrase-file", self.secret)
        self.done("build", policy, *named, *secret, "-o", self.out, "--quiet", *rest)
        self.done("verify", self.out, "--keys", self.store)

    def done(self, *words: object) -> Called:
        called = self.firmward(*words)
        assert called.code == 0, (called.out, called.err)
        return called

    def boots(self, *rest: object) -> None:
        said = json.loads(self.done("lab", "boot", self.out, "--json", "--slot", "a", *rest).out)
        assert said["healthy"] is True

    def audited(self) -> dict[str, str]:
        """Outcomes by check; no link of the chain of trust is open."""
        report = self.folder / "report.json"
        self.firmward("audit", self.out, "-o", report, "--quiet")
        said = json.loads(report.read_text())
        chain = self.done("chain", self.out)
        assert "No link of the chain of trust is known to be open" in chain.out
        return {one["check"]: one["outcome"] for one in said["checks"]}


@pytest.fixture
def workshop(firmward: Firmward, tmp_path: Path) -> Workshop:
    return Workshop(firmward, tmp_path)


def test_a_system_that_is_the_initramfs_is_healthy_and_verified_with_the_kernel(workshop: Workshop) -> None:
    signed_camera.store(workshop.store)
    workshop.build(layout='"initramfs"', compression='"gzip"')
    assert not (workshop.out / "slot" / "root.img").exists()
    workshop.boots()
    outcomes = workshop.audited()
    assert outcomes["fit-unsigned"] == "pass"
    assert outcomes["rootfs-unverified"] == outcomes["initramfs-root-unverified"] == "notapplicable"
    chain = " ".join(workshop.firmward("chain", workshop.out).out.split())
    assert "✓ Scripts and plug-ins verified by the initramfs" in chain
    assert "Root file system" not in chain


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_every_compression_of_the_root_starts(workshop: Workshop, compression: str) -> None:
    signed_camera.store(workshop.store)
    workshop.build(compression=f'"{compression}"')
    workshop.boots()
    assert workshop.audited()["rootfs-unverified"] == "pass"


def test_with_the_console_off_no_byte_is_said_whatever_happens(workshop: Workshop) -> None:
    signed_camera.store(workshop.store)
    workshop.build(console='"off"', compression='"gzip"')
    log, kept = workshop.folder / "serial.log", workshop.folder / "kept"
    workshop.boots("--keep", kept, "--log", log)
    assert log.read_bytes() == b""
    disk, where = kept / "disk.img", built.read(workshop.out)
    state = where.partition("state").start
    with disk.open("r+b") as file:
        file.seek(state + 8192)
        assert file.read(7) == b"good=a\n"
        root = where.partition("root_a")
        for at in range(0, root.size, 4096):  # every block: the first that is read ends in a panic
            file.seek(root.start + at)
            file.write(b"\xa5")
    called = workshop.firmward("lab", "boot", workshop.out, "--keep", kept, "--log", log, "--json", "--seconds", "100")
    said = json.loads(called.out)
    assert said["healthy"] is True
    assert said["rounds"][0]["slot"] == "b"
    assert said["rounds"][0]["starts"] == 4
    assert log.read_bytes() == b""


def test_a_key_in_a_token_signs_what_boots(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    token = soft_token(workshop.folder)
    if token is None:
        pytest.skip("SoftHSM is missing")
    monkeypatch.setenv("SOFTHSM2_CONF", str(token.settings))
    pin = stores.secret_file(workshop.folder, PIN, "pin")
    held = ("--custody", "pkcs11", "--module", token.module, "--token", token.label, "--pin-file", pin)
    named = ("--store", workshop.store, "--passphrase-file", workshop.secret)
    workshop.done("keys", "init", "boot", *named, *held)
    workshop.done("keys", "init", "rootfs", *named)
    workshop.build("--pin-file", pin, compression='"gzip"')
    workshop.boots()
    assert workshop.audited()["fit-unsigned"] == "pass"


def test_a_key_in_a_tpm_signs_what_boots(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    (workshop.folder / "tpm").mkdir()
    with soft_tpm(workshop.folder / "tpm") as tcti:
        if tcti is None:
            pytest.skip("swtpm is missing")
        monkeypatch.setenv("TPM2TOOLS_TCTI", tcti)
        named = ("--store", workshop.store, "--passphrase-file", workshop.secret)
        workshop.done("keys", "init", "boot", *named, "--custody", "tpm")
        workshop.done("keys", "init", "rootfs", *named)
        workshop.build(compression='"gzip"')
    workshop.boots()
    assert workshop.audited()["fit-unsigned"] == "pass"
