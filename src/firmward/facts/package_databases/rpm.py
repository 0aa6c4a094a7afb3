"""rpm's database: the headers of all packages, in SQLite (since 4.16), in rpm's own ndb, or in Berkeley DB before.

The keys that packages were signed with stand there as packages called gpg-pubkey, and are none.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

from firmward.facts.package_databases.database_text import NEEDS_LIMIT, named
from firmward.facts.packages import LIMIT, Manager, Package
from firmward.formats import berkeley_hash, rpm_header, rpm_ndb
from firmward.formats.malformed import Malformed
from firmward.formats.rpm_header import RpmHeader
from firmward.model.facts import Unavailable
from firmward.model.location import Location
from firmward.model.tree import Tree

SIZE_LIMIT = 512 << 20
"""Bytes of a database; that of a large server has 150 MiB."""
STEPS_LIMIT = 200
"""Times that SQLite may work for 100,000 instructions."""
FOLDERS = ("var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm")
KEYS = "gpg-pubkey"
SOURCE = re.compile(r"(?P<name>.{1,120})-(?P<version>[^-]{1,60})-(?P<release>[^-]{1,60})\.(?:no)?src\.rpm")


def installed(tree: Tree, unread: list[str]) -> Iterator[Package]:
    for path in (f"{folder}/{name}" for folder in FOLDERS for name in READERS if tree.is_file(f"{folder}/{name}")):
        try:
            data = tree.read(path, SIZE_LIMIT) or b""
            log = tree.resolve(f"{path}-wal")
            if log is not None and log.size:
                unread.append(f"{path}-wal: what rpm last wrote is not in its database yet, and is not read")
            for blob in READERS[path.rpartition("/")[2]](data):
                yield from _package(blob, path)
        except (Unavailable, Malformed, sqlite3.Error) as reason:
            unread.append(f"{path}: {reason}" if not isinstance(reason, Unavailable) else str(reason))


def _of_sqlite(data: bytes) -> Iterator[bytes]:
    """A file in write-ahead mode (bytes 18 and 19 are 2) cannot be opened in memory as it is."""
    if data[18:20] == b"\2\2":
        data = data[:18] + b"\1\1" + data[20:]
    steps = iter(range(STEPS_LIMIT))
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(data)
        database.execute("PRAGMA trusted_schema = OFF")
        database.set_progress_handler(lambda: next(steps, None) is None, 100_000)
        rows = database.execute("SELECT blob FROM Packages ORDER BY hnum LIMIT ?", (LIMIT,))
        yield from (blob for (blob,) in rows if isinstance(blob, bytes))


READERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "rpmdb.sqlite": _of_sqlite,
    "Packages.db": rpm_ndb.blobs,
    "Packages": lambda data: (one for one in berkeley_hash.values(data) if len(one) > len("count")),
}
"""By the name of the file; of Berkeley DB's values one is a number alone."""


def _package(blob: bytes, path: str) -> Iterator[Package]:
    header = rpm_header.read(blob)
    if header.name == KEYS:
        return
    source = SOURCE.fullmatch(header.source)
    yield from named(
        Package(
            header.name,
            header.full_version,
            Manager.RPM,
            Location(path),
            header.name if source is None else source["name"],
            header.full_version if source is None else _source_version(header, source),
            header.architecture,
            header.licence,
            header.vendor,
            needs=tuple(dict.fromkeys(one for one in header.needs if "(" not in one and "/" not in one))[:NEEDS_LIMIT],
            files=header.files,
        )
    )


def _source_version(header: RpmHeader, source: re.Match[str]) -> str:
    version = f"{source['version']}-{source['release']}"
    return version if header.epoch is None else f"{header.epoch}:{version}"
