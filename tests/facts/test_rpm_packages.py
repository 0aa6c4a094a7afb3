"""rpm's databases: by rpm and Berkeley DB themselves, and what is none."""

import sqlite3
from pathlib import Path

import pytest
import rpm_database

from firmward.facts.collection import Collection
from firmward.facts.package_files import PackageFiles
from firmward.facts.packages import Manager, Packages
from firmward.model.memory import Content, MemoryTree


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rpm_database.built(tmp_path_factory.mktemp("rpm"))


@pytest.fixture(scope="module")
def blobs(database: Path) -> list[bytes]:
    return rpm_database.headers(database)


def packages(files: dict[str, Content]) -> Packages:
    found = Collection(MemoryTree(files)).get(Packages)
    assert isinstance(found, Packages)
    return found


def is_whole(found: Packages) -> None:
    assert {(one.name, one.version) for one in found.found} == {("hello", "2.10-3.el9"), ("goodbye", "1:2.10-3.el9")}
    assert not found.unread
    for one in found.found:
        assert one.manager is Manager.RPM
        assert (one.source, one.licence, one.vendor) == (one.name, "GPL-3.0-or-later", "Maker")
        assert one.source_version == one.version
        assert one.needs == ("bash",)
        assert one.files == (f"etc/{one.name}.conf", f"usr/bin/{one.name}")


def test_what_rpm_installed_is_read(database: Path) -> None:
    is_whole(packages({"var/lib/rpm/rpmdb.sqlite": database.read_bytes()}))


@pytest.mark.parametrize(("page", "order"), [(512, "1234"), (4096, "4321"), (65536, "1234")])
def test_berkeley_db_is_read(blobs: list[bytes], tmp_path: Path, page: int, order: str) -> None:
    data = rpm_database.as_berkeley(blobs, tmp_path / "Packages", page=page, order=order)
    is_whole(packages({"usr/share/rpm/Packages": data}))


def test_ndb_is_read(blobs: list[bytes]) -> None:
    is_whole(packages({"usr/lib/sysimage/rpm/Packages.db": rpm_database.as_ndb(blobs)}))


def test_each_file_has_its_package(database: Path) -> None:
    files = {"var/lib/rpm/rpmdb.sqlite": database.read_bytes()}
    found = Collection(MemoryTree(files)).get(PackageFiles)
    assert isinstance(found, PackageFiles)
    assert found.owners["usr/bin/hello"] == "hello"


def test_what_is_not_yet_in_the_database_is_told(database: Path) -> None:
    files = {"var/lib/rpm/rpmdb.sqlite": database.read_bytes(), "var/lib/rpm/rpmdb.sqlite-wal": b"x" * 100}
    assert "rpmdb.sqlite-wal" in packages(files).unread[0]


def test_a_database_that_never_ends_is_given_up() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIEW Packages AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS hnum, NULL AS blob FROM n WHERE i < 0"
    )
    found = packages({"var/lib/rpm/rpmdb.sqlite": connection.serialize()})
    connection.close()
    assert not found.found
    assert "interrupted" in found.unread[0]


@pytest.mark.parametrize("cut", [4, 20, 600, 4100, 5000])
def test_a_database_that_was_cut_is_told(blobs: list[bytes], tmp_path: Path, cut: int) -> None:
    ndb, berkeley = rpm_database.as_ndb(blobs)[:cut], rpm_database.as_berkeley(blobs, tmp_path / "Packages")[:cut]
    for path, data in (("Packages.db", ndb), ("Packages", berkeley)):
        found = Collection(MemoryTree({f"var/lib/rpm/{path}": data})).get(Packages)
        if isinstance(found, Packages):
            assert "internal error" not in str(found)
            assert found.unread or found.found
