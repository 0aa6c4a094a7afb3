"""SSH host keys that lie in the image: the device's identity, which then every copy of the image shares.

Looked for where the servers' own settings and defaults place them. Only a file with a private key counts; a public one
beside it, an empty one, or a link to a place that is filled at first boot does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.dropbear import Dropbear
from firmward.facts.layers import Layers, seen
from firmward.facts.sshd import Sshd
from firmward.formats import ssh_key
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Tree

PATTERNS = (
    "etc/ssh/ssh_host_*_key",
    "etc/ssh/ssh_host_key",
    "etc/ssh_host_*_key",
    "etc/openssh/ssh_host_*_key",
    "usr/etc/ssh/ssh_host_*_key",
    "usr/local/etc/ssh_host_*_key",
    "etc/dropbear/*_host_key",
    "etc/dropbear_*_host_key",
    "usr/etc/dropbear/*_host_key",
    "rom/etc/dropbear/*_host_key",
)
SIZE_LIMIT = 64 << 10


@dataclass(frozen=True, slots=True)
class HostKey:
    """One private host key. `fingerprint` is its public part's; None where the file hides it.

    `at` is the file; `algorithm` SSH's name for it, `ecdsa` without its curve in PEM, `unknown` where neither the first
    line nor the public part says it.
    """

    at: Location
    algorithm: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The private `keys` that were found; `unread` says which files could not be read, and why."""

    keys: tuple[HostKey, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree, sshd: Sshd | None | Unknown, dropbear: Dropbear | None | Unknown, layers: Layers | None | Unknown
) -> HostKeys | None:
    """None when there is neither a key nor a server that would use one."""
    keys: list[HostKey] = []
    unread: list[str] = []
    for path in dict.fromkeys(_paths(tree, sshd, dropbear, layers)):
        try:
            keys += _key(tree, path)
        except Unavailable as reason:
            unread.append(str(reason))
    if not keys and not unread and sshd is None and dropbear is None:
        return None
    return HostKeys(tuple(keys), tuple(unread))


def _paths(
    tree: Tree, sshd: Sshd | None | Unknown, dropbear: Dropbear | None | Unknown, layers: Layers | None | Unknown
) -> Iterator[str]:
    for pattern in PATTERNS:
        for place in seen(pattern, layers):
            yield from tree.glob(place)
    for path in _configured(sshd, dropbear):
        yield from seen(path.strip("/"), layers)


def _configured(sshd: Sshd | None | Unknown, dropbear: Dropbear | None | Unknown) -> Iterator[str]:
    if isinstance(sshd, Sshd):
        for server in sshd.servers:
            yield from server.general.get("hostkey").value.split()
    if isinstance(dropbear, Dropbear):
        yield from (path for server in dropbear.servers for path in server.host_keys)


def _key(tree: Tree, path: str) -> Iterator[HostKey]:
    content = tree.read(path, SIZE_LIMIT)
    found = None if content is None else ssh_key.private_key(content)
    if found is not None:
        yield HostKey(Location(path), found.algorithm, found.fingerprint)
