"""initramfs-unsigned"""

from firmward.facts.boot_pieces import BootPiece, BootPieces, Stage, State
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety
from firmward.model.remedy import Stage as RemedyStage

REMEDY = Remedy(
    "Name the initramfs in the FIT's signed configuration (`ramdisk`), or put it into the UKI or the kernel",
    Safety.MANUAL,
    RemedyStage.SOURCE,
)


def _example(state: State, *, carrier: str | None = None) -> Example:
    at = Location(part="image/boot/initramfs.cpio")
    piece = BootPiece(at, Stage.KERNEL, "initramfs", state, "the signature is not over this node", carrier=carrier)
    return Example(facts=(BootPieces((piece,)),))


@check(
    title="The initramfs is outside every signature",
    severity=Severity.CRITICAL,
    practice="P11",
    cwe=345,
    bad=(
        _example(State.UNVERIFIED),
        _example(State.UNVERIFIED, carrier="image/boot/fitImage"),
        _example(State.BROKEN, carrier="image/boot/fitImage"),
    ),
    good=_example(State.VERIFIED, carrier="image/boot/fitImage"),
)
def initramfs_unsigned(pieces: BootPieces) -> Findings:
    """The initramfs runs first, as root, and decides what becomes the root file system: it asks for the root hash, or
    does not. It is a separate file on most devices, beside a kernel that may well be signed. Who writes it has the
    device, however well the kernel and the root file system are verified. It has to be covered by the same signature
    as the kernel that starts it.
    """
    found = [piece for piece in pieces.of(Stage.KERNEL) if piece.what == "initramfs"]
    doubts = [piece.why for piece in found if piece.state is State.UNKNOWN]
    for piece in found:
        if piece.state in (State.UNVERIFIED, State.BROKEN):
            yield Finding("initramfs", _words(piece), at=piece.at, remedy=REMEDY)
    if doubts or pieces.unread:
        raise Unavailable("; ".join((*doubts, *pieces.unread)[:3]))
    if not found:
        raise NotApplicable("no initramfs lies in the image")


def _words(piece: BootPiece) -> str:
    if piece.carrier is None:
        return f"the initramfs {piece.at.part} lies on its own, and no signature covers it"
    return f"the initramfs {piece.at.part}: {piece.why}"
