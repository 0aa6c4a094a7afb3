"""One byte of the kernel, with its checksum mended."""

import gzip
import re

from firmward.formats.malformed import Malformed
from firmward.lab.attacks import Attack, Position, Result, Unseen
from firmward.lab.challenge import Challenge
from firmward.lab.means import fit
from firmward.lab.means.fit_tree import FitTree
from firmward.lab.target import Powered, Target, Witness
from firmward.model.chain import KERNEL

BANNER = re.compile(rb"Linu(x) version \d")
"""What a kernel says first; the letter that is changed stands in it once."""
LEVEL = 7
"""As a build packs it: higher levels take seconds for some kilobytes."""
LETTERS = "abcdefghijklmnopqrstuvw"


def run(target: Target) -> Result:
    letter = letter_of(target.challenge)
    tree = fit.lying(target)
    fit.write(target, tree.with_content("kernel", _kernel(target, tree, letter)).to_bytes())
    target.note(
        Witness.ATTACKER, f"changed one letter of the kernel into {letter!r}, packed it again and mended its checksum"
    )
    with target.power() as powered:
        return _verdict(powered, f"Linu{letter} version")


def letter_of(challenge: Challenge) -> str:
    return LETTERS[challenge.first % len(LETTERS)]


def flipped(kernel: bytes, letter: str) -> bytes:
    """Of what a kernel calls itself the last place counts: before it may lie one that a later part of it replaces.
    Raises Malformed for what is no kernel."""
    places = list(BANNER.finditer(kernel))
    if not places:
        raise Malformed("the kernel does not say what it is")
    found = places[-1]
    return kernel[: found.start(1)] + letter.encode() + kernel[found.end(1) :]


def _kernel(target: Target, tree: FitTree, letter: str) -> bytes:
    """The same for both devices."""
    made = target.work / "kernel"
    if not made.exists():
        content = tree.content_of("kernel")
        if tree.image_of("kernel").text("compression") == "gzip":
            made.write_bytes(gzip.compress(flipped(gzip.decompress(content), letter), LEVEL, mtime=0))
        else:
            made.write_bytes(flipped(content, letter))
    return made.read_bytes()


def _verdict(powered: Powered, banner: str) -> Result:
    """One byte cannot multiply; but no kernel calls itself so on its own."""
    seen = powered.until(lambda: banner in powered.said or powered.is_healthy, ATTACK.within)
    if banner in powered.said:
        powered.target.note(Witness.SERIAL, f"the changed kernel ran: it calls itself {banner!r}")
        return Result.SUCCEEDED
    if not seen:
        raise Unseen("neither the changed kernel nor the device was seen")
    powered.target.note(Witness.DISK, "Linux marked a slot good, and no changed kernel was heard")
    return Result.STOPPED


ATTACK = Attack(
    id="fit-byte-flip",
    title="One byte of the kernel",
    does="changes a single byte of the kernel on the storage and mends the checksum that lies beside it",
    position=Position.BENCH,
    link=KERNEL,
    case="Cui, Costello, Stolfo, When Firmware Modifications Attack (NDSS 2013): images with checksums alone",
    foretold=("fit-unsigned", "fit-weak-algorithm"),
    run=run,
    within=120,
)
