"""Keys of the tests, made once on a machine: RSA of 4096 bits takes seconds, and none of them keeps a secret."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build" / "cache" / "keys"


def kept_key(name: str, *options: str) -> Path:
    """The PEM file of a key that is always the same for a name; `options` are those of genpkey(1). Whoever makes it
    first wins."""
    path = FOLDER / f"{name}.pem"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            made = Path(folder) / "key.pem"
            subprocess.run(["openssl", "genpkey", *options, "-out", made], check=True, capture_output=True)
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.link(made, path)
    return path


def rsa_key(name: str, bits: int = 2048) -> Path:
    return kept_key(f"{name}-{bits}", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")


def curve_key(name: str, curve: str) -> Path:
    """`curve` by OpenSSL's name."""
    return kept_key(f"{name}-{curve}", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")
