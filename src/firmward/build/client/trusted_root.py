"""The TUF root that devices of a build begin to trust with: the policy names it, or the command does."""

from dataclasses import dataclass
from pathlib import Path

from firmward.build import regular
from firmward.formats import canonical_json
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.model.policy import Policy

MECHANISM = "firmward"
SIZE_LIMIT = 1 << 20
"""Bytes."""
NONE = "update client: left out, since no root.json is named in [update] keys or given with --update-root"


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """`name` is what the maker calls the file."""

    name: str
    content: bytes


def is_asked_for(policy: Policy) -> bool:
    return policy.update is not None and policy.update.mechanism == MECHANISM


def trusted_root(policy: Policy, base: Path, given: Path | None) -> TrustedRoot | None:
    """`given` before what the policy names, which lies below `base`. None where neither says one. Raises InputError."""
    if given is not None:
        if not is_asked_for(policy):
            raise InputError(f'--update-root: is for devices with [update] mechanism = "{MECHANISM}"')
        return _read(given, str(given))
    keys = policy.update.keys if policy.update is not None and is_asked_for(policy) else ()
    if len(keys) > 1:
        raise InputError(f"[update] keys: one root.json is what a device begins with, and {len(keys)} are named")
    return _read(base / keys[0], f"[update] keys: {keys[0]}") if keys else None


def director_root(policy: Policy, given: Path | None) -> TrustedRoot | None:
    """The root of the director whose orders devices wait for. Raises InputError where the policy asks for orders and
    none is given: such a device would never install anything; and where one is given and nobody would look at it."""
    is_ordered = is_asked_for(policy) and policy.update is not None and policy.update.director
    if is_ordered and given is None:
        raise InputError(
            "[update] director: devices wait for the orders of a director, and it has no root here; give its "
            "director/metadata/1.root.json with --director-root"
        )
    if given is not None and not is_ordered:
        raise InputError(f'--director-root: is for devices with [update] mechanism = "{MECHANISM}", director = true')
    return None if given is None else _read(given, str(given))


def _read(path: Path, name: str) -> TrustedRoot:
    """The device verifies it at its first start; what is no such file at all is better told now."""
    try:
        content = regular.linked_content(path, SIZE_LIMIT)
        value = canonical_json.parse(content)
    except Malformed as error:
        raise InputError(f"{name}: {error}") from error
    table = value if isinstance(value, dict) else {}
    signed = table.get("signed")
    if not isinstance(signed, dict) or signed.get("_type") != "root" or not table.get("signatures"):
        raise InputError(f"{name}: is no signed TUF root: give the <n>.root.json that the repository has")
    return TrustedRoot(path.name, content)
