"""What every module here gives: files for who signs, and a verdict on what was signed."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.formats.rom_image import Held, Read, Signed, Signing

README, SCRIPT, IMAGE = "README.md", "sign.sh", "boot-loader.bin"
"""Names in the folder: `IMAGE` is what has to be signed."""
RESULTS = ("signed.imx", "srk-fuses.bin", "signed.stm32", "signed.mlo")
"""What the scripts leave there."""


@dataclass(frozen=True, slots=True)
class RomFile:
    """`runs` says that it is a program."""

    name: str
    content: bytes
    runs: bool = False


class State(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"
    """The maker does not tell how it is signed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`says` are sentences for people, the reasons first; `fuses` is the digest that the chip's fuses must hold, in
    hexadecimal, where there is one."""

    state: State
    says: tuple[str, ...]
    fuses: str | None = None


def reader(data: bytes) -> Read:
    return lambda offset, length: data[offset : offset + length] if offset >= 0 else b""


def verdict(signing: Signing, held: tuple[Held, ...], needed: tuple[str, ...], fuses: str | None = None) -> Verdict:
    """Of what a maker's reader says: everything holds, what is `needed` was seen to hold, and all that is loaded is
    covered."""
    seen = {one.what for one in held}
    faults = [one.says for one in signing.evidence] if signing.signed is not Signed.YES else []
    faults += [f"{one.what} does not hold" for one in held if not one.holds]
    faults += [f"{what} cannot be verified" for what in needed if what not in seen]
    faults += [f"{one.size} bytes of {one.name} at {one.offset:#x} are not signed" for one in signing.uncovered]
    if faults:
        return Verdict(State.FAILS, tuple(faults), fuses)
    return Verdict(State.HOLDS, tuple(f"{one.what} holds" for one in held), fuses)


def other(what: str) -> Verdict:
    return Verdict(State.FAILS, (f"{what} is not what was given out to be signed",))
