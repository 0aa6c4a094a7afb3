"""How a door is closed: what opens it starts no more."""

from firmward.checks.service.cures.stopping import stopped
from firmward.facts.closings import Closings
from firmward.facts.entrances import Entrance
from firmward.model.facts import Unknown
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy


def closed(
    door: Entrance, closings: Closings | Unknown | None, policy: Policy | None, summary: str, breaks: str
) -> Remedy:
    found = closings.at(door.manager, door.service, door.at) if isinstance(closings, Closings) else None
    sockets = () if door.port is None else ((door.protocol, door.port),)
    return stopped(summary, () if found is None else (found,), policy, (door.program,), sockets, breaks)
