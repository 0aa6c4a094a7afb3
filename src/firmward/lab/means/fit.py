"""FITs that an attacker makes of the build's: same kernel, his initramfs."""

from pathlib import Path

from firmward.lab import device
from firmward.lab.means.initramfs import with_first_program
from firmward.lab.plain import fit
from firmward.lab.target import Target


def unsigned(target: Target) -> Path:
    """With checksums alone, as mkimage makes one without a key."""
    return fit.unsigned(
        target.device.folder / device.FIT,
        target.work,
        lambda archive: with_first_program(archive, target.challenge),
    )
