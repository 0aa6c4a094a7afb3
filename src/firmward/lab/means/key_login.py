"""A shell of the device's by SSH, with the real client: by a key that was put on the disk, or by nothing at all."""

from dataclasses import dataclass
from pathlib import Path

from firmward.build.program import run
from firmward.lab.means import ssh
from firmward.lab.target import Powered, Target

PORT = 22
PACKAGE = "openssh-client"
SECONDS = 40.0
"""For one command on a busy machine, the key exchange included."""
EPOCH = 0


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
    client = ssh.with_key(powered.address(PORT), account, private, powered.target.work, command)
    with client.started() as process:
        if not powered.until(lambda: process.poll() is not None, SECONDS):
            process.kill()
        return process.communicate()[0].decode("utf-8", "replace")
