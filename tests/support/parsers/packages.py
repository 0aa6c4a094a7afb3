"""Databases of packages that are no text: rpm's."""

from collections.abc import Iterator
from pathlib import Path

import rpm_database

from firmward.formats import berkeley_hash, rpm_header, rpm_ndb
from parsers import Parser, found_program, refused


def blobs(folder: Path) -> list[bytes]:
    found_program("rpmbuild")
    return rpm_database.headers(rpm_database.built(folder))


def headers(folder: Path) -> Iterator[bytes]:
    yield from blobs(folder)


def ask_header(data: bytes) -> None:
    refused(lambda: rpm_header.read(data).full_version)


def ndbs(folder: Path) -> Iterator[bytes]:
    yield rpm_database.as_ndb(blobs(folder))


def ask_ndb(data: bytes) -> None:
    refused(lambda: list(rpm_ndb.blobs(data)))


def tables(folder: Path) -> Iterator[bytes]:
    found_program("db5.3_load")
    made = blobs(folder)
    yield rpm_database.as_berkeley(made, folder / "Packages")
    yield rpm_database.as_berkeley([*made, b"x" * 9000], folder / "Packages", page=512, order="4321")


def ask_table(data: bytes) -> None:
    refused(lambda: list(berkeley_hash.values(data)))


PARSERS = (
    Parser("rpm_header", ("rpm_header",), headers, ask_header),
    Parser("rpm_ndb", ("rpm_ndb",), ndbs, ask_ndb),
    Parser("berkeley_hash", ("berkeley_hash",), tables, ask_table),
)
