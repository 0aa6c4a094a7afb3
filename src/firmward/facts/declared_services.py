"""Whether the policy wants a service: what makes it safe to start it no more, or to close its socket.

The policy is the maker's word. Where it declares services or sockets at all, one that it names in neither is not meant
to run; a socket counts as declared by its port, or by the service that it names.
"""

from collections.abc import Iterable

from firmward.model.policy import Policy
from firmward.model.remedy import Safety

SUFFIXES = (".service", ".socket", "@")


def undeclared(
    policy: Policy | None, program: str, service: str, sockets: Iterable[tuple[str, int]] = ()
) -> Safety:
    """How safe it is to do without a service, which has these sockets (protocol and port)."""
    if policy is None or not (policy.listen or policy.service):
        return Safety.UNSAFE
    names = {_bare(one.name) for one in policy.service}
    names |= {_bare(one.service) for one in policy.listen if one.service is not None}
    ports = {(one.protocol, one.port) for one in policy.listen}
    is_declared = not names.isdisjoint((program, _bare(service))) or not ports.isdisjoint(sockets)
    return Safety.UNSAFE if is_declared else Safety.SAFE


def _bare(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
