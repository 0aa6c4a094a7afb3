"""Databases of packages: what is installed, by each manager, and what is not read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.packages import LIMIT, Manager, Packages, letters, stanzas
from firmward.model.memory import Content, MemoryTree, link

DPKG = """Package: adduser
Status: install ok installed
Version: 3.134
Description: add and remove users
 Version: 9 stands in a description

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: openssl
Status: hold ok installed
Version: 3.0.17-1~deb12u3
"""
OPKG = "Package: libopenssl3\nVersion: 3.0.14-r1\nStatus: install user installed\n"


def packages(files: dict[str, Content]) -> Packages | None:
    found = Collection(MemoryTree(files)).get(Packages)
    assert found is None or isinstance(found, Packages)
    return found


def names(files: dict[str, Content]) -> list[tuple[str, str, str]]:
    found = packages(files)
    return [] if found is None else [(one.name, one.version, one.manager) for one in found.found]


OPENSSL = ("openssl", "3.0.17-1~deb12u3", Manager.DPKG)
SYSTEMS: list[tuple[dict[str, Content], list[tuple[str, str, str]]]] = [
    ({"var/lib/dpkg/status": DPKG}, [("adduser", "3.134", Manager.DPKG), OPENSSL]),
    ({"var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\n"}, [("base-files", "12.4", Manager.DPKG)]),
    ({"var/lib/dpkg/status.d/base.md5sums": "Package: x\nVersion: 1\n"}, []),
    ({"usr/lib/opkg/status": OPKG}, [("libopenssl3", "3.0.14-r1", Manager.OPKG)]),
    ({"var/lib/opkg/status": OPKG}, [("libopenssl3", "3.0.14-r1", Manager.OPKG)]),
    ({"usr/lib/opkg/info/zlib.control": "Package: zlib\nVersion: 1.3-1\n"}, [("zlib", "1.3-1", Manager.OPKG)]),
    ({"lib/apk/db/installed": "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86\n\nP:busybox\nV:1.37-r1\n"},
        [("musl", "1.2.5-r0", Manager.APK), ("busybox", "1.37-r1", Manager.APK)]),
    ({"usr/lib/apk/db/installed": "P:musl\nV:1\n", "lib": link("usr/lib")}, [("musl", "1", Manager.APK)]),
    ({"etc/passwd": ""}, []),
]  # fmt: skip


@pytest.mark.parametrize(("files", "wanted"), SYSTEMS)
def test_what_is_installed_is_read(files: dict[str, Content], wanted: list[tuple[str, str, str]]) -> None:
    assert names(files) == wanted


def test_each_says_where_it_stands() -> None:
    found = packages({"var/lib/dpkg/status": DPKG})
    assert found is not None
    assert [one.at.line for one in found.found] == [1, 11]


def test_a_database_of_rpm_is_told_as_unread() -> None:
    found = packages({"var/lib/rpm/rpmdb.sqlite": b"SQLite format 3\0"})
    assert found is not None
    assert not found.found
    assert "rpm" in found.unread[0]


def test_a_database_without_end_is_bounded() -> None:
    found = packages({"lib/apk/db/installed": "".join(f"P:p{n}\nV:1\n" for n in range(LIMIT + 5))})
    assert found is not None
    assert len(found.found) == LIMIT
    assert "more than" in found.unread[0]


def test_names_and_versions_are_those_of_packages() -> None:
    assert not list(stanzas("Package: \x1b[2J\nVersion: 1\n\n", "x", Manager.DPKG))
    assert not list(letters("P:a\nV:1 2\n", "x"))


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert all(one.name and one.version for one in (*stanzas(text, "x", Manager.OPKG), *letters(text, "x")))
