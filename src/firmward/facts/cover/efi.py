"""What UEFI firmware, shim and boot managers verify: programs with all their sections, and kernels that they load.

A program is covered when the enrolled keys let it in; where no keys are in the image, when its signature holds: which
keys the firmware asks is then the matter of the link before.
"""

from collections.abc import Iterator

from firmward.facts.cover import Cover
from firmward.facts.efi_programs import EfiProgram, EfiPrograms, Loaded, Maker, Place
from firmward.model.chain import State

BY = "UEFI Secure Boot"
SHIM = "shim"


def key_of(program: EfiProgram) -> str:
    """What it would be called as a part of the image."""
    return "/".join(step for step in (program.at.part, program.at.path) if step)


def of_program(program: EfiProgram) -> Cover:
    key = key_of(program)
    if program.broken is not None:
        return Cover(State.BROKEN, f"{program.name} is signed, and {program.broken}", BY, key)
    if program.accepted:
        return Cover(State.VERIFIED, f"{program.name}: {program.why}", BY, key)
    if not program.is_signed:
        return Cover(State.UNVERIFIED, f"{program.name} bears no signature", None, key)
    signer = program.signers[0]
    if program.accepted is False:
        return Cover(State.BROKEN, f"{program.name} is signed by {signer}: {program.why}", BY, key)
    return Cover(State.VERIFIED, f"{program.name} is signed by {signer}, and the signature holds", BY, key)


def loaded(programs: EfiPrograms) -> Iterator[tuple[EfiProgram, Loaded]]:
    """What boot managers that are started load from files."""
    return ((one, each) for one in programs.started for each in one.loads)


def of_loaded(program: EfiProgram, one: Loaded) -> Cover:
    """A file that a boot manager loads."""
    if one.is_covered is None:
        return Cover(State.UNKNOWN, f"whether {program.name} verifies {one.path} is not known", None, key_of(program))
    if one.is_covered:
        return Cover(State.VERIFIED, f"{program.name} has {one.path} verified", BY, key_of(program))
    return Cover(State.UNVERIFIED, f"{program.name} loads {one.path}, which no signature covers")


def is_first(program: EfiProgram, programs: EfiPrograms) -> bool:
    """Whether firmware starts it, and no shim does."""
    return program.maker is Maker.SHIM or all(one.maker is not Maker.SHIM for one in programs.started)


def is_offered(program: EfiProgram) -> bool:
    """Whether a boot manager starts it, so that it is a kernel and no boot loader."""
    return program.place is Place.MANAGED
