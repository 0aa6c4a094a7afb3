"""The dictionary of a botnet, by telnet and by SSH."""

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import network, ssh, telnet
from firmward.lab.means.dictionary import USERS, passwords
from firmward.lab.target import Powered, Target, Witness

TELNET, SSH = 23, 22
BY_TELNET = 2
"""Of root's; a login that refuses waits for seconds, and the bot goes elsewhere."""


def run(target: Target) -> Result:
    left = list(USERS)

    def strike(powered: Powered) -> bool:
        # each user's list once: what SSH refused is not tried again
        return _by_telnet(powered) or any(_by_ssh(powered, left.pop(0)) for _ in USERS if left)

    return network.attacked(target, ATTACK, strike)


def _by_telnet(powered: Powered) -> bool:
    pairs = [("root", password) for password in passwords("root")[:BY_TELNET]]
    try:
        won = telnet.logs_in(powered.address(TELNET), pairs, powered.target.challenge)
    except OSError:
        return False
    return won and _told(powered, "telnet", "root")


def _by_ssh(powered: Powered, user: str) -> bool:
    target = powered.target
    client = ssh.with_passwords(
        powered.address(SSH), user, passwords(user), target.work, run=f"echo {target.challenge.shell}"
    )
    return target.challenge.is_answered(client.said()) and _told(powered, "SSH", user)


def _told(powered: Powered, how: str, user: str) -> bool:
    powered.target.note(Witness.NETWORK, f"a shell of {user}'s answered the challenge, by {how} and a default password")
    return True


ATTACK = Attack(
    id="default-credentials",
    title="The passwords that botnets carry",
    does="logs in by telnet and SSH with the names and passwords of the Mirai botnet, in its order",
    position=Position.NETWORK,
    link=RUNNING,
    case="Antonakakis et al., Understanding the Mirai Botnet, USENIX Security 2017",
    foretold=("account-default-password",),
    run=run,
    within=120.0,
    ports=(TELNET, SSH),
)
