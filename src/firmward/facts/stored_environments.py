"""U-Boot's environments that lie in the image: what a boot loader that reads them would take from the medium.

Copies are kept in pairs so that one survives a cut in power; equal ones are told once, at the first place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmward.facts.parts_of_kind import read_each
from firmward.formats import uboot_env
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Content, Parts

KIND = "u-boot-env"


@dataclass(frozen=True, slots=True)
class StoredEnvironment:
    """The `variables` of one environment, and `at`, the part that it is."""

    at: Location
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredEnvironments:
    """All that were `found`; `unread` says in words which could not be."""

    found: tuple[StoredEnvironment, ...]
    unread: tuple[str, ...] = ()


def collect(parts: Parts) -> StoredEnvironments | None:
    copies, unread = read_each(parts, (KIND,), _read)
    found: dict[tuple[tuple[str, str], ...], StoredEnvironment] = {}
    for stored in copies:
        found.setdefault(tuple(sorted(stored.variables.items())), stored)
    return StoredEnvironments(tuple(found.values()), unread) if found or unread else None


def _read(at: Location, _: str, content: Content) -> StoredEnvironment:
    return StoredEnvironment(at, MappingProxyType(dict(_variables(content))))


def _variables(content: Content) -> Mapping[str, str]:
    """By its checksum, or as the text that somebody printed."""
    try:
        return uboot_env.parse(content.read).variables
    except Malformed as reason:
        head = content.read(0, uboot_env.TEXT_LIMIT + 1)
        if b"\0" in head:
            raise Malformed(str(reason)) from None
        return uboot_env.of_text(head)
