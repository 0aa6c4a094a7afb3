"""The tables of the database of vulnerabilities: one SQLite file, whose every row names the feed that it is from.

At rest the file is whole in itself and can be copied, or lie where nobody may write. While an update runs it has a log
beside it (SQLite's WAL), so that who reads meanwhile sees what was there before, and who finds it after a power cut
too.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import InputError

APPLICATION = 0x66776476
"""SQLite's application_id of ours: `fwdv`."""
VERSION = 1
BUSY_SECONDS = 20.0
NAME = "vulns.sqlite"
VARIABLE = "FIRMWARD_VULNS_DB"


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` with their types, the first `key` of them the primary key; 0 is none. `is_portable` ones travel in a
    bundle; the others are made anew or hold for this machine alone."""

    name: str
    columns: tuple[tuple[str, type], ...]
    key: int = 0
    is_portable: bool = True

    @property
    def sql(self) -> str:
        kinds = {str: "TEXT", int: "INTEGER", float: "REAL", bytes: "BLOB"}
        lines = [f"{name} {kinds[kind]}" for name, kind in self.columns]
        names = ", ".join(name for name, _ in self.columns[: self.key])
        lines += [f"PRIMARY KEY ({names})"] if self.key else []
        return f"CREATE TABLE {self.name} ({', '.join(lines)}){' WITHOUT ROWID' if self.key else ''}"

    @property
    def insert(self) -> str:
        return f"INSERT OR REPLACE INTO {self.name} VALUES ({', '.join('?' * len(self.columns))})"  # noqa: S608


def _text(*names: str) -> tuple[tuple[str, type], ...]:
    return tuple((name, str) for name in names)


FEED = Table("feed", (*_text("name", "checked", "updated", "newest", "cursor"), ("skipped", int)), 1)
SKIPPED = Table("skipped", _text("feed", "name", "reason"))
SOURCE = Table("source", _text("feed", "url", "etag", "modified"), 2, is_portable=False)
ABOUT = Table(
    "about",
    (
        *_text("vulnerability", "feed", "title", "description", "published", "modified", "cwes", "aliases", "scores"),
        ("rejected", int),
    ),
    2,
)
CLAIM = Table("claim", _text("vulnerability", "feed", "said_by", "key", "name", "body"))
FIX = Table("fix", _text("vulnerability", "distribution", "package", "feed", "fixed", "urgency"), 4)
KERNEL = Table("kernel", _text("vulnerability", "feed", "pairs", "branches", "files"), 2)
EXPLOITED = Table("exploited", (*_text("vulnerability", "feed", "added", "due"), ("ransomware", int)), 2)
PROBABILITY = Table("probability", (*_text("vulnerability", "feed"), ("epss", float)), 2)
NAMED = Table("named", _text("distribution", "package", "vendor", "product", "feed"), 5)
SUPPORT = Table("support", _text("product", "feed", "lines"), 2)
PACKED = Table("packed", (*_text("name"), ("content", bytes)), 1, is_portable=False)
TABLES = (FEED, SKIPPED, SOURCE, ABOUT, CLAIM, FIX, KERNEL, EXPLOITED, PROBABILITY, NAMED, SUPPORT, PACKED)
OF_FEED = (SKIPPED, ABOUT, CLAIM, FIX, KERNEL, EXPLOITED, PROBABILITY, NAMED, SUPPORT)
"""Those with rows of a feed, in the column `feed`."""
INDEXES = (
    "CREATE INDEX claim_name ON claim (name, key)",
    "CREATE INDEX claim_vulnerability ON claim (vulnerability)",
    "CREATE INDEX fix_package ON fix (distribution, package)",
    "CREATE INDEX rejected ON about (vulnerability) WHERE rejected = 1",
)


def default_path() -> Path:
    """FIRMWARD_VULNS_DB, else `firmward/vulns.sqlite` where the user's data lie (XDG base directories)."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else Path.home() / ".local" / "share"
    return base / "firmward" / NAME


def open_reading(path: Path) -> sqlite3.Connection:
    """Raises InputError where there is no database, or none of ours."""
    if not path.is_file():
        raise InputError(f"{path}: there is no database of vulnerabilities: `firmward vulns update` makes one")
    with told(path):
        connection = _connection(path, "ro")
        try:
            # nobody can lock, and nobody changes, what lies where nobody may write
            if not os.access(path.parent, os.W_OK) and not _log(path).exists():
                connection.close()
                connection = _connection(path, "ro&immutable=1")
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("PRAGMA mmap_size = 268435456")
            _check(path, connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The database to be changed, made where there is none. Raises InputError."""
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists() or not path.stat().st_size
        connection = _connection(path, "rwc")
        try:
            if is_new:
                _make(connection)
            _check(path, connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA cache_size = -32000")
            yield connection
        finally:
            _settle(connection)


def _settle(connection: sqlite3.Connection) -> None:
    """Leave one file: who still reads keeps the log, and the next writer settles it."""
    try:
        connection.execute("PRAGMA busy_timeout = 500")
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError:
        pass
    finally:
        connection.close()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InputError(f"{path}: another update is under way; try again when it is done") from error
        raise InputError(f"{path}: {error}") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is damaged, or no database: {error}; remove it and update anew") from error
    except OSError as error:
        raise InputError(f"{error.filename or path}: {error.strerror or error}") from error


def _connection(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    connection.execute("PRAGMA trusted_schema = 0")
    return connection


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    for table in TABLES:
        connection.execute(table.sql)
    for index in INDEXES:
        connection.execute(index)
    connection.execute("COMMIT")


def _check(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise InputError(f"{path}: is no database of vulnerabilities that firmward made")
    if version != VERSION:
        raise InputError(f"{path}: has form {version}, this firmward reads {VERSION}: remove it and update anew")
