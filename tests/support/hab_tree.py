"""NXP's signing tool and a tree of keys for it, as its own scripts make one.

Debian's cst lacks the functions that find a private key and its passphrase, and is not linked to OpenSSL: a library
that is loaded before it brings both, so that NXP's own code signs.
"""

import shutil
from functools import cache
from pathlib import Path

from lasting import lasting_folder
from program import find_program, run_program
from rom import certificate, rsa_key

MISSING = [name for name in ("cst", "srktool", "gcc", "openssl", "mkimage", "dd", "od") if find_program(name) is None]
MISSING_PIECE = r"""
#include <string.h>
int get_key_file(const char *certificate, char *key)
{
    char *at;
    strcpy(key, certificate);
    if ((at = strstr(key, "crts/")))
        memcpy(at, "keys/", 5);
    if ((at = strstr(key, "_crt.")))
        memcpy(at, "_key.", 5);
    return 0;
}
int get_passcode_to_key_file(char *place, int size, int writing, void *more)
{
    strcpy(place, "test");
    return 4;
}
"""
NAMES = {"SRK1": "srk1", "SRK2": "srk2", "SRK3": "srk3", "SRK4": "srk4", "CSF1_1": "csf", "IMG1_1": "img"}


@cache
def cst() -> Path:
    """A program that runs NXP's with what it lacks."""
    folder = lasting_folder("cst-")
    done = run_program(
        ("gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", "piece.so"), feed=MISSING_PIECE.encode(), cwd=folder
    )
    assert done.returncode == 0, done.stderr
    path = folder / "cst"
    path.write_text(f'#!/bin/sh\nLD_PRELOAD="libcrypto.so.3 {folder}/piece.so" exec {find_program("cst")} "$@"\n')
    path.chmod(0o755)
    return path


def tree(folder: Path) -> Path:
    """Keys and certificates by the names that hab4_pki_tree.sh gives them."""
    for name in ("crts", "keys"):
        (folder / name).mkdir(parents=True)
    (folder / "keys/key_pass.txt").write_text("test\ntest\n")
    for name, ours in NAMES.items():
        made = certificate(ours) if name.startswith("SRK") else certificate(ours, "srk1")
        kind = "ca" if name.startswith("SRK") else "usr"
        shutil.copy(made, folder / "crts" / f"{name}_sha256_2048_65537_v3_{kind}_crt.pem")
        shutil.copy(rsa_key(ours), folder / "keys" / f"{name}_sha256_2048_65537_v3_{kind}_key.pem")
    return folder
