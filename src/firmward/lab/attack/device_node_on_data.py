"""A node of the whole disk on the data partition, open to everybody."""

from firmward.build.built import STATE
from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import key_login, low_account
from firmward.lab.means.data_partition import Planted
from firmward.lab.target import SETTLES, Powered, Target, Witness

MAJORS = range(240, 255)
"""Linux gives a disk of virtio's one of these when it starts (block/genhd.c: major numbers that are given out)."""
SECTOR = 512
AT = 1024
"""Of the state partition: behind all that the boot loader keeps there."""


def run(target: Target) -> Result:
    nodes = (Planted(f"{low_account.HOME}/disk{major}", 0o666, device=(major, 0)) for major in MAJORS)
    account = low_account.planted(target, *nodes)
    target.note(Witness.ATTACKER, "put nodes of the whole disk beside it that anybody may write to")
    with target.power(ATTACK.ports) as powered:
        account.said(powered, _command(target))
        if powered.until(lambda: _is_written(target), SETTLES):
            target.note(Witness.DISK, "the account's own number stands on the disk, outside all file systems")
            return Result.SUCCEEDED
        return _stopped(powered)


def _command(target: Target) -> str:
    sector = target.device.partition(STATE).start // SECTOR + AT
    write = f"echo {target.challenge.shell} | dd of=$node bs={SECTOR} seek={sector} conv=notrunc"
    return f"for node in disk*; do {write}; done; sync"


def _is_written(target: Target) -> bool:
    return target.challenge.is_answered(target.read(STATE, SECTOR, AT * SECTOR).decode("latin-1"))


def _stopped(powered: Powered) -> Result:
    powered.target.note(Witness.DISK, "the device serves, and the disk outside the file systems is as it was")
    return Result.STOPPED


ATTACK = Attack(
    id="device-node-on-data",
    title="A node of the disk among the data",
    does="puts a node of the disk that is open to all on the data partition, and writes to the disk as a low account",
    position=Position.BENCH,
    link=RUNNING,
    case="DISA STIG V-257881: nodes on a local partition give accounts without rights what is root's",
    foretold=("mount-options",),
    run=run,
    within=60.0,
    ports=(key_login.PORT,),
)
