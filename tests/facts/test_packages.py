"""Databases of packages: what is installed, by each manager, and what is not read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.package_databases.apk import letters
from firmward.facts.package_databases.stanzas import stanzas
from firmward.facts.packages import LIMIT, Manager, Package, Packages
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


SOURCES: list[tuple[dict[str, Content], tuple[str, str]]] = [
    ({"var/lib/dpkg/status": "Package: libc6\nSource: glibc (2.36-9)\nVersion: 2.36-9+b1\n"}, ("glibc", "2.36-9")),
    ({"var/lib/dpkg/status": "Package: libssl3\nSource: openssl\nVersion: 3.0.17-1\n"}, ("openssl", "3.0.17-1")),
    ({"var/lib/dpkg/status": "Package: bash\nVersion: 5.2-2\n"}, ("bash", "5.2-2")),
    ({"usr/lib/opkg/info/libcurl4.control":
        "Package: libcurl4\nVersion: 8.5.0-1\nSource: feeds/packages/net/curl\nSourceName: curl\n"},
        ("curl", "8.5.0-1")),
    ({"usr/lib/opkg/info/libcurl4.control": "Package: libcurl4\nVersion: 8.5.0-1\nSource: package/net/curl\n"},
        ("curl", "8.5.0-1")),
    ({"lib/apk/db/installed": "P:libcrypto3\nV:3.5.4-r0\no:openssl\n"}, ("openssl", "3.5.4-r0")),
    ({"lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n"}, ("musl", "1.2.5-r0")),
]  # fmt: skip


@pytest.mark.parametrize(("files", "wanted"), SOURCES)
def test_the_source_package_is_told(files: dict[str, Content], wanted: tuple[str, str]) -> None:
    (found,) = the(files)
    assert (found.source, found.source_version) == wanted


def the(files: dict[str, Content]) -> tuple[Package, ...]:
    found = packages(files)
    assert found is not None
    return found.found


def test_opkg_says_licence_and_cpe_name() -> None:
    (found,) = the(
        {
            "usr/lib/opkg/info/libopenssl3.control": "Package: libopenssl3\nVersion: 3.0.14-1\nLicense: Apache-2.0\n"
            "CPE-ID: cpe:/a:openssl:openssl\nDepends: libc, libatomic1 (= 1)\n"
        }
    )
    assert (found.licence, found.cpe, found.needs) == (
        "Apache-2.0",
        "cpe:/a:openssl:openssl",
        ("libc", "libatomic1"),
    )


def test_the_file_of_a_single_package_says_more_than_the_list_of_all() -> None:
    (found,) = the(
        {
            "usr/lib/opkg/status": "Package: zlib\nVersion: 1.3-1\nStatus: install user installed\n",
            "usr/lib/opkg/info/zlib.control": "Package: zlib\nVersion: 1.3-1\nLicense: Zlib\n",
        }
    )
    assert found.licence == "Zlib"


def test_apk_says_what_a_package_brought_and_needs() -> None:
    (found,) = the(
        {"lib/apk/db/installed": "P:curl\nV:8.1-r0\nL:curl\nD:so:libc.musl-x86_64.so.1 ca-certs !old\n"
         "F:usr\nF:usr/bin\nR:curl\nZ:Q1\nF:\nR:init\n"}
    )  # fmt: skip
    assert found.files == ("usr/bin/curl", "init")
    assert found.needs == ("libc.musl-x86_64.so.1", "ca-certs")
    assert found.licence == "curl"


def test_a_database_of_rpm_that_is_none_is_told_as_unread() -> None:
    found = packages({"var/lib/rpm/rpmdb.sqlite": b"SQLite format 3\0"})
    assert found is not None
    assert not found.found
    assert "rpmdb.sqlite" in found.unread[0]


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
