"""The database as one dated and signed file, for machines that reach no network.

Its first line is an envelope (formats/dsse.py) whose payload has the SHA-256 of all that follows, the day on which each
feed was checked, and when the bundle was made. Behind it are the rows, one a line in JSON, compressed by zstd. A bundle
brings rows and never a database file: SQLite opens nothing that came from elsewhere.

Who takes it checks the signature, then the hash, and only then reads a row; all rows replace what is there in one
transaction. A bundle that is older than what is there is refused: somebody could hand out one from before a
vulnerability was known.
"""

import contextlib
import hashlib
import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firmward.formats import dsse
from firmward.formats.dsse import Envelope, to_json
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError, TrustError
from firmward.vulns import schema
from firmward.vulns.documents import Budget, opened
from firmward.vulns.envelope import sign, verify
from firmward.vulns.fields import table, text, text_at
from firmward.vulns.intake import repack
from firmward.vulns.json_reader import parse

SCHEMA = "firmward.vulns-bundle/1"
TYPE = "application/vnd.firmward.vulns-bundle+json"
LINE_LIMIT = 4 << 20
"""Bytes of the envelope, and of a row."""
PIECE = 1 << 20
BATCH = 5000
LEVEL = 10
SURROGATE = re.compile("[\ud800-\udfff]")
PORTABLE = {one.name: one for one in schema.TABLES if one.is_portable}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is signed: when the bundle was `made`, the `sha256` of the rows, their `size` in bytes as they lie there and
    their number `rows`, and when each of the `feeds` was checked."""

    made: str
    sha256: str
    size: int
    rows: int
    feeds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was imported, and the id of the key that signed it; empty where none was asked for."""

    manifest: Manifest
    key: str


def export(database: Path, output: Path, keys: Sequence[Ed25519PrivateKey], now: datetime) -> Manifest:
    """Write the bundle: whole, or not at all. Raises InputError."""
    connection = schema.open_reading(database)
    try:
        with schema.told(database), tempfile.TemporaryFile(dir=output.parent) as rows:
            connection.execute("BEGIN")
            feeds = dict(connection.execute("SELECT name, checked FROM feed ORDER BY name"))
            if not feeds:
                raise InputError(f"{database}: holds nothing yet: `firmward vulns update` fills it")
            count = _write_rows(connection, rows)
            size = rows.tell()
            moment = now.astimezone(UTC).isoformat(timespec="seconds")
            manifest = Manifest(moment, _digest(rows, 0), size, count, feeds)
            payload = json.dumps({"schema": SCHEMA, **asdict(manifest)}, separators=(",", ":")).encode()
            head = to_json(sign(Envelope(TYPE, payload), keys)) + b"\n"
            _put(output, head, rows)
    finally:
        connection.close()
    return manifest


