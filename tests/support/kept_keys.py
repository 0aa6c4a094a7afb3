"""RSA keys of the tests, made once on a machine: of 4096 bits each takes seconds, and none of them keeps a secret."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build" / "cache" / "keys"


def rsa_key(name: str, bits: int = 2048) -> Path:
    """The PEM file of a key that is always the same for a name; whoever makes it first wins."""
    path = FOLDER / f"{name}-{bits}.pem"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            made = Path(folder) / "key.pem"
            subprocess.run(["openssl", "genrsa", "-out", made, str(bits)], check=True, capture_output=True)
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.link(made, path)
    return path
