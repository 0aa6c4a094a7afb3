"""Private keys in the image and what each is for: a certificate, an account, a server that names it.

Rules: a certificate and a key belong together when their public parts are equal; a line of authorized_keys when its
fingerprint is. A configuration or a command line names a key by its path, in a line that is no comment. SSH's host
keys are a family of their own (host_keys.py) and marked here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.authorized_keys import AuthorizedKeys
from firmward.facts.embedded import Embedded
from firmward.facts.host_keys import HostKeys
from firmward.facts.secret_search import EmbeddedCertificate, EmbeddedKey
from firmward.facts.startup import Start, Startup
from firmward.model.facts import Unavailable, Unknown
from firmward.model.location import Location
from firmward.model.tree import Kind, Tree

CONFIGURATIONS = ("etc/", "usr/local/etc/", "usr/etc/", "opt/", "usr/lib/systemd/system/", "lib/systemd/system/")
SIZE_LIMIT = 256 << 10
FILES_LIMIT = 5000
SECRETS_IN_PLACE = ("WireGuard",)
"""Forms that stand in the configuration which uses them."""


@dataclass(frozen=True, slots=True)
class PrivateKeyUse:
    """A `key` and its use: the `certificate` (its place) with the same public part, whether that one is an `authority`,
    the `account` that the key opens, and the place that names it, `named`; `host_key` says that it is
    an SSH server's, `signs_itself` that all its certificates bear no other signature than its own."""

    key: EmbeddedKey
    certificate: Location | None = None
    authority: bool = False
    account: str | None = None
    named: Location | None = None
    host_key: bool = False
    signs_itself: bool = False


@dataclass(frozen=True, slots=True)
class PrivateKeys:
    """The `keys` with their use; `unread` says in words what could not be searched."""

    keys: tuple[PrivateKeyUse, ...]
    unread: tuple[str, ...] = ()


def collect(
    tree: Tree,
    embedded: Embedded,
    host_keys: HostKeys | Unknown | None,
    authorized: AuthorizedKeys | Unknown | None,
    startup: Startup | Unknown | None,
) -> PrivateKeys:
    hosts = {key.at.path for key in host_keys.keys} if isinstance(host_keys, HostKeys) else set()
    keys = embedded.keys
    named = _named(tree, [key.path for key in keys if key.alone], startup) if keys else {}
    uses = (_use(key, embedded, authorized, named) for key in keys)
    return PrivateKeys(tuple(replace(use, host_key=use.key.path in hosts) for use in uses), embedded.unread)


def _use(
    key: EmbeddedKey, embedded: Embedded, authorized: AuthorizedKeys | Unknown | None, named: dict[str, Location]
) -> PrivateKeyUse:
    matching = [one for one in embedded.certificates if _belong(key, one.certificate.public)]
    opened = authorized.keys if isinstance(authorized, AuthorizedKeys) and key.public is not None else ()
    account = next((one.account for one in opened if key.public and one.fingerprint == key.public.fingerprint), None)
    place = key.at if key.form in SECRETS_IN_PLACE else named.get(key.path)
    if not matching:
        return PrivateKeyUse(key, account=account, named=place)
    own = all(one.certificate.names_itself for one in matching)
    signing = any(_signs(one, embedded) for one in matching)
    return PrivateKeyUse(key, matching[0].at, signing, account, place, signs_itself=own)


def _signs(one: EmbeddedCertificate, embedded: Embedded) -> bool:
    """A CA above others, or one made to be it. What `openssl req -x509` makes says CA:TRUE too, and signs nobody but
    itself: it has no key usage."""
    certificate = one.certificate
    if not certificate.is_authority or not certificate.names_itself:
        return certificate.is_authority
    if certificate.signs and not certificate.for_hosts:
        return True
    others = (other.certificate for other in embedded.certificates if not other.certificate.names_itself)
    return any(certificate.subject and other.issuer == certificate.subject for other in others)


def _belong(key: EmbeddedKey, public: object) -> bool:
    return key.public is not None and getattr(public, "identity", None) == key.public.identity


def _named(tree: Tree, paths: list[str], startup: Startup | Unknown | None) -> dict[str, Location]:
    """Where each path is named first, command lines before files."""
    found: dict[str, Location] = {}
    for process in startup.processes if isinstance(startup, Startup) else ():
        line = " ".join(process.argv)
        for path in paths:
            if process.start is not Start.DISABLED and f"/{path}" in line:
                found.setdefault(path, process.at)
    for configuration, text in _configurations(tree):
        for path in paths:
            if path not in found and path != configuration and f"/{path}" in text:
                found.update((path, at) for at in _line(text, path, configuration))
    return found


def _line(text: str, path: str, configuration: str) -> Iterator[Location]:
    for number, line in enumerate(text.splitlines(), 1):
        if f"/{path}" in line and not line.lstrip().startswith(("#", ";", "//")):
            yield Location(configuration, number)
            return


def _configurations(tree: Tree) -> Iterator[tuple[str, str]]:
    count = 0
    for entry in tree.entries():
        if entry.kind is Kind.FILE and 0 < entry.size <= SIZE_LIMIT and entry.path.startswith(CONFIGURATIONS):
            count += 1
            if count > FILES_LIMIT:
                return
            try:
                yield entry.path, tree.text(entry.path) or ""
            except Unavailable:
                continue  # the search for keys has told of it
