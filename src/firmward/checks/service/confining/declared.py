"""What the policy says of a service, and whom it may run as."""

import re
from itertools import chain
from zlib import crc32

from firmward.facts import sandbox
from firmward.facts.services import Service, Services
from firmward.model.policy import DeclaredService, Policy
from firmward.model.remedy import AddLine

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""What may stand in a script or a unit as it is."""
_NUMBER = re.compile(r"^[SK][0-9]{2}")
OWN_NUMBERS = range(500, 1000)
"""Numbers of accounts that no person has, on every distribution."""


def of(service: Service, policy: Policy | None) -> DeclaredService | None:
    found = policy.service if policy is not None else ()
    return next((one for one in found if one.name in service.names), None)


def unnumbered(name: str) -> str:
    """The name of an init script without the place in the order that stands before it."""
    return _NUMBER.sub("", name)


def account(service: Service, services: Services, policy: Policy | None) -> str | None:
    """The account that the maker means it to have, else one that is there for it; None where there is neither."""
    declared = of(service, policy)
    if declared is not None and PLAIN_NAME.fullmatch(declared.user or "") and declared.user != "root":
        return declared.user
    row = sandbox.rows().get(service.program)
    usual = (service.program, *(row.accounts if row is not None else ()))
    return next((name for name in usual if services.accounts.get(name, (0, 0))[0]), None)


def plain_name(program: str) -> str:
    """A program's name as one of an account."""
    name = "".join(sign for sign in program.lower() if sign.isascii() and sign.isalnum())[:24]
    return name if name[:1].isalpha() else f"s{name}"


def own_account(service: Service, services: Services) -> tuple[str, tuple[AddLine, ...]]:
    """An account with the program's name, and the lines that make it: nobody can log in by it."""
    name = plain_name(service.program)
    number = _free(name, services)
    return name, (
        AddLine("etc/passwd", f"{name}:*:{number}:{number}::/:/bin/false"),
        AddLine("etc/group", f"{name}:*:{number}:"),
    )


def _free(name: str, services: Services) -> int:
    """The same in every build, as files may be kept that belong to it."""
    taken = {number for pair in services.accounts.values() for number in pair}
    first = crc32(name.encode()) % len(OWN_NUMBERS)
    return next(one for one in chain(OWN_NUMBERS[first:], OWN_NUMBERS[:first]) if one not in taken)
