"""A kernel that is well signed, by somebody else."""

from firmward.formats.malformed import Malformed
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import fit
from firmward.lab.means.fit_tree import SIGNATURE, FitTree
from firmward.lab.target import Target
from firmward.model.chain import KERNEL
from firmward.signing import fit as signing
from firmward.signing.algorithm import Algorithm, generate
from firmward.signing.file_key import FileKey
from firmward.signing.public_half import key_id

RSA = (Algorithm.RSA2048, Algorithm.RSA3072, Algorithm.RSA4096)


def run(target: Target) -> Result:
    fit.place(
        target,
        lambda tree: _made(target, tree),
        "put his own first program into the initramfs, and signed all with a key of his own by the name of the maker's",
    )
    return target.withstands(ATTACK.within)


def _made(target: Target, tree: FitTree) -> bytes:
    changed = tree.of_one_slot().with_content("ramdisk", fit.his_initramfs(target, tree))
    made = target.work / "signed.fit"
    made.write_bytes(changed.to_bytes())
    signing.sign(made, his_key(tree))
    return made.read_bytes()


def his_key(tree: FitTree) -> FileKey:
    """Of the kind that the maker's is, so that its signature fits the place of that one. Raises Malformed."""
    signed = (one for one in tree.configuration.children if one.name.startswith(SIGNATURE))
    scheme = next(((one.text("algo") or "").partition(",")[2] for one in signed), "nothing")
    if scheme not in RSA:
        raise Malformed(f"the maker signs with {scheme}, of which there is no other key")
    private = generate(Algorithm(scheme))
    public = private.public_key()
    return FileKey(key_id(public), "his own", public, private)


ATTACK = Attack(
    id="fit-foreign-key",
    title="A kernel signed by somebody else",
    does="signs a kernel with an initramfs of his own by a key of his own, which he calls by the name of the maker's",
    position=Position.BENCH,
    link=KERNEL,
    case="Forristal, Fake ID (Android bug 13678484, Black Hat USA 2014): a signer known by name alone",
    foretold=("fit-unsigned", "fit-key-not-required"),
    run=run,
    within=120,
)
