"""A token of PKCS#11 in software, in a folder of its own, with a key that was made in it and does not leave it."""

import os
import re
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from program import find_program

from firmward.signing.public_half import key_id
from firmward.signing.signing_key import Scheme

MODULE = next((path for path in map(Path, ("/usr/lib/softhsm/libsofthsm2.so",)) if path.exists()), None)
MISSING = [name for name in ("softhsm2-util", "pkcs11-tool") if find_program(name) is None]
PIN = "123456"
MECHANISMS = {
    Scheme.RSA_PKCS1_SHA256: ("SHA256-RSA-PKCS",),
    Scheme.RSA_PSS_SHA256: ("RSA-PKCS-PSS", "--hash-algorithm", "SHA256", "--salt-len", "32"),
}
"""The second signs a digest."""


@dataclass(frozen=True)
class TokenKey:
    """As a signing key answers; the PIN reaches the program by a variable."""

    folder: Path
    public: RSAPublicKey

    @classmethod
    def made(cls, folder: Path) -> "TokenKey":
        (folder / "tokens").mkdir()
        lines = (f"directories.tokendir = {folder}/tokens", "objectstore.backend = file", "log.level = ERROR", "")
        (folder / "softhsm.conf").write_text("\n".join(lines))
        pins = ("--pin", PIN, "--so-pin", "12345678")
        _run(folder, "softhsm2-util", "--init-token", "--free", "--label", "t", *pins)
        _tool(folder, "--keypairgen", "--key-type", "rsa:2048", "--label", "boot", "--id", "01", "--sensitive")
        _tool(folder, "--read-object", "--type", "pubkey", "--id", "01", "--output-file", str(folder / "public.der"))
        public = load_der_public_key((folder / "public.der").read_bytes())
        assert isinstance(public, RSAPublicKey)
        return cls(folder, public)

    @property
    def id(self) -> str:
        return key_id(self.public)

    def sign(self, message: bytes, scheme: Scheme) -> bytes:
        digested = scheme is Scheme.RSA_PSS_SHA256
        (self.folder / "message").write_bytes(sha256(message).digest() if digested else message)
        files = ("--input-file", str(self.folder / "message"), "--output-file", str(self.folder / "signature"))
        _tool(self.folder, "--sign", "--id", "01", "--mechanism", *MECHANISMS[scheme], *files)
        return (self.folder / "signature").read_bytes()

    def access(self) -> str:
        """What the token says of the private half."""
        listed = _tool(self.folder, "--list-objects", "--type", "privkey")
        found = re.search(r"Access: *(.*)", listed)
        return found[1] if found else ""


def _tool(folder: Path, *words: str) -> str:
    token = ("--module", str(MODULE), "--token-label", "t", "--login", "--pin", "env:PIN")
    return _run(folder, "pkcs11-tool", *token, *words)


def _run(folder: Path, *command: str) -> str:
    environment = {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm.conf"), "PIN": PIN}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout
