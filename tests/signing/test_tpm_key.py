"""Keys in a TPM: swtpm makes and uses them, OpenSSL verifies."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import stores
from witness import openssl_accepts

from firmward.model.errors import DeviceError, FirmwardError, ToolError, TrustError
from firmward.signing import private_files, tpm_key, tpm_tools
from firmward.signing.algorithm import Algorithm, Custody
from firmward.signing.changes import NewRole, init, rotate
from firmward.signing.custody import Making
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role
from firmward.signing.signing_key import Scheme


def store_with(folder: Path, role: Role, algorithm: Algorithm | None = None) -> KeyStore:
    init(folder / "keys", [NewRole(role, Making(Custody.TPM, algorithm))], stores.known(), stores.DAY)
    return KeyStore.open(folder / "keys")


@pytest.mark.parametrize(
    ("role", "scheme"), [(Role.FLEET, Scheme.ECDSA_SHA256), (Role.BOOT, Scheme.RSA_PKCS1_SHA256)], ids=str
)
def test_openssl_verifies_what_the_tpm_signs(tpm: str, tmp_path: Path, role: Role, scheme: Scheme) -> None:
    store = store_with(tmp_path, role)
    (key,) = store.signers(role, stores.known())
    assert openssl_accepts(key.public, key.sign(b"message", scheme), b"message", scheme, tmp_path)
    assert key.public == store.public(role)[0]
    assert stores.PASSPHRASE not in repr(key)
    for other in (Scheme.ED25519, Scheme.RSA_PSS_SHA256):
        with pytest.raises(TrustError):
            key.sign(b"message", other)


def test_the_tpm_says_that_the_key_was_made_in_it_and_stays(tpm: str, tmp_path: Path) -> None:
    store = store_with(tmp_path, Role.FLEET)
    folder = tpm_key.place(store.folder / "private", store.keys(Role.FLEET)[0].id)
    told = subprocess.run(["tpm2_print", "-t", "TPM2B_PUBLIC", folder / "key.pub"], capture_output=True, check=True)
    words = told.stdout.decode()
    for attribute in ("fixedtpm", "fixedparent", "sensitivedataorigin", "sign"):
        assert attribute in words
    for attribute in ("noda", "decrypt", "restricted"):
        assert attribute not in words


def test_a_wrong_passphrase_is_told(tpm: str, tmp_path: Path) -> None:
    store = store_with(tmp_path, Role.FLEET)
    (key,) = store.signers(Role.FLEET, stores.known("wrong horse battery"))
    with pytest.raises(TrustError, match="wrong passphrase"):
        key.sign(b"message", Scheme.ECDSA_SHA256)


def test_blobs_of_another_key_are_refused(tpm: str, tmp_path: Path) -> None:
    store = store_with(tmp_path, Role.FLEET)
    done = rotate(store.folder, Role.FLEET, stores.known(), stores.DAY)
    assert done.new.custody == "tpm"
    first, second = KeyStore.open(store.folder).keys(Role.FLEET)
    old, new = (tpm_key.place(store.folder / "private", key.id) for key in (first, second))
    shutil.rmtree(new)
    old.rename(new)
    (key,) = KeyStore.open(store.folder).signers(Role.FLEET, stores.known())
    with pytest.raises(TrustError, match="another key"):
        key.sign(b"message", Scheme.ECDSA_SHA256)


def test_blobs_that_others_may_read_are_refused(tpm: str, tmp_path: Path) -> None:
    store = store_with(tmp_path, Role.FLEET)
    folder = tpm_key.place(store.folder / "private", store.keys(Role.FLEET)[0].id)
    (folder / "key.priv").chmod(0o644)
    with pytest.raises(TrustError, match=r"key\.priv"):
        KeyStore.open(store.folder)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_rotation_that_is_cut_off_leaves_a_store_that_opens(
    tpm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    store = store_with(tmp_path, Role.FLEET)
    real, left = private_files.write, [count]

    def cut(path: Path, content: bytes, mode: int = 0o600) -> None:
        if store.folder in path.parents:
            if not left[0]:
                raise SystemExit
            left[0] -= 1
        real(path, content, mode)

    with monkeypatch.context() as patched:
        patched.setattr(private_files, "write", cut)
        patched.setattr(tpm_key, "shutil", SimpleNamespace(rmtree=lambda *_, **__: None))  # a power cut clears nothing
        with pytest.raises(SystemExit):
            rotate(store.folder, Role.FLEET, stores.known(), stores.DAY)
    assert KeyStore.open(store.folder).signers(Role.FLEET, stores.known())


def test_damaged_blobs_are_refused_in_words(tpm: str, tmp_path: Path) -> None:
    store = store_with(tmp_path, Role.FLEET)
    blob = tpm_key.place(store.folder / "private", store.keys(Role.FLEET)[0].id) / "key.priv"
    blob.write_bytes(blob.read_bytes()[:-20])
    (key,) = store.signers(Role.FLEET, stores.known())
    with pytest.raises(FirmwardError, match="TPM"):
        key.sign(b"message", Scheme.ECDSA_SHA256)


def test_a_tpm_that_is_not_there_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("tpm2_create") is None:
        pytest.skip("tpm2-tools is not installed")
    monkeypatch.setenv("TPM2TOOLS_TCTI", "swtpm:host=127.0.0.1,port=1")
    with pytest.raises(DeviceError, match="TPM2TOOLS_TCTI"):
        store_with(tmp_path, Role.FLEET)
    assert list(tmp_path.iterdir()) == []


def test_the_program_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tpm_tools, "SEARCH_PATH", str(tmp_path))
    with pytest.raises(ToolError, match="apt-get install tpm2-tools"):
        store_with(tmp_path, Role.FLEET)


def test_no_secret_is_an_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tpm: str) -> None:
    seen: list[str] = []
    real = subprocess.run

    def noted(words: list[str], **rest: object) -> object:
        seen.extend(words)
        return real(words, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", noted)
    store = store_with(tmp_path, Role.FLEET)
    store.signers(Role.FLEET, stores.known())[0].sign(b"message", Scheme.ECDSA_SHA256)
    assert "tpm2_sign" in " ".join(seen)
    authority = tpm_key._authority(stores.PASSPHRASE).decode()
    assert not any(stores.PASSPHRASE in word or authority in word for word in seen)


MODULES = ("/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so", "/usr/lib/aarch64-linux-gnu/pkcs11/libtpm2_pkcs11.so")
AS_TOKEN = """
import sys
from pathlib import Path
import stores
from firmward.signing.algorithm import Custody
from firmward.signing.changes import NewRole, init
from firmward.signing.custody import Making
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role
from firmward.signing.signing_key import Scheme
folder, module = Path(sys.argv[1]), Path(sys.argv[2])
making = Making(Custody.PKCS11, None, module, "tpm")
init(folder, [NewRole(Role.BOOT, making)], stores.known("43214321"), stores.DAY)
(key,) = KeyStore.open(folder).signers(Role.BOOT, stores.known("43214321"))
(folder / "signature").write_bytes(key.sign(b"message", Scheme.RSA_PKCS1_SHA256))
"""


def test_a_tpm_serves_as_a_token_too(tpm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, since a module looks for its data base once."""
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module is None or shutil.which("pkcs11-tool") is None:
        pytest.skip("tpm2-pkcs11 or pkcs11-tool is not installed")
    (tmp_path / "tokens").mkdir()
    monkeypatch.setenv("TPM2_PKCS11_STORE", str(tmp_path / "tokens"))
    monkeypatch.setenv("TPM2_PKCS11_TCTI", tpm)
    tool = ["pkcs11-tool", "--module", module, "--so-pin", "so123456"]
    named = ["--init-token", "--slot-index", "0", "--label", "tpm"]
    for words in (named, ["--login", "--login-type", "so", "--init-pin", "--new-pin", "43214321"]):
        subprocess.run([*tool, *words], check=True, capture_output=True, timeout=60)
    path = os.pathsep.join((str(Path(stores.__file__).parent), *filter(None, sys.path)))
    words = [sys.executable, "-c", AS_TOKEN, str(tmp_path / "keys"), module]
    subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, check=True, timeout=60)
    (public,) = KeyStore.open(tmp_path / "keys").public(Role.BOOT)
    signature = (tmp_path / "keys/signature").read_bytes()
    assert openssl_accepts(public, signature, b"message", Scheme.RSA_PKCS1_SHA256, tmp_path)
