"""Where an updater fetches from, and what that says of its transport."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmward.facts.update.updater import Aspect, Remark, Server
from firmward.model.finding import Severity
from firmward.model.location import Location
from firmward.model.remedy import SetOption

URL = re.compile(r"(?i)\b(https?|ftps?|tftp|rsync|sftp|scp|coaps?|mqtts?)://([^\s\"'<>|;&)]{0,500})")
CLEAR = frozenset(("http", "ftp", "tftp", "rsync", "coap", "mqtt"))
LOCAL = re.compile(r"(?:[^/@]*@)?(?:localhost|127\.|\[::1\])")
EMPTY = "no server"


@dataclass(frozen=True, slots=True)
class Url:
    """`is_checked` says whether the server's certificate is looked at, where there is one. `cure` is what has it looked
    at, and TLS spoken where the address does not say so; `is_written` whether the address stands there as it is."""

    text: str
    at: Location
    is_checked: bool = True
    cure: tuple[SetOption, ...] = ()
    is_written: bool = True

    @property
    def scheme(self) -> str:
        return self.text.partition("://")[0].lower()

    @property
    def is_clear(self) -> bool:
        return self.scheme in CLEAR and not LOCAL.match(self.text.partition("://")[2])

    @property
    def shown(self) -> str:
        """Without an account's name and password, and without what stands behind `?`."""
        scheme, _, rest = self.text.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"[:200]


def urls(text: str, at: Location) -> Iterator[Url]:
    for match in URL.finditer(text):
        yield Url(match.group(), at)


def server(found: Iterable[Url]) -> Server:
    listed = tuple(found)
    if not listed:
        return Server.NONE
    if any("$" in url.text.partition("/")[0] for url in listed):
        return Server.UNKNOWN
    return Server.ANYONE if any(url.is_clear or not url.is_checked for url in listed) else Server.TLS


def transport(found: Iterable[Url], signed: bool) -> tuple[Remark, ...]:
    """A remark for each server that is spoken to in clear, or whose certificate is not looked at.

    Where signatures are checked, what is left is that others see what is fetched, and may keep it back: low.
    """
    severity = Severity.LOW if signed else None
    listed: dict[str, Remark] = {}
    for url in found:
        if url.is_clear:
            says = f"fetches from {url.shown} without encryption"
        elif not url.is_checked:
            says = f"fetches from {url.shown} without looking at the server's certificate"
        else:
            continue
        rest = "; signatures are checked, so others may only see what is fetched and keep it back" if signed else ""
        key = url.shown.partition("://")[2].partition("/")[0] or url.scheme
        instead = "Fetch by https, and check the server's certificate"
        changes = tuple(_encrypted(url))
        listed.setdefault(key, Remark(Aspect.TRANSPORT, key, says + rest, instead, url.at, changes, severity))
    return tuple(listed.values())


ADDRESS = "address"
"""The section of a change of an address."""
PLAIN_HOST = re.compile(r"http://[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?(?=/|$)")


def _encrypted(url: Url) -> Iterator[SetOption]:
    """The address with https, where nothing but the scheme has to change: which port has TLS nobody knows here, and an
    address with a password is not repeated."""
    found = PLAIN_HOST.match(url.text)
    if url.is_clear and (found is None or not url.at.path):
        return
    if found is not None and url.is_written and url.at.path:
        yield SetOption(url.at.path, found[0], found[0].replace("http://", "https://", 1), ADDRESS)
    yield from url.cure
