"""An attacker's initramfs: the build's own, with his program in place of its first one."""

from firmward.lab.challenge import Challenge
from firmward.lab.means.program import first_program
from firmward.lab.plain import initramfs

NAMES = ("init", initramfs.NAME)
"""What the device's kernel starts, and what the twin's does."""


def with_first_program(archive: bytes, challenge: Challenge) -> bytes:
    """Archives behind each other are unpacked into one tree: the last of a name stays."""
    content = first_program(challenge).encode()
    for name in NAMES:
        archive = initramfs.with_program(archive, content, name)
    return archive
