"""Metadata of TUF: what the four top-level roles and delegated ones say, and who signed it.

Rules: TUF specification 1.0, section 4. Fields that it does not name are allowed anywhere, are signed with the rest and
mean nothing here, but for one of our own: `x-firmward-signed` in a timestamp, the time at which it was signed.
Everything is bounded before it is kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256, sha512

from firmward.formats import utc_time
from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.trust import public_key
from firmward.trust.public_key import PublicKey

ROOT, TIMESTAMP, SNAPSHOT, TARGETS = "root", "timestamp", "snapshot", "targets"
TOP_LEVEL = (ROOT, TIMESTAMP, SNAPSHOT, TARGETS)
SIGNED_AT = "x-firmward-signed"

SIGNATURES_LIMIT = 64
KEYS_LIMIT = 1024
ROLES_LIMIT = 1 << 15
"""Of a delegation, and of the roles of a snapshot: two to the power of the most hash bits of bins, in practice."""
TARGETS_LIMIT = 1 << 15
NAME_LIMIT = 512
VERSION_LIMIT = 2**53
BITS_LIMIT = 32
"""Of the hash that chooses a bin, as in the specification."""

_SPECIFICATION = re.compile(r"1(\.\d{1,4}){1,2}", re.ASCII)
_DIGESTS = {"sha256": sha256, "sha512": sha512}


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed, in canonical form, and the signatures by key id."""

    content: bytes
    signatures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class RoleKeys:
    """A role's keys, and how many of them have to sign."""

    keys: tuple[PublicKey, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Digests:
    """What bytes have to be: `length` is None where nobody says it; hexadecimal by algorithm, those that are known."""

    length: int | None
    hashes: tuple[tuple[str, str], ...]

    def fit(self, content: bytes) -> bool:
        if self.length is not None and self.length != len(content):
            return False
        return all(_DIGESTS[name](content).hexdigest() == digest for name, digest in self.hashes)


@dataclass(frozen=True, slots=True)
class MetaFile:
    version: int
    digests: Digests


@dataclass(frozen=True, slots=True)
class TargetFile:
    """As `role` names it. `custom` is what else it says of it, in canonical form."""

    role: str
    path: str
    length: int
    digests: Digests
    custom: bytes


@dataclass(frozen=True, slots=True)
class Root:
    """`expires` in seconds since 1970, UTC, here and in the others."""

    version: int
    expires: int
    consistent_snapshot: bool
    roles: Mapping[str, RoleKeys]


@dataclass(frozen=True, slots=True)
class Timestamp:
    """`signed_at` is 0 where it does not say."""

    version: int
    expires: int
    snapshot: MetaFile
    signed_at: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Metadata by the name of its role."""

    version: int
    expires: int
    meta: Mapping[str, MetaFile]


@dataclass(frozen=True, slots=True)
class Delegation:
    """`paths` are patterns, `prefixes` the beginnings of a path's SHA-256: one of them is empty."""

    role: str
    keys: RoleKeys
    terminating: bool
    paths: tuple[str, ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bins:
    """Delegations that are not written out: `2 ** bits` roles of the same keys, by the hash of the path."""

    keys: RoleKeys
    bits: int
    prefix: str


@dataclass(frozen=True, slots=True)
class Targets:
    version: int
    expires: int
    targets: Mapping[str, TargetFile]
    delegations: tuple[Delegation, ...] | Bins


def opened(content: bytes, role: str) -> tuple[Signed, Table]:
    """The envelope, and what is signed, of a role of this type. Raises Malformed."""
    outer = Table(parse(content), "metadata")
    signatures: dict[str, bytes] = {}
    for one in outer.tables("signatures", SIGNATURES_LIMIT):
        name = one.text("keyid", NAME_LIMIT)
        if name in signatures:
            raise Malformed(f"the key {name[:16]} has signed twice")
        signatures[name] = _bytes(one.text("sig", 4 * public_key.PEM_LIMIT))
    table = outer.table("signed")
    kind = table.text("_type", 32)
    if kind != role:
        raise Malformed(f"is of type {kind!r} and not {role!r}")
    if not _SPECIFICATION.fullmatch(table.text("spec_version", 32)):
        raise Malformed("follows another specification than TUF 1")
    return Signed(encode(table.value), signatures), table


def root(table: Table) -> Root:
    keys = _keys(table.table("keys"))
    roles = {name: _role_keys(one, keys) for name, one in table.table("roles").items(16)}
    if set(roles) - {"mirrors"} != set(TOP_LEVEL):
        raise Malformed("does not name exactly the four roles")
    version, expires = _common(table)
    return Root(version, expires, table.flag("consistent_snapshot"), roles)


def timestamp(table: Table) -> Timestamp:
    meta = dict(_meta(table.table("meta"), 1))
    if set(meta) != {SNAPSHOT}:
        raise Malformed("does not name the snapshot alone")
    version, expires = _common(table)
    signed_at = utc_time.parse(table.text(SIGNED_AT, 32)) if SIGNED_AT in table else 0
    return Timestamp(version, expires, meta[SNAPSHOT], signed_at)


def snapshot(table: Table) -> Snapshot:
    meta = dict(_meta(table.table("meta"), ROLES_LIMIT))
    if TARGETS not in meta:
        raise Malformed("does not name the role targets")
    return Snapshot(*_common(table), meta)


def targets(table: Table, role: str) -> Targets:
    found = {path: _target(role, path, one) for path, one in table.table("targets").items(TARGETS_LIMIT)}
    delegations = _delegations(table.table("delegations")) if "delegations" in table else ()
    return Targets(*_common(table), found, delegations)


def _common(table: Table) -> tuple[int, int]:
    return table.whole("version", 1, VERSION_LIMIT), utc_time.parse(table.text("expires", 32))


def _bytes(digits: str) -> bytes:
    """Of a signature that is no hexadecimal number nothing is left, and it counts for nothing."""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _keys(table: Table) -> Mapping[str, PublicKey]:
    return {name: public_key.parse(name, one) for name, one in table.items(KEYS_LIMIT)}


def _role_keys(table: Table, keys: Mapping[str, PublicKey]) -> RoleKeys:
    names = table.texts("keyids", KEYS_LIMIT)
    if len(set(names)) != len(names):
        raise Malformed("names a key twice for one role")
    for name in names:
        if name not in keys:
            raise Malformed(f"names a key that it does not hold: {name[:16]}")
    return RoleKeys(tuple(keys[name] for name in names), table.whole("threshold", 1, KEYS_LIMIT))


def _meta(table: Table, limit: int) -> Iterator[tuple[str, MetaFile]]:
    for name, one in table.items(limit):
        if not name.endswith(".json") or len(name) > NAME_LIMIT:
            raise Malformed(f"names metadata that is no .json: {name[:80]!r}")
        yield name.removesuffix(".json"), MetaFile(one.whole("version", 1, VERSION_LIMIT), _digests(one))


def _digests(table: Table) -> Digests:
    """Both are optional; hashes of algorithms that are not known are left out, and must not be all there are."""
    length = table.whole("length") if "length" in table else None
    if "hashes" not in table:
        return Digests(length, ())
    hashes = table.table("hashes")
    known = tuple((name, hashes.text(name, 128)) for name in _DIGESTS if name in hashes)
    if not known:
        raise Malformed("has no hash of an algorithm that is known")
    return Digests(length, known)


def _target(role: str, path: str, table: Table) -> TargetFile:
    if len(path) > NAME_LIMIT:
        raise Malformed("names a target in too many characters")
    digests = _digests(table)
    if not digests.hashes:
        raise Malformed(f"has no hash of the target {path[:80]}")
    custom = encode(table.table("custom").value) if "custom" in table else b"{}"
    return TargetFile(role, path, table.whole("length"), digests, custom)


def _delegations(table: Table) -> tuple[Delegation, ...] | Bins:
    keys = _keys(table.table("keys"))
    if ("roles" in table) == ("succinct_roles" in table):
        raise Malformed("has to delegate by roles or by bins")
    if "succinct_roles" in table:
        return _bins(table.table("succinct_roles"), keys)
    roles = tuple(_delegation(one, keys) for one in table.tables("roles", ROLES_LIMIT))
    if len({one.role for one in roles}) != len(roles):
        raise Malformed("delegates twice to one role")
    return roles


def _bins(table: Table, keys: Mapping[str, PublicKey]) -> Bins:
    prefix = _role_name(table.text("name_prefix", NAME_LIMIT))
    return Bins(_role_keys(table, keys), table.whole("bit_length", 1, BITS_LIMIT), prefix)


def _delegation(table: Table, keys: Mapping[str, PublicKey]) -> Delegation:
    if ("paths" in table) == ("path_hash_prefixes" in table):
        raise Malformed("has to delegate by paths or by hashes of paths")
    paths = table.texts("paths", ROLES_LIMIT) if "paths" in table else ()
    prefixes = table.texts("path_hash_prefixes", ROLES_LIMIT) if "path_hash_prefixes" in table else ()
    role = _role_name(table.text("name", NAME_LIMIT))
    return Delegation(role, _role_keys(table, keys), table.flag("terminating"), paths, prefixes)


def _role_name(name: str) -> str:
    if not name or name in TOP_LEVEL:
        raise Malformed(f"delegates to a role that may not be called so: {name[:80]!r}")
    return name
