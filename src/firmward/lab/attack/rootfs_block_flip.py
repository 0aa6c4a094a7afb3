"""Other bytes in one block of the root file system, packed so that the file system itself sees nothing wrong."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import outcome, start_script
from firmward.lab.target import Target, Witness
from firmward.model.chain import ROOT


def run(target: Target) -> Result:
    path, patch = start_script.changed(target)
    target.write(start_script.ROOT, patch.data, patch.at)
    says = f"put his own words into {path}, in {len(patch.data)} bytes of root_a at {patch.at}"
    target.note(Witness.ATTACKER, f"{says}; the file system is whole")
    with target.power() as powered:
        return outcome.seen(powered, ATTACK.within, spoilt="a")


ATTACK = Attack(
    id="rootfs-block-flip",
    title="A changed block of the root",
    does="takes the storage out and changes a start script of the root file system in its place",
    position=Position.BENCH,
    link=ROOT,
    case="Etemadieh, Heres, Hoang: Hacking Hardware with a $10 SD Card Reader, Black Hat USA 2017",
    foretold=("rootfs-unverified", "verity-root-hash-untrusted"),
    run=run,
    within=120.0,
    takes=70.0,
)