def _write_rows(connection: sqlite3.Connection, output: BinaryIO) -> int:
    count = 0
    with zstandard.ZstdCompressor(level=LEVEL).stream_writer(output, closefd=False) as packed:
        for name in PORTABLE:
            for row in connection.execute(f"SELECT * FROM {name}"):  # noqa: S608 - our own names
                packed.write(json.dumps([name, *row], ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                count += 1
    return count


def _put(output: Path, head: bytes, rows: BinaryIO) -> None:
    descriptor, name = tempfile.mkstemp(dir=output.parent, prefix=".firmward-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(head)
            rows.seek(0)
            while piece := rows.read(PIECE):
                file.write(piece)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(name).replace(output)
    except BaseException:  # Ctrl-C too must leave nothing lying about
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _digest(file: BinaryIO, start: int) -> str:
    file.seek(start)
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def take(bundle: Path, database: Path, keys: Sequence[Ed25519PublicKey], *, older: bool) -> Taken:
    """Replace what the database holds. Without keys nothing is known of who made it. `older` takes one that is older
    than what is there. Raises InputError, and TrustError where it is refused."""
    try:
        with bundle.open("rb") as file:
            envelope, manifest = _head(bundle, file)
            start = file.tell()
            key = verify(envelope, keys) if keys else ""
            _check_rows(manifest, file, start)
            with schema.writing(database) as connection:
                _replace(connection, _rows(bundle, file, start, manifest), manifest, older=older)
    except TrustError as error:
        raise TrustError(f"{bundle}: refused: {error}") from error
    except Malformed as error:
        raise InputError(f"{bundle}: is no bundle of firmward's: {error}") from error
    except OSError as error:
        raise InputError(f"{error.filename or bundle}: {error.strerror or error}") from error
    return Taken(manifest, key)


def _head(bundle: Path, file: BinaryIO) -> tuple[Envelope, Manifest]:
    line = file.readline(LINE_LIMIT)
    if not line.endswith(b"\n"):
        raise Malformed("it has no envelope in its first line")
    envelope = dsse.parse(line[:-1])
    if envelope.type != TYPE:
        raise Malformed(f"its envelope is of the type {envelope.type[:80]!r}")
    payload = table(parse(envelope.payload), "the payload")
    if payload.get("schema") != SCHEMA:
        raise Malformed(f"its form is {str(payload.get('schema'))[:60]!r}, and this firmward reads {SCHEMA}")
    feeds = {name: _moment(text(moment, name), name) for name, moment in table(payload.get("feeds"), "feeds").items()}
    size, rows = payload.get("size"), payload.get("rows")
    if not isinstance(size, int) or not isinstance(rows, int):
        raise Malformed("its size is no number")
    made = _moment(text_at(payload, "made"), "made")
    return envelope, Manifest(made, text_at(payload, "sha256"), size, rows, feeds)


def _moment(words: str, what: str) -> str:
    """In UTC and in one form, so that two can be compared as they stand."""
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Malformed(f"{what[:40]} is no moment: {words[:40]!r}")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _check_rows(manifest: Manifest, file: BinaryIO, start: int) -> None:
    size = file.seek(0, os.SEEK_END) - start
    if size != manifest.size or _digest(file, start) != manifest.sha256:
        raise TrustError("its rows are not those that its first line names: it was altered or cut off")


def _rows(bundle: Path, file: BinaryIO, start: int, manifest: Manifest) -> Iterator[tuple[schema.Table, list[object]]]:
    """Raises Malformed, and InputError for a bomb."""
    file.seek(start)
    count = 0
    for document in opened(f"{bundle.name}.rows.zst", file, Budget()):
        while line := document.stream.readline(LINE_LIMIT):
            count += 1
            yield _row(line)
    if count != manifest.rows:
        raise Malformed(f"it has {count} rows, and its first line names {manifest.rows}")


def _row(line: bytes) -> tuple[schema.Table, list[object]]:
    row = parse(line)
    if not isinstance(row, list) or not row or not isinstance(row[0], str) or row[0] not in PORTABLE:
        raise Malformed("a row is of no table")
    found = PORTABLE[row[0]]
    values = row[1:]
    if len(values) != len(found.columns):
        raise Malformed(f"a row of {found.name} has {len(values)} values")
    for value, (name, kind) in zip(values, found.columns, strict=True):
        if (value is not None and (not isinstance(value, kind) or isinstance(value, bool))) or _is_huge(value):
            raise Malformed(f"a row of {found.name} has a {name} that is none")
        if isinstance(value, str) and SURROGATE.search(value):
            raise Malformed(f"a row of {found.name} has a {name} that is no text")
    return found, values


def _is_huge(value: object) -> bool:
    """Beyond what SQLite takes for an integer."""
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 63


def _replace(
    connection: sqlite3.Connection,
    rows: Iterable[tuple[schema.Table, list[object]]],
    manifest: Manifest,
    *,
    older: bool,
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not older:
            _check_age(connection, manifest)
        for one in schema.TABLES:
            connection.execute(f"DELETE FROM {one.name}")  # noqa: S608 - our own names
        waiting: dict[str, list[list[object]]] = {}
        for number, (one, values) in enumerate(rows, 1):
            waiting.setdefault(one.insert, []).append(values)
            if number % BATCH == 0:
                _insert(connection, waiting)
        _insert(connection, waiting)
        if dict(connection.execute("SELECT name, checked FROM feed")) != manifest.feeds:
            raise Malformed("its feeds are not those that its first line names")
        repack(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _insert(connection: sqlite3.Connection, waiting: dict[str, list[list[object]]]) -> None:
    for statement, values in waiting.items():
        connection.executemany(statement, values)
    waiting.clear()


def _check_age(connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Every feed that is there must be at least as new in the bundle."""
    there = connection.execute("SELECT name, checked FROM feed ORDER BY name").fetchall()
    for name, checked in there:
        given = manifest.feeds.get(name)
        if given is None:
            raise TrustError(f"it has no {name}, which is there since {checked[:10]}; --allow-older takes it")
        if given < checked:
            raise TrustError(f"its {name} is of {given[:10]}, and {checked[:10]} is there; --allow-older takes it")
