"""Where a password gets somebody in: what makes a poor one matter.

Derived from what starts. SSH counts as its settings allow; a console, telnet and ftp take whatever passwd says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.entrances import Entrances, Kind
from firmward.facts.running_ssh import RunningSsh
from firmward.model.facts import Unknown
from firmward.model.finding import Severity


@dataclass(frozen=True, slots=True)
class Way:
    """One place that asks for a password.

    `name` is `ssh`, or the kind of the entrance. `takes_root` is false where root's password does not get in,
    `takes_empty` where an empty password does not.
    """

    name: str
    takes_root: bool = True
    takes_empty: bool = True


@dataclass(frozen=True, slots=True)
class PasswordLogins:
    """All `ways`; `complete` when nothing that starts was left unread."""

    ways: tuple[Way, ...]
    complete: bool

    def open_to(self, account: str, empty: bool = False) -> tuple[str, ...]:
        """The ways that take this account's password, each named once."""
        found = (
            way.name for way in self.ways if (way.takes_root or account != "root") and (way.takes_empty or not empty)
        )
        return tuple(dict.fromkeys(found))

    def severity(self, account: str, empty: bool = False) -> Severity | None:
        """Lower than a check's usual one when it is certain that nothing asks for this account's password."""
        return Severity.MEDIUM if self.complete and not self.open_to(account, empty) else None


def collect(entrances: Entrances, ssh: RunningSsh | None | Unknown) -> PasswordLogins:
    asking = entrances.of(Kind.CONSOLE, Kind.TELNET, Kind.FTP, Kind.REMOTE_SHELL)
    ways = (*(Way(door.kind.value) for door in asking), *_ssh(ssh))
    return PasswordLogins(tuple(dict.fromkeys(ways)), not entrances.unread and not isinstance(ssh, Unknown))


def _ssh(ssh: RunningSsh | None | Unknown) -> Iterator[Way]:
    if not isinstance(ssh, RunningSsh):
        return
    for server in ssh.openssh:
        for case in server.cases():
            if case.password_way is not None:
                root = case.get("permitrootlogin").value == "yes"
                yield Way("ssh", root, case.get("permitemptypasswords").is_on)
    for small in ssh.dropbear:
        if small.passwords and not small.two_factors:
            yield Way("ssh", small.root_password, small.empty_passwords)
