"""Whether a Match condition of sshd holds for a connection of which not all is known.

Rules, from sshd_config(5) and ssh_config(5), PATTERNS: a criterion takes patterns with `*` and `?` between commas. One
that matches behind a `!` decides against, whatever else matches, and a list of `!` alone never matches. Addresses may
be CIDR. A host name is compared in lower case. All criteria must hold.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.formats.sshd_config import Condition


@dataclass(frozen=True, slots=True)
class Connection:
    """Who connects, from where and to where; None where it may be anything."""

    user: str | None = None
    groups: tuple[str, ...] | None = None
    address: str | None = None
    host: str | None = None
    local_address: str | None = None
    local_port: int | None = None


ANYBODY = Connection()


def holds(conditions: Iterable[Condition], connection: Connection) -> bool | None:
    """True or False when it is certain, None when it depends on what is not known."""
    return _all(_criterion(name, pattern, connection) for found in conditions for name, pattern in found.criteria)


def _all(answers: Iterable[bool | None]) -> bool | None:
    known: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            known = None
    return known


def _criterion(name: str, pattern: str, connection: Connection) -> bool | None:
    if name == "all":
        return True
    if set(pattern.split(",")) == {"*"}:
        return True
    subjects = _subjects(name, connection)
    if subjects is None:
        return None
    if name in ("address", "localaddress"):
        return any(matches_address(subject, pattern) for subject in subjects)
    if name == "group":
        return _matches_group(subjects, pattern)
    return any(matches(subject.lower() if name == "host" else subject, pattern) for subject in subjects)


def _subjects(name: str, connection: Connection) -> tuple[str, ...] | None:
    """What a criterion looks at; None when it is not known."""
    port = None if connection.local_port is None else str(connection.local_port)
    known = {
        "user": connection.user,
        "address": connection.address,
        "host": connection.host,
        "localaddress": connection.local_address,
        "localport": port,
    }
    if name == "group":
        return connection.groups
    value = known.get(name)
    return None if value is None else (value,)


def _matches_group(groups: tuple[str, ...], patterns: str) -> bool:
    """One group behind a `!` decides against, whichever else the user is in."""
    verdicts = [_verdict(group, patterns) for group in groups]
    return False not in verdicts and True in verdicts


def matches(subject: str, patterns: str) -> bool:
    """A comma-separated list of patterns."""
    return _verdict(subject, patterns) is True


def _verdict(subject: str, patterns: str) -> bool | None:
    """False when a pattern behind `!` matches, True when another does, None when none does."""
    found = None
    for pattern in patterns.split(","):
        if fits(subject, pattern.removeprefix("!")):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def matches_address(address: str, patterns: str) -> bool:
    """A comma-separated list of addresses, networks and patterns."""
    found = False
    for pattern in patterns.split(","):
        if _is_in(address, pattern.removeprefix("!")):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _is_in(address: str, pattern: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return fits(address, pattern)


def fits(subject: str, pattern: str) -> bool:
    """One pattern with `*` and `?`, in time that many stars cannot make explode."""
    place = mark = 0
    star = -1
    position = 0
    while place < len(subject):
        if position < len(pattern) and pattern[position] == "*":
            star, mark = position, place
            position += 1
        elif position < len(pattern) and pattern[position] in ("?", subject[place]):
            place += 1
            position += 1
        elif star >= 0:
            # the last star takes one letter more
            mark += 1
            place, position = mark, star + 1
        else:
            return False
    return not pattern[position:].strip("*")
