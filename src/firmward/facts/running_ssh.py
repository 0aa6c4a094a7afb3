"""The SSH servers that run, or may run, whichever program they are.

None when there is no server or nothing starts the one that is installed: then what it would allow is no question.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.dropbear import Dropbear, DropbearServer, WeakName
from firmward.facts.sshd import Server, Sshd
from firmward.facts.startup import Startup
from firmward.model.facts import Unavailable, Unknown


@dataclass(frozen=True, slots=True)
class RunningSsh:
    """`unread` says what of their settings could not be read. `weak_dropbear` is None when its program could not.

    `openssh` and `dropbear` are the servers of each that are not known to be off. `weak_dropbear` are the weak
    algorithms built into Dropbear's program, the same for all its servers.
    """

    openssh: tuple[Server, ...]
    dropbear: tuple[DropbearServer, ...]
    weak_dropbear: tuple[WeakName, ...] | None
    unread: tuple[str, ...] = ()

    def require_all_read(self) -> None:
        """Raises Unavailable when a setting may differ from what was seen."""
        if self.unread:
            raise Unavailable("; ".join(self.unread[:3]))


def collect(
    startup: Startup | None | Unknown, sshd: Sshd | None | Unknown, dropbear: Dropbear | None | Unknown
) -> RunningSsh | None:
    possible = sshd.started if isinstance(sshd, Sshd) else ()
    perhaps = dropbear.started if isinstance(dropbear, Dropbear) else ()
    unread = list(_unread(sshd, dropbear, possible, perhaps))
    # where the start-up is known in part, a server that nothing is seen to start may not run: no finding, no pass
    doubtful = startup is not None
    openssh = tuple(server for server in possible if server.start is not None or not doubtful)
    small = tuple(server for server in perhaps if server.start is not None or not doubtful)
    if len(openssh) + len(small) < len(possible) + len(perhaps):
        unread.append("an SSH server is installed, and whether anything starts it could not be read")
    if not openssh and not small:
        unread += _blind(startup, sshd, dropbear)
        if unread:
            raise Unavailable("; ".join(unread))
        return None
    weak = dropbear.weak_algorithms if isinstance(dropbear, Dropbear) else ()
    return RunningSsh(openssh, small, weak, tuple(unread))


def _blind(
    startup: Startup | None | Unknown, sshd: Sshd | None | Unknown, dropbear: Dropbear | None | Unknown
) -> Iterator[str]:
    """A server is installed, and what starts is not known at all: nobody can say that it does not run."""
    if isinstance(startup, Startup) and startup.blind is not None and (sshd is not None or dropbear is not None):
        yield f"it is not known what starts: {startup.blind}"


def _unread(
    sshd: Sshd | None | Unknown,
    dropbear: Dropbear | None | Unknown,
    openssh: tuple[Server, ...],
    small: tuple[DropbearServer, ...],
) -> Iterator[str]:
    for family in (sshd, dropbear):
        if isinstance(family, Unknown):
            yield family.reason
    if isinstance(sshd, Sshd):
        yield from sshd.unread
    for server in openssh:
        yield from server.configuration.problems
    for other in small:
        if other.unsure is not None:
            yield f"{other.at}: {other.unsure} on dropbear's command line is not known before it runs"
