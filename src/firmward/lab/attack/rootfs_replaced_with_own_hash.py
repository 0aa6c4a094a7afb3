"""A root of the attacker's own, with a hash tree of its own behind it."""

from pathlib import Path

from firmward.build.root import write_root
from firmward.build.trees import Given, open_tree
from firmward.build.verity import write_verity
from firmward.harden.draft import Draft
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import verified_root
from firmward.lab.means.program import script
from firmward.lab.means.start_script import FOLDER
from firmward.lab.target import Target, Witness
from firmward.model.chain import ROOT as LINK

ROOT = "slot/root.img"
ADDED = f"{FOLDER}/S00own"
COMPRESSION = "gzip"
"""Packed in seconds, and every kernel that reads squashfs knows it."""
PROGRAM = 0o755


def run(target: Target) -> Result:
    made = target.work / "own.img"
    if not made.exists():
        _make(target, made)
    target.write("root_a", made.read_bytes())
    target.note(Witness.ATTACKER, "put a root with his own start script into root_a, and behind it a hash tree of it")
    with target.power() as powered:
        return verified_root.withstands(powered, ATTACK.within)


def _make(target: Target, place: Path) -> None:
    given = open_tree(target.device.folder / ROOT)
    draft = Draft(given.tree)
    draft.write(ADDED, script(target.challenge), PROGRAM)
    bare = target.work / "own.squashfs"
    write_root(Given(given.path, given.kind, draft), bare, compression=COMPRESSION, epoch=0)
    write_verity(bare, place, product="own", version="1")


ATTACK = Attack(
    id="rootfs-replaced-with-own-hash",
    title="A root of his own with its own hash tree",
    does="takes the storage out and puts a root file system of his own there, with a hash tree that fits it",
    position=Position.BENCH,
    link=LINK,
    case="Barnes: Alexa, are you listening?, MWR 2017: the root of an Amazon Echo changed through its debug pads",
    foretold=("rootfs-unverified", "verity-root-hash-untrusted"),
    run=run,
    within=120.0,
)
