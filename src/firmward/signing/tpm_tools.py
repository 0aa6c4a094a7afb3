"""The programs of tpm2-tools: found, run in a folder of their own, and their errors told apart.

A secret goes in through standard input (`file:-`), never as an argument. Whoever speaks to a TPM without a resource
manager has its few slots filled by what earlier commands left, which is why they are flushed after each.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, ToolError, TrustError

SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
SECONDS = 120
"""A slow TPM takes half a minute for an RSA key."""
WRONG_AUTHORITY = re.compile(r"0x[0-9a-f]*(?:98e|9a2)\b|authorization HMAC check failed", re.IGNORECASE)
LOCKED_OUT = re.compile(r"\b0x921\b|lockout", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tools:
    """`folder` is where the programs read and write; nobody else may look into it."""

    folder: Path

    def run(self, name: str, *words: str, secret: bytes = b"") -> None:
        """Raises ToolError, TrustError for a wrong passphrase, DeviceError for everything else that fails."""
        done = self._call(name, "-Q", *words, secret=secret)
        said = done.stderr.decode(errors="replace")
        self._call("tpm2_flushcontext", "-Q", "-t")
        if done.returncode == 0:
            return
        if WRONG_AUTHORITY.search(said):
            raise TrustError("the TPM refuses: wrong passphrase, or its owner hierarchy has one; nothing was signed")
        if LOCKED_OUT.search(said):
            raise TrustError("the TPM is locked after wrong passphrases; it opens again after a while")
        raise DeviceError(
            f"the TPM could not be used ({name}: {_reason(said)}); TPM2TOOLS_TCTI says which one is meant"
        )

    def _call(self, name: str, *words: str, secret: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        program = shutil.which(name, path=SEARCH_PATH)
        if program is None:
            raise ToolError(f"{name} is missing: apt-get install tpm2-tools")
        try:
            return subprocess.run(
                [program, *words], cwd=self.folder, input=secret, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise DeviceError(f"the TPM does not answer ({name}); try again") from error


def _reason(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines() or ["no reason given"]
    return lines[0][:200]
