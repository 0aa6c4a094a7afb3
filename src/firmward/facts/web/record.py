"""The record of one web server that starts, whatever program it is."""

from dataclasses import dataclass
from enum import StrEnum

from firmward.model.location import Location

PATIENT = 30
"""Seconds for which a server may wait for who says nothing. lighttpd, Apache and nginx do for 60 unless told."""


class Feature(StrEnum):
    """What a configuration switches on that visitors should not have, or leaves to them."""

    LISTING = "directory-listing"
    STATUS = "status-page"
    WRITE = "webdav-write"
    ADMIN = "status-admin"
    SLOW = "slow-clients"


@dataclass(frozen=True, slots=True)
class Trait:
    """One feature that is on, for whom anybody is; `text` is the line that says so, `where` the path it holds for."""

    feature: Feature
    where: str
    text: str
    at: Location
    section: str | None = None
    """The innermost section that it stands in, where the format has them."""
    lines: tuple[tuple[Location, str], ...] = ()
    """All lines that switch it on, where that takes several."""


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that is served, as the tree knows its path (empty for the root of the file system)."""

    path: str
    at: Location


@dataclass(frozen=True, slots=True)
class Cgi:
    """What is run for a request: one file, or those of a folder; with a `suffix` only those whose name ends so."""

    path: str
    suffix: str
    at: Location


@dataclass(frozen=True, slots=True)
class WebServer:
    """One web server that starts.

    `user` is whose rights its programs have, None where it cannot be known. `confined` says that its own processes have
    a user by configuration, so that root there was chosen.
    """

    program: str
    service: str
    at: Location
    user: str | None
    roots: tuple[Root, ...] = ()
    cgi: tuple[Cgi, ...] = ()
    traits: tuple[Trait, ...] = ()
    confined: bool = False
    unread: tuple[str, ...] = ()
    file: str | None = None
    """Its configuration file, None where its command line says all."""

    @property
    def is_root(self) -> bool:
        return self.user in ("root", "0")
