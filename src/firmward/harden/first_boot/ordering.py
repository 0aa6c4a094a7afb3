"""Numbers of start scripts: what has to come before the servers."""

import re

from firmward.harden.draft import Draft

NUMBERED = re.compile(r"S([0-9]{2})(.+)")
USUAL = 40
"""Where no server has a number: what mounts and sets up comes before, servers come behind."""


def before(draft: Draft, folder: str, servers: tuple[str, ...]) -> int:
    """The number below the first of these servers' in a folder."""
    found = [
        int(named[1])
        for file in draft.names(folder)
        if (named := NUMBERED.fullmatch(file)) is not None and _is_of(named[2], servers)
    ]
    return max(min(found) - 1, 0) if found else USUAL


def _is_of(name: str, servers: tuple[str, ...]) -> bool:
    return any(server in name or (server == "sshd" and name.startswith("ssh")) for server in servers)
