"""Private keys, certificates and credentials in any file of the image, from the one pass over its contents.

secret_search.py says what is looked for, contents.py which files are read.
"""

from dataclasses import dataclass

from firmward.facts.contents import Contents
from firmward.facts.secret_search import EmbeddedCertificate, EmbeddedCredential, EmbeddedKey


@dataclass(frozen=True, slots=True)
class Embedded:
    """All `keys`, `certificates` and `credentials`; `unread` says which files could not be searched, and why."""

    keys: tuple[EmbeddedKey, ...] = ()
    certificates: tuple[EmbeddedCertificate, ...] = ()
    credentials: tuple[EmbeddedCredential, ...] = ()
    unread: tuple[str, ...] = ()


def collect(contents: Contents) -> Embedded:
    found = contents.secrets
    return Embedded(found.keys, found.certificates, found.credentials, (*contents.unread, *found.unread))
