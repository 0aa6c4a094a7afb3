"""A shell of the device's by SSH, with the real client: by a key that was put on the disk, or by nothing at all."""

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmward.build.program import found, run
from firmward.lab.target import Powered, Target

PORT = 22
PACKAGE = "openssh-client"
SECONDS = 40.0
"""For one command on a busy machine, the key exchange included."""
EPOCH = 0
OPTIONS = (
    "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes", "LogLevel=ERROR", "ConnectTimeout=30",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """`private` is a file that the client reads, `line` what an authorized_keys has of it."""

    private: Path
    line: bytes


def key(target: Target) -> Key:
    """The attacker's own, the same for both devices."""
    private = target.work / "key"
    if not private.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "own", "-f", str(private)]
        run(command, epoch=EPOCH, package=PACKAGE)
    return Key(private, private.with_suffix(".pub").read_bytes())


def said(powered: Powered, account: str, command: str, private: Path | None = None) -> str:
    """What a command says that an account runs, and the client where it gets no further. The serial line is listened to
    meanwhile."""
    host, port = powered.address(PORT)
    options = [word for option in OPTIONS for word in ("-o", option)]
    identity = ("-i", str(private)) if private is not None else ("-o", "PubkeyAuthentication=no")
    words = [found("ssh", PACKAGE), "-F", "none", *options, *identity, "-p", str(port), f"{account}@{host}", command]
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"LC_ALL": "C.UTF-8"}
    ) as client:
        try:
            powered.until(lambda: client.poll() is not None, SECONDS)
        finally:
            client.kill()
            output = b""
            with suppress(subprocess.TimeoutExpired):
                output = client.communicate(timeout=5)[0]
    return output.decode("utf-8", "replace")
