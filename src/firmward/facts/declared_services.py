"""Whether the policy wants a service: what makes it safe to start it no more, or to close its socket.

The policy is the maker's word. Where it declares services or sockets at all, one that it names in neither is not meant
to run; a socket counts as declared by its port, or by the service that it names.
"""

import re
from collections.abc import Iterable

from firmward.facts.process import Process, Start
from firmward.facts.startup import Startup
from firmward.model.policy import Policy
from firmward.model.remedy import Safety

PREPARING = frozenset(("mkdir", "chown", "chmod", "rm", "touch", "cp", "ln", "echo", "sleep", "true", "install"))
"""What a script does before it starts a program, and what nobody misses without it."""

KIND = re.compile(r"\.(?:service|socket)$")
TURN = re.compile(r"^(?:[SK]\d{2}|rc\.)(?=.)")


def is_undeclared(policy: Policy | None, names: Iterable[str], sockets: Iterable[tuple[str, int]] = ()) -> bool:
    """Whether the policy declares services or sockets, and not this one: by none of its `names`, as a program and as a
    service, by none of its `sockets` (protocol and port), and not as what updates the device."""
    if policy is None or not (policy.listen or policy.service):
        return False
    declared = {_plain(one.name) for one in policy.service}
    declared |= {_plain(one.service) for one in policy.listen if one.service is not None}
    own = {_plain(name) for name in names}
    meant = own | {name.partition("@")[0] for name in own}  # one instance that is declared is not all of them
    mechanism = policy.update.mechanism if policy.update is not None else None
    if mechanism is not None and any(name.startswith(mechanism) for name in meant):
        return False
    return declared.isdisjoint(meant) and not any(policy.allows_listening(*socket) for socket in sockets)


def undeclared(policy: Policy | None, program: str, service: str, sockets: Iterable[tuple[str, int]] = ()) -> Safety:
    """How safe it is to do without a service."""
    return Safety.SAFE if is_undeclared(policy, (program, service), sockets) else Safety.UNSAFE


def is_alone(startup: Startup, process: Process) -> bool:
    """Whether its service could be switched off and nothing else with it."""
    same = [one for one in startup.processes if (one.manager, one.service) == (process.manager, process.service)]
    return process.is_service and all(
        one.program in (process.program, *PREPARING) or one.start is Start.DISABLED for one in same
    )


def _plain(name: str) -> str:
    """A unit without its kind, a start script without its turn: `S50dropbear`, `vsftpd@lan.service`."""
    return TURN.sub("", KIND.sub("", name))
