"""Databases and lists of packages."""

from collections.abc import Iterator
from pathlib import Path

import rpm_database

from firmward.formats import berkeley_hash, build_manifest, rpm_header, rpm_ndb
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


def manifests(_: Path) -> Iterator[bytes]:
    yield b"busybox core2-64 1.36.1-r0\nlibssl3 core2-64 3.2.1-r0\n"
    yield b"busybox - 1.36.1-1\n"
    yield b"PACKAGE NAME: busybox\nPACKAGE VERSION: 1.36.1\nRECIPE NAME: busybox\nLICENSE: GPL-2.0-only\n"
    yield b'"PACKAGE","VERSION","LICENSE"\n"busybox","1.36.1","GPL-2.0"\n'
    yield b'{"busybox": {"type": "target", "virtual": false, "version": "1.36.1", "licenses": "GPL-2.0"}}'


def ask_manifest(data: bytes) -> None:
    refused(lambda: build_manifest.parse(data))


PARSERS = (
    Parser("build_manifest", ("build_manifest",), manifests, ask_manifest),
    Parser("rpm_header", ("rpm_header",), headers, ask_header),
    Parser("rpm_ndb", ("rpm_ndb",), ndbs, ask_ndb),
    Parser("berkeley_hash", ("berkeley_hash",), tables, ask_table),
)
