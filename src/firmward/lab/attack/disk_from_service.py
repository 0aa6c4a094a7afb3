"""A web server that was taken over, and writes to the disk past the file system: where boot loader and kernel lie."""

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.target import Target, Witness

PARTITION = "boot_b"
SECTOR = 512
CODE = """\
mknod /dev/shm/disk b 254 0
for disk in /dev/vda /dev/shm/disk; do
	echo {word} | dd of=$disk bs={size} seek={number} conv=notrunc,fsync
done
"""
"""By the device's node, and by one of his own."""


def run(target: Target) -> Result:
    """The last sector of the other slot, which nothing reads: what is tried is whether it can be written at all."""
    place = target.device.partition(PARTITION)
    last = place.size - SECTOR
    number = (place.start + last) // SECTOR
    with taken(target) as service:
        service.run(as_root(CODE.format(word=target.challenge.shell, size=SECTOR, number=number)))
        target.note(Witness.ATTACKER, f"writes to the disk behind the file systems, into {PARTITION}")
        if target.challenge.is_answered(target.read(PARTITION, SECTOR, last).decode("latin-1")):
            target.note(Witness.DISK, f"the last sector of {PARTITION} answers the challenge")
            return Result.SUCCEEDED
        return service.goes_on(f"{PARTITION} has nothing of his")


ATTACK = Attack(
    id="disk-from-service",
    title="A taken-over service writes to the boot slots",
    does="runs code in the web server, and from there writes to the disk itself, where the kernel lies",
    position=Position.SERVICE,
    link=RUNNING,
    case="VPNFilter (Talos, 2018), BrickerBot (Radware, 2017): malware that writes to raw flash from a taken service",
    foretold=("setuid-unexpected", "world-writable", "account-default-password"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
)
