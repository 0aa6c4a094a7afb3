"""Signatures of kernel modules and root hashes, made by sign-file and openssl with keys of each kind."""

import shutil
import subprocess
from pathlib import Path

import pytest
from mutated import mutated
from real.packages import kernel
from real.roots import NoPackagesError

from firmward.formats import kernel_module, module_signature, x509
from firmward.formats.kernel_module import Appended, Kind
from firmward.formats.malformed import Malformed

SIGN_FILE = Path("/usr/lib/linux-kbuild-6.1/scripts/sign-file")
MODULE = b"\x7fELF" + bytes(range(256)) * 9
KEYS = {
    "rsa-sha256": (["rsa:2048"], "sha256", "rsa"),
    "rsa-sha512": (["rsa:4096"], "sha512", "rsa"),
    "ecdsa-sha384": (["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"], "sha384", "ecdsa"),
}

Made = tuple[str, bytes, x509.Signed]


def run(folder: Path, *command: str | Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module", params=KEYS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Which key, the signed module, and the certificate."""
    if not SIGN_FILE.exists() or shutil.which("openssl") is None:
        pytest.skip("sign-file or openssl is not installed")
    folder = tmp_path_factory.mktemp("keys")
    kind, digest, _ = KEYS[request.param]
    base = ["openssl", "req", "-x509", "-nodes", "-subj", "/O=Maker/CN=Maker modules", "-keyout", "key", "-out", "cert"]
    run(folder, *base, "-newkey", *kind)
    run(folder, "openssl", "x509", "-in", "cert", "-outform", "der", "-out", "cert.der")
    (folder / "module").write_bytes(MODULE)
    run(folder, SIGN_FILE, digest, "key", "cert", "module")
    return request.param, (folder / "module").read_bytes(), x509.signed((folder / "cert.der").read_bytes())


def reader(data: bytes) -> kernel_module.Read:
    return lambda offset, length: data[offset : offset + length]


def signature(data: bytes) -> Appended:
    found = kernel_module.appended(reader(data), len(data))
    assert found is not None
    return found


def test_who_signed_is_read(made: Made) -> None:
    name, data, certificate = made
    _, digest, scheme = KEYS[name]
    found = module_signature.of_module(signature(data))
    assert found == module_signature.Signing("Maker modules", certificate.serial, digest, scheme)


def test_it_holds_with_the_signers_certificate(made: Made) -> None:
    _, data, certificate = made
    verdict = module_signature.verify_module(signature(data), reader(data), [certificate])
    assert verdict.holds
    assert verdict.certificate == certificate


@pytest.mark.parametrize("at", [0, 100, len(MODULE) - 1])
def test_a_changed_module_does_not_hold(made: Made, at: int) -> None:
    _, data, certificate = made
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    verdict = module_signature.verify_module(signature(changed), reader(changed), [certificate])
    assert not verdict.holds
    assert verdict.problem is not None


def test_without_the_certificate_nothing_is_said_to_hold(made: Made) -> None:
    _, data, _ = made
    verdict = module_signature.verify_module(signature(data), reader(data), [])
    assert not verdict.holds
    assert verdict.certificate is None


def test_bad_messages_are_told(made: Made) -> None:
    _, data, certificate = made
    good = signature(data)
    for message in mutated(good.signature, 150):
        bad = Appended(Kind.PKCS7, good.signed, message)
        try:
            module_signature.of_module(bad)
            verdict = module_signature.verify_module(bad, reader(data), [certificate])
        except Malformed:
            continue
        assert verdict.holds is False or verdict.certificate == certificate


def test_an_old_signature_is_named_but_not_verified() -> None:
    old = Appended(Kind.X509, 4, bytes(256), "Maker", b"\xaa", "sha256")
    assert module_signature.of_module(old).signer == "Maker"
    with pytest.raises(Malformed, match="not verified"):
        module_signature.verify_module(old, reader(MODULE), [])


def test_the_signature_of_a_root_hash(tmp_path: Path) -> None:
    """As cryptsetup's documentation makes it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    request = ["openssl", "req", "-x509", "-nodes", "-subj", "/CN=Root", "-newkey", "rsa:2048"]
    run(tmp_path, *request, "-keyout", "key", "-out", "cert")
    run(tmp_path, "openssl", "x509", "-in", "cert", "-outform", "der", "-out", "cert.der")
    root_hash = "ab12" * 16
    (tmp_path / "hash").write_text(root_hash)
    sign = ["openssl", "smime", "-sign", "-nocerts", "-noattr", "-binary", "-in", "hash", "-inkey", "key"]
    run(tmp_path, *sign, "-signer", "cert", "-outform", "der", "-out", "hash.p7s")
    message = (tmp_path / "hash.p7s").read_bytes()
    certificate = x509.signed((tmp_path / "cert.der").read_bytes())
    assert module_signature.read(message).signer == "Root"
    assert module_signature.verify_root_hash(root_hash.upper(), message, [certificate]).holds
    assert not module_signature.verify_root_hash("ab13" * 16, message, [certificate]).holds


@pytest.mark.proof
@pytest.mark.parametrize(
    ("flavour", "architecture", "suite"), [("amd64", "amd64", "bookworm"), ("arm64", "arm64", "bookworm")]
)
def test_debians_modules_name_one_signer(flavour: str, architecture: str, suite: str) -> None:
    if shutil.which("modinfo") is None:
        pytest.skip("modinfo is not installed")
    try:
        folder = kernel(flavour, architecture, suite).resolve()
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")
    keys = set()
    for file in sorted(folder.rglob("*.ko"))[:100]:
        data = file.read_bytes()
        found = module_signature.of_module(signature(data))
        told = subprocess.run(["modinfo", "-0", file], capture_output=True, check=True).stdout.decode().split("\0")
        assert f"signer={found.signer}" in told
        assert f"sig_key={found.key.hex(':').upper()}" in told
        assert f"sig_hashalgo={found.digest}" in told
        keys.add(found.key)
    assert len(keys) == 1
