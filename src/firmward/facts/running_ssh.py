"""The SSH servers that run, or may run, whichever program they are.

None when there is no server or nothing starts the one that is installed: then what it would allow is no question.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.dropbear import Dropbear, DropbearServer, WeakName
from firmward.facts.sshd import Server, Sshd
from firmward.model.facts import Unavailable, Unknown


@dataclass(frozen=True, slots=True)
class RunningSsh:
    """`unread` says what of their settings could not be read. `weak_dropbear` is None when its program could not."""

    openssh: tuple[Server, ...]
    dropbear: tuple[DropbearServer, ...]
    weak_dropbear: tuple[WeakName, ...] | None
    unread: tuple[str, ...] = ()

    def require_all_read(self) -> None:
        """Raises Unavailable when a setting may differ from what was seen."""
        if self.unread:
            raise Unavailable("; ".join(self.unread[:3]))


def collect(sshd: Sshd | None | Unknown, dropbear: Dropbear | None | Unknown) -> RunningSsh | None:
    openssh = sshd.started if isinstance(sshd, Sshd) else ()
    small = dropbear.started if isinstance(dropbear, Dropbear) else ()
    unread = tuple(_unread(sshd, dropbear, openssh, small))
    if not openssh and not small:
        if unread:
            raise Unavailable("; ".join(unread))
        return None
    return RunningSsh(openssh, small, dropbear.weak_algorithms if isinstance(dropbear, Dropbear) else (), unread)


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
