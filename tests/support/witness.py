"""OpenSSL as the witness of a signature."""

import subprocess
from pathlib import Path

from firmward.signing.public_half import to_pem
from firmward.signing.signing_key import PublicKey, Scheme

PSS = ("-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest")
HOW: dict[Scheme, tuple[str, ...]] = {
    Scheme.ED25519: ("-rawin",),
    Scheme.RSA_PSS_SHA256: ("-rawin", "-digest", "sha256", *PSS),
    Scheme.RSA_PKCS1_SHA256: ("-rawin", "-digest", "sha256"),
    Scheme.ECDSA_SHA256: ("-rawin", "-digest", "sha256"),
}


def openssl_accepts(public: PublicKey, signature: bytes, message: bytes, scheme: Scheme, folder: Path) -> bool:
    files = {"public.pem": to_pem(public), "signature": signature, "message": message}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-sigfile", "signature"]
    done = subprocess.run([*words, "-in", "message", *HOW[scheme]], cwd=folder, capture_output=True, timeout=30)
    for name in files:
        (folder / name).unlink()
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0
