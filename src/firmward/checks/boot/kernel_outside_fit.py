"""kernel-outside-fit"""

from collections.abc import Iterator

from firmward.facts.boot_pieces import BootPiece, BootPieces, Stage, State
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding
from firmward.model.finding import Severity as Grave
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety
from firmward.model.remedy import Stage as RemedyStage

WHATS = ("kernel", "device tree")
BARE = "is loaded on its own, and nothing in it is signed"
REMEDY = Remedy(
    "Put kernel, device tree and initramfs into one FIT with a signed configuration (mkimage -F -k KEYS -K CONTROL.dtb "
    "-r), or into a UKI, and have the boot loader start nothing else",
    Safety.MANUAL,
    RemedyStage.SOURCE,
)


def _example(state: State, *, carrier: str | None = None, what: str = "kernel") -> Example:
    piece = BootPiece(Location(part="image/boot/Image"), Stage.KERNEL, what, state, "as it is", carrier=carrier)
    return Example(facts=(BootPieces((piece,)),))


@check(
    title="A kernel or device tree is loaded on its own, unsigned",
    severity=Grave.CRITICAL,
    practice="P06",
    cwe=345,
    bad=(_example(State.UNVERIFIED), _example(State.UNVERIFIED, what="device tree")),
    good=(
        _example(State.VERIFIED, carrier="image/boot/fitImage"),
        _example(State.UNVERIFIED, carrier="image/boot/fitImage"),
    ),
)
def kernel_outside_fit(pieces: BootPieces) -> Findings:
    """A kernel in a file or a partition of its own, a uImage, a zImage: nothing in it can be verified, so that whoever
    writes the medium once runs what he likes below everything else, and no update takes it away. A device tree alone
    is as bad: it holds the kernel's command line, says which memory is whose, and can switch protections off. What is
    in a FIT, a UKI or behind HAB's table can be signed; whether it is, other checks say.
    """
    kernels = [piece for piece in pieces.of(Stage.KERNEL) if piece.what in WHATS]
    doubts = [piece.why for piece in kernels if piece.state is State.UNKNOWN]
    yield from _findings([piece for piece in kernels if piece.state is State.UNVERIFIED and piece.carrier is None])
    if doubts or pieces.unread:
        raise Unavailable("; ".join((*doubts, *pieces.unread)[:3]))
    if not kernels:
        raise NotApplicable("no kernel and no device tree of one lies in the image")


def _findings(bare: list[BootPiece]) -> Iterator[Finding]:
    """Each kernel; device trees by the part that they lie in, since a distribution brings a thousand."""
    for piece in bare:
        if piece.what == "kernel":
            yield _finding(
                piece, "kernel", f"the kernel {piece.at.part} is loaded on its own, and nothing in it is signed"
            )
    folders = dict.fromkeys(_folder(piece) for piece in bare if piece.what != "kernel")
    for folder in folders:
        trees = [piece for piece in bare if piece.what != "kernel" and _folder(piece) == folder]
        more = f" and {len(trees) - 1} more beside it" if len(trees) > 1 else ""
        yield _finding(trees[0], "device-tree", f"the device tree {trees[0].at.part}{more} {BARE}")


def _folder(piece: BootPiece) -> str:
    return (piece.at.part or "").rpartition("/")[0]


def _finding(piece: BootPiece, key: str, message: str) -> Finding:
    return Finding(key, message, at=piece.at, remedy=REMEDY)
