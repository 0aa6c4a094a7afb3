"""A setuid shell on the data partition, for an account without rights."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import key_login, low_account, setuid_shell
from firmward.lab.means.data_partition import Planted
from firmward.lab.means.program import CONSOLE
from firmward.lab.target import Target, Witness

NAME = "sh"
"""BusyBox goes by the name that it is called by."""


def run(target: Target) -> Result:
    own = Planted(f"{low_account.HOME}/{NAME}", 0o4755, content=setuid_shell.program())
    account = low_account.planted(target, own)
    target.note(Witness.ATTACKER, "put a shell beside it that is root's and setuid")
    with target.power(ATTACK.ports) as powered:
        # none but root may write to the console
        account.said(powered, f"./{NAME} -c 'echo {target.challenge.shell} >{CONSOLE}'")
        return powered.verdict(ATTACK.within)


ATTACK = Attack(
    id="setuid-on-data",
    title="A setuid shell among the data",
    does="puts a setuid shell on the data partition, logs in as an account without rights and calls it",
    position=Position.BENCH,
    link=RUNNING,
    case="CVE-2025-6019: a file system with a setuid shell, mounted without nosuid, makes anybody root",
    foretold=("mount-options",),
    run=run,
    within=60.0,
    ports=(key_login.PORT,),
)
