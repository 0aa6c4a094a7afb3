"""What an attack is, and which ones there are.

An attack acts from outside: on the bytes of a disk or a flash, on the serial line, over the network, at a port of the
device. What came of it is an observation from outside too, never a line that the defender printed: either the
attacker's own program answers a challenge, or the machine is seen to go on without it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.lab.target import Target


class Position(StrEnum):
    """What the attacker has."""

    BENCH = "the disk on the bench"
    HAND = "the device in hand"
    NETWORK = "the same network"
    SERVICE = "a service that was taken over"


class Need(StrEnum):
    """What has to be there, beside the build, for an attack to be tried."""

    NETWORK = "a network card"
    OLDER = "an older build of the same maker (--older)"
    SCRIPT = "a web server's script in the root, which could be taken over"
    BEFORE = "the system as it was before it was hardened (--before)"
    UPDATES = "the maker's update repositories (--updates)"
    ONLINE_KEYS = "the keys of the maker's update server (--online-keys)"


class Result(StrEnum):
    """What was seen of one attack on one device."""

    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    """The device went on without it."""
    DETECTED = "detected"
    """What was changed ran or was read, and the device itself ended it within the attack's time."""


@dataclass(frozen=True, slots=True)
class Attack:
    """`id` is the name of its file. `does` says in one sentence what the attacker does. `link` is what it
    strikes (links.py), `case` where it was published. `foretold` are checks of the audit; each one tells before
    that a device lies open to this. `within` is how many seconds the device has to stop or detect it. `takes` is about
    how many both devices took for it together, in docs/proof.md: none that takes long is begun last. `ports` of the
    device, TCP, can be called. `run` does it, to whichever device it is given, and raises Unseen where nothing can be
    told."""

    id: str
    title: str
    does: str
    position: Position
    link: str
    case: str
    foretold: tuple[str, ...]
    run: "Callable[[Target], Result]"
    within: float = 90.0
    takes: float = 40.0
    ports: tuple[int, ...] = ()
    needs: tuple[Need, ...] = ()


class Unseen(Exception):  # noqa: N818 - it is an answer: neither success nor defence was seen
    """Why nothing can be told of an attack."""


@cache
def attacks() -> Mapping[str, Attack]:
    """All, by id, in the order of the chain's links."""
    from firmward.lab import attack
    from firmward.lab.links import LINKS

    found: list[Attack] = [
        import_module(f"firmward.lab.attack.{module.name}").ATTACK for module in iter_modules(attack.__path__)
    ]
    found.sort(key=lambda one: (LINKS.index(one.link), one.id))
    return {one.id: one for one in found}


def chosen(names: tuple[str, ...]) -> tuple[Attack, ...]:
    """Those of these ids, all where none is given. Raises InputError."""
    known = attacks()
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else "`firmward lab attacks` lists them"
            raise InputError(f"{name}: no attack has this id; {hint}")
    return tuple(one for one in known.values() if not names or one.id in names)
