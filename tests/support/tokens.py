"""A token of PKCS#11 and a TPM, both made of software, in folders and on ports of their own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import program

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
LABEL, PIN = "firmward-tests", "4321"
SETTINGS = "directories.tokendir = {0}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"


@dataclass(frozen=True)
class SoftToken:
    module: Path
    label: str
    settings: Path


def soft_token(folder: Path) -> SoftToken | None:
    """None where SoftHSM is not installed. SOFTHSM2_CONF has to name the settings before the module is loaded."""
    module = next((Path(name) for name in MODULES if Path(name).exists()), None)
    tool = program.find_program("softhsm2-util")
    if module is None or tool is None:
        return None
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(SETTINGS.format(folder))
    words = [tool, "--init-token", "--free", "--label", LABEL, "--so-pin", "12345678", "--pin", PIN]
    env = {**os.environ, "SOFTHSM2_CONF": str(settings)}
    subprocess.run(words, env=env, check=True, capture_output=True, timeout=60)
    return SoftToken(module, LABEL, settings)


@contextmanager
def soft_tpm(folder: Path) -> Iterator[str | None]:
    """What TPM2TOOLS_TCTI has to say, None where swtpm is not installed."""
    swtpm = program.find_program("swtpm")
    if swtpm is None or program.find_program("tpm2_sign") is None:
        yield None
        return
    port = two_free_ports()
    words = [swtpm, "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"]
    for name, number in (("--server", port), ("--ctrl", port + 1)):
        words += [name, f"type=tcp,port={number},bindaddr=127.0.0.1"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port + 1)
        yield f"swtpm:host=127.0.0.1,port={port}"
    finally:
        process.kill()
        process.wait()


def two_free_ports() -> int:
    """The first of two ports side by side: libtss2 looks for the control port behind that of the commands."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two free ports side by side")


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("swtpm did not start")
