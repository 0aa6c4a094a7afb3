"""A changed root whose hash tree is mended up to its top, with the device's own salt and header."""

from firmward.formats.malformed import Malformed
from firmward.formats.squashfs import SUPERBLOCK_SIZE, parse_superblock
from firmward.formats.verity import parse_superblock as parse_tree
from firmward.formats.verity_tree import hash_tree
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import start_script, verified_root
from firmward.lab.target import Target, Witness
from firmward.model.chain import ROOT

BLOCK = 4096


def run(target: Target) -> Result:
    path, patch = start_script.changed(target)
    target.write(start_script.ROOT, patch.data, patch.at)
    target.note(Witness.ATTACKER, f"put his own words into {path}, at {patch.at} of root_a")
    _mend(target)
    with target.power() as powered:
        return verified_root.withstands(powered, ATTACK.within)


def _mend(target: Target) -> None:
    """Make the tree anew where there is one, every level of it."""
    read = start_script.reader(target)
    size = parse_superblock(read(0, SUPERBLOCK_SIZE)).size
    start = -(-size // BLOCK) * BLOCK
    try:
        shape = parse_tree(read(start, BLOCK))
    except Malformed:
        target.note(Witness.ATTACKER, "found no hash tree behind the root that he would have to mend")
        return
    root_hash, levels = hash_tree(shape, list(shape.digests(read(0, shape.data_size), shape.data_block)))
    target.write(start_script.ROOT, b"".join(levels), start + shape.hash_block)
    target.note(Witness.ATTACKER, f"made all {len(levels)} levels of the hash tree anew, up to {root_hash.hex()[:16]}…")


ATTACK = Attack(
    id="verity-tree-swap",
    title="A changed root with its hash tree mended",
    does="takes the storage out, changes a start script, and mends the hash tree behind the root, level by level",
    position=Position.BENCH,
    link=ROOT,
    case="Etemadieh and others (Exploitee.rs): All Your Things Are Belong To Us, DEF CON 25, 2017",
    foretold=("rootfs-unverified", "verity-root-hash-untrusted"),
    run=run,
    within=120.0,
)
