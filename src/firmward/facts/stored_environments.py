"""U-Boot's environments that lie in the image: what a boot loader that reads them would take from the medium.

Copies are kept in pairs so that one survives a cut in power; equal ones are told once, at the first place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from firmward.formats import uboot_env
from firmward.formats.malformed import Malformed
from firmward.model.location import Location
from firmward.model.parts import Parts

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
    found: dict[tuple[tuple[str, str], ...], StoredEnvironment] = {}
    unread = []
    for id, one in parts.all.items():
        if one.part.kind != KIND or one.part.same_as is not None:
            continue
        try:
            if one.content is None:
                raise Malformed(one.part.problem or "its bytes are not at hand")
            variables = uboot_env.parse(one.content.read).variables
        except Malformed as reason:
            unread.append(f"{id}: {reason}")
            continue
        stored = StoredEnvironment(Location(part=id), MappingProxyType(dict(variables)))
        found.setdefault(tuple(sorted(variables.items())), stored)
    return StoredEnvironments(tuple(found.values()), tuple(unread)) if found or unread else None
