"""An attack from the network, and the device that goes on serving what its policy declares, or does not."""

from collections.abc import Callable, Iterator
from pathlib import Path

from firmward.build.image import POLICY
from firmward.lab import network, reach
from firmward.lab.attacks import Attack, Result, Unseen
from firmward.lab.station import Station
from firmward.lab.target import Powered, Target, Witness
from firmward.model.policy import parse_policy

TRIES = 10.0
"""Seconds in which it is tried once the device serves: a service may start a moment after the others."""

Strike = Callable[[Powered], bool]
"""Tries once, in few seconds; whether it is seen to have succeeded. It may raise OSError where nobody answers."""


def attacked(target: Target, attack: Attack, strike: Strike, station: Station | None = None) -> Result:
    """Start the device, strike as soon as it serves, and see whether it goes on without the attacker."""
    served = declared(target.device.folder)
    with target.power(tuple(dict.fromkeys((*attack.ports, *served))), station=station) as powered:
        powered.await_healthy(attack.within)
        target.note(Witness.ATTACKER, attack.does)
        if powered.until(lambda: _succeeds(strike, powered), TRIES):
            return Result.SUCCEEDED
        return _goes_on(powered, served, attack)


def declared(build: Path) -> tuple[int, ...]:
    """The ports that the policy of a build lets listen for others, over TCP, in its order."""
    path = build / POLICY
    policy = parse_policy(path.read_text(encoding="utf-8"), str(path))
    return tuple(one.port for one in policy.listen if one.protocol == "tcp" and one.peer != "local")


def _succeeds(strike: Strike, powered: Powered) -> bool:
    try:
        return strike(powered)
    except OSError:
        return False


def _goes_on(powered: Powered, served: tuple[int, ...], attack: Attack) -> Result:
    """Raises Unseen when no port that the policy declares answers: then nothing was stopped but the device."""
    for answer in _answers(powered, served, attack):
        if answer.answers:
            words = f"port {answer.port} answers ({answer.says}), and the attacker got nothing"
            powered.target.note(Witness.NETWORK, words)
            return Result.STOPPED
    raise Unseen("no port that the policy declares answers any more")


def _answers(powered: Powered, served: tuple[int, ...], attack: Attack) -> Iterator[reach.Answer]:
    """Those first that were not attacked."""
    for port in sorted(served, key=lambda port: port in attack.ports):
        yield from reach.call((network.Forward(port, powered.address(port)[1]),))
