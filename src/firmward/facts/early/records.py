"""What is told of an initramfs."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location


class Anchor(StrEnum):
    """Where that stands which everything else is compared with: a root hash, a key, a list of digests."""

    INITRAMFS = "initramfs"
    COMMAND_LINE = "command line"
    """The kernel's command line."""
    SIGNED = "signed"
    """The kernel asks for a signature over it, and has the key."""
    MEDIUM = "medium"
    """On a medium, beside what it is to verify: whoever changes the one changes the other."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EarlyMount:
    """A `device` that is mounted on `target`, both as far as they are known (`$NAME`), with `type` and `options`, and
    where that stands, `at`. `is_certain` is whether the device is known for certain."""

    device: str
    target: str
    type: str
    options: tuple[str, ...]
    at: Location
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Verification:
    """Something that verifies: `how` in words, `at`, with the `program` that does it. `anchor` is where the trusted
    value stands. `needs` is the word of the kernel's command line without which it does nothing, empty for none."""

    how: str
    at: Location
    program: str
    anchor: Anchor
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What holds on one way: a `word` of the kernel's command line is there (`holds`) or is not; with a `value`, there
    with just this value. Without a word `text` says what happened."""

    text: str
    word: str = ""
    value: str | None = None
    holds: bool = True


Conditions = frozenset[Given]


@dataclass(frozen=True, slots=True)
class WayOut:
    """A place, `at`, where somebody gets a shell: `program` is what starts. `conditions` are alternatives, each what
    must hold all together; an empty one is no condition. `words` are those of the kernel's command line that ask for
    the shell on some way."""

    at: Location
    program: str
    conditions: tuple[Conditions, ...] = ()
    words: tuple[str, ...] = ()


class Verdict(StrEnum):
    """What is known of the root on one way when the system goes on there."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Handover:
    """A way on to another root, `at`: its `verdict` with `why` in words, and what is `mounted` there, None where that
    is not known."""

    at: Location
    verdict: Verdict
    why: str
    mounted: EarlyMount | None = None
