"""rootfs-hash-mismatch"""

from firmward.facts.signed_files import SignedFiles
from firmward.facts.verity import Claim, HashTree, Verity
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.remedy import Remedy, Safety, Stage

HASH, OTHER = "4392712ba01368efdf14b05c76f9e4df" * 2, "00112233445566778899aabbccddeeff" * 2
AT = Location(part="image/hashes")
LINE = Location("boot/extlinux/extlinux.conf", 2)
WHOLE = HashTree(AT, "sha256", HASH, None, covers_all=True)
CHANGED = HashTree(AT, "sha256", HASH, "data block 17, 69632 bytes in", covers_all=True)
REMEDY = Remedy(
    "Build the image anew: make the hash tree after the last change to the file system, then sign its root hash",
    Safety.MANUAL,
    Stage.SOURCE,
)


@check(
    title="The root file system is not what its hashes say",
    severity=Severity.CRITICAL,
    practice="P12 P13",
    cwe=354,
    bad=(
        Example(facts=(Verity((CHANGED,), (Claim(LINE, HASH),)),)),
        Example(facts=(Verity((WHOLE,), (Claim(LINE, OTHER),)),)),
        Example(facts=(Verity((HashTree(AT, "sha256", HASH, None, covers_all=False),), ()),)),
    ),
    good=(Example(facts=(Verity((WHOLE,), (Claim(LINE, HASH),)),)),),
)
def rootfs_hash_mismatch(verity: Verity | None | Unknown, signed: SignedFiles | None | Unknown) -> Findings:
    """The image was changed after its hashes were made, by a late step of the build, by damage, or by somebody: the
    device will refuse to read the block, refuse to boot, or was never meant to verify at all. All data blocks are
    compared with the hash tree, the tree with itself, its top with every root hash that the image names, and each file
    that carries IMA's digest, or a signature by a key in the image, with that.
    """
    trees = verity.trees if isinstance(verity, Verity) else ()
    for tree in trees:
        yield from _of_tree(tree, verity.of_root("") if isinstance(verity, Verity) else ())
    vouched = verity.vouched if isinstance(verity, Verity) else ()
    for one in vouched:
        if one.tree is not None:
            yield from _of_tree(one.tree, ())
    if isinstance(signed, SignedFiles):
        for path in signed.changed:
            yield Finding(
                path, f"{path} is not what its IMA digest or signature says", at=Location(path), remedy=REMEDY
            )
    unread = [family.reason for family in (verity, signed) if isinstance(family, Unknown)]
    unread += [*verity.unread] if isinstance(verity, Verity) else []
    unread += [*signed.unread] if isinstance(signed, SignedFiles) else []
    unread += [f"the hash tree of {one.at.part} could not be compared" for one in vouched if one.tree is None]
    if unread:
        raise Unavailable("; ".join(unread[:5]))
    if not trees and not vouched and not (isinstance(signed, SignedFiles) and signed.hashed + signed.verified):
        if isinstance(verity, Verity) and verity.claims:
            raise Unavailable("a root hash is named, and the hash tree that it is of is not in the image")
        raise NotApplicable("no hash tree and no file with a digest is here")


def _of_tree(tree: HashTree, claims: tuple[Claim, ...]) -> Findings:
    if tree.differs is not None:
        yield Finding("tree", f"the hash tree does not fit the data: {tree.differs}", at=tree.at, remedy=REMEDY)
    if not tree.covers_all:
        message = "the hash tree ends before the file system does: what lies behind is not verified"
        yield Finding("short", message, at=tree.at, remedy=REMEDY)
    named = [claim for claim in claims if claim.root_hash]
    if named and all(claim.root_hash != tree.root_hash for claim in named):
        message = f"the hash tree's top is {tree.root_hash[:16]}…, and the image names {named[0].root_hash[:16]}…"
        yield Finding("root-hash", message, at=named[0].at, remedy=REMEDY)
