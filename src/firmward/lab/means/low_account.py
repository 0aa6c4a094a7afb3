"""A login without rights: the key of the attacker's own, put on the data partition for an account of the device's.

Data are not signed, so that this is what every device gives to whoever holds its disk, the protected one too. What the
account can do from there is the question of these attacks.
"""

from dataclasses import dataclass

from firmward.lab.attacks import Unseen
from firmward.lab.means import data_partition, key_login
from firmward.lab.means.data_partition import Planted
from firmward.lab.means.key_login import Key
from firmward.lab.target import Powered, Target, Witness

NAME, NUMBER = "service", 1000
HOME = f"home/{NAME}"
STARTS = 120.0
"""Seconds in which an untouched device becomes healthy, on a busy machine too."""


@dataclass(frozen=True, slots=True)
class LowAccount:
    key: Key

    def said(self, powered: Powered, command: str) -> str:
        """What a command of its says. Raises Unseen where it cannot log in: then nothing beyond it was tried."""
        own = powered.target.challenge
        powered.await_healthy(STARTS)
        said = key_login.said(powered, NAME, f"echo {own.shell}; id -u; {command}", self.key.private)
        if not own.is_answered(said) or f"\n{NUMBER}\n" not in said:
            raise Unseen(f"{NAME} cannot log in with the key on the data partition: {said[-120:].strip()}")
        powered.target.note(Witness.NETWORK, f"logged in by SSH as {NAME}, who has no rights, with his own key")
        return said


def planted(target: Target, *beside: Planted) -> LowAccount:
    """Put the key there, and what he wants to find `beside` it. Raises Unseen."""
    own = key_login.key(target)
    line = Planted(f"{HOME}/.ssh/authorized_keys", 0o600, NUMBER, own.line)
    data_partition.plant(target, (line, *beside))
    target.note(Witness.ATTACKER, f"put a key of his own for {NAME} on the data partition, which nothing signs")
    return LowAccount(own)
