"""What in a valid policy can hardly be meant: told as warnings, with the place and, as far as can be seen, the line."""

import difflib
import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from firmward.audit.catalogue import catalogue
from firmward.model.policy import Policy, Review

PEERS = ("lan", "wan", "bastion", "local", "any", "gateway")
"""Words for who is at the other end; anything else is a zone or an address."""
OWN_KEYS = ("none", "opkg", "apt", "other")
"""Means of updating that are none, or that bring their keys in files of their own."""
HEADER = re.compile(r"[ \t]*\[(\[)?[ \t]*([A-Za-z0-9_-]+)[ \t]*\]")
STEP = re.compile(r"([A-Za-z0-9_-]+)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One warning; `place` is the key, as in `listen[2].port`."""

    place: str
    message: str


def doubts(policy: Policy, today: date) -> tuple[Doubt, ...]:
    """All that can hardly be meant, in the order of the form."""
    return tuple(
        doubt
        for rule in (_nothing, _support, _twice, _zones, _filesystem, _update, _releases, _reviews, _accepted)
        for doubt in rule(policy, today)
    )


def line_of(text: str, place: str) -> int | None:
    """The line of a TOML text on which a place such as `listen[2].port` stands, as far as a look can tell."""
    steps = [(found[1], int(found[2] or 1)) for found in STEP.finditer(place)]
    if not steps:
        return None
    (table, count), key = steps[0], steps[1][0] if len(steps) > 1 else None
    opened, here, header = 0, "", None
    for number, line in enumerate(text.split("\n"), 1):
        found = HEADER.match(line)
        if found is not None:
            here = found[2]
            opened += here == table
            if here == table and opened == count:
                header = number
        elif _sets(line, table if not here else key) and (not here or (here == table and opened == count)):
            return number
    return header


def _sets(line: str, key: str | None) -> bool:
    return key is not None and re.match(rf"[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", line) is not None


def _nothing(policy: Policy, today: date) -> Iterator[Doubt]:
    if policy == Policy():
        yield Doubt("", "it declares nothing; `firmward init` writes a first one from an image")


def _support(policy: Policy, today: date) -> Iterator[Doubt]:
    support = policy.support
    if support is None:
        return
    if support.until is not None and support.until < today:
        yield Doubt("support.until", f"{support.until} is past: there are no security updates any more")
    if support.years_from_activation is not None and support.years_from_activation < 1:
        yield Doubt("support.years_from_activation", f"{support.years_from_activation} years are none")


def _twice(policy: Policy, today: date) -> Iterator[Doubt]:
    yield from _repeated("listen", [f"{one.protocol}/{one.port}" for one in policy.listen], "port")
    yield from _repeated("egress", [f"{one.to} {one.protocol}/{one.port or 'any'}" for one in policy.egress], "to")
    yield from _repeated("service", [one.name for one in policy.service], "name")
    yield from _repeated("account", [one.name for one in policy.account], "name")
    yield from _repeated("zone", [one.name for one in policy.zone], "name")
    yield from _repeated("release", [one.version for one in policy.release], "version")
    yield from _repeated("accepted", [f"{one.check} {one.key or ''}".strip() for one in policy.accepted], "check")


def _repeated(table: str, names: Sequence[str], key: str) -> Iterator[Doubt]:
    seen: Counter[str] = Counter()
    for number, name in enumerate(names, 1):
        seen[name] += 1
        if seen[name] == 2:
            yield Doubt(f"{table}[{number}].{key}", f"{name} is declared twice")


def _zones(policy: Policy, today: date) -> Iterator[Doubt]:
    known = {zone.name for zone in policy.zone}
    product = {policy.device.product} if policy.device is not None else set()
    for number, listen in enumerate(policy.listen, 1):
        yield from _zone(f"listen[{number}].from", listen.peer, known)
    for number, flow in enumerate(policy.flow, 1):
        yield from _zone(f"flow[{number}].from", flow.source, known | product)
        yield from _zone(f"flow[{number}].to", flow.to, known | product)


def _zone(place: str, name: str, known: Iterable[str]) -> Iterator[Doubt]:
    words = sorted(known)
    if name in (*PEERS, *words) or _is_network(name):
        return
    yield Doubt(place, f"{name!r} is no [[zone]], no address and none of {', '.join(PEERS)}{_near(name, words)}")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _near(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]}?" if close else ""


def _filesystem(policy: Policy, today: date) -> Iterator[Doubt]:
    if policy.filesystem is None:
        return
    for key in ("writable", "setuid", "encrypted"):
        for number, path in enumerate(getattr(policy.filesystem, key) or (), 1):
            if not path.startswith("/"):
                yield Doubt(f"filesystem.{key}[{number}]", f"{path!r} is no whole path: it begins with no slash")


def _update(policy: Policy, today: date) -> Iterator[Doubt]:
    update = policy.update
    if update is None:
        return
    if update.mechanism is not None and update.mechanism not in OWN_KEYS and not update.keys:
        yield Doubt("update.mechanism", f"{update.mechanism} installs what is signed, and [update] names no keys")
    if update.server is not None and update.server.startswith(("http://", "ftp://")):
        yield Doubt("update.server", f"{update.server} is asked without encryption")


def _releases(policy: Policy, today: date) -> Iterator[Doubt]:
    version = policy.device.version if policy.device is not None else None
    versions = [release.version for release in policy.release]
    for number, review in enumerate(policy.review, 1):
        if versions and review.release is not None and review.release not in (*versions, version):
            near = _near(review.release, versions)
            yield Doubt(f"review[{number}].release", f"{review.release!r} is the version of no [[release]]{near}")


def _reviews(policy: Policy, today: date) -> Iterator[Doubt]:
    for number, review in enumerate(policy.review, 1):
        place = f"review[{number}]"
        yield from _said(place, owner=review.owner)
        if review.day > today:
            yield Doubt(f"{place}.date", f"{review.day} is yet to come: a review counts when it is made")
        if _is_over(review, policy.review, today):
            yield Doubt(f"{place}.next", f"the next one was due on {review.following}")


def _is_over(review: Review, others: Iterable[Review], today: date) -> bool:
    later = any(other.kind == review.kind and review.day < other.day <= today for other in others)
    return review.following is not None and review.following < today and not later


def _accepted(policy: Policy, today: date) -> Iterator[Doubt]:
    ids = [check.id for check in catalogue()]
    for number, risk in enumerate(policy.accepted, 1):
        place = f"accepted[{number}]"
        if risk.check not in ids:
            yield Doubt(f"{place}.check", f"there is no check {risk.check!r}{_near(risk.check, ids)}")
        yield from _said(place, owner=risk.owner, reason=risk.reason)
        if risk.is_expired(today):
            yield Doubt(f"{place}.expires", f"was accepted until {risk.expires}: the finding is back")


def _said(place: str, **words: str) -> Iterator[Doubt]:
    for key, value in words.items():
        if not value.strip():
            yield Doubt(f"{place}.{key}", "is empty")
