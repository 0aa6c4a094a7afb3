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


def undeclared(policy: Policy | None, program: str, service: str, sockets: Iterable[tuple[str, int]] = ()) -> Safety:
    """How safe it is to do without a service, which has these sockets (protocol and port)."""
    if policy is None or not (policy.listen or policy.service):
        return Safety.UNSAFE
    names = {_bare(one.name) for one in policy.service}
    names |= {_bare(one.service) for one in policy.listen if one.service is not None}
    ports = {(one.protocol, one.port) for one in policy.listen}
    is_declared = not names.isdisjoint((program, _bare(service))) or not ports.isdisjoint(sockets)
    return Safety.UNSAFE if is_declared else Safety.SAFE


def is_alone(startup: Startup, process: Process) -> bool:
    """Whether its service could be switched off and nothing else with it."""
    same = [one for one in startup.processes if (one.manager, one.service) == (process.manager, process.service)]
    return process.is_service and all(
        one.program in (process.program, *PREPARING) or one.start is Start.DISABLED for one in same
    )


def _bare(name: str) -> str:
    """A unit without its kind and instance, a start script without its turn: `S50dropbear`, `vsftpd@lan.service`."""
    return TURN.sub("", KIND.sub("", name)).partition("@")[0]
