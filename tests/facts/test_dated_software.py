"""Software with its version: by packages, by files, and who keeps it."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.dated_software import DatedSoftware
from firmward.model.memory import Content, MemoryTree

BOOKWORM, OWN = {"etc/os-release": "ID=debian\nVERSION_ID=12\n"}, {"etc/os-release": "ID=boxos\n"}


def components(files: dict[str, Content]) -> DatedSoftware | None:
    found = Collection(MemoryTree(files)).get(DatedSoftware)
    assert found is None or isinstance(found, DatedSoftware)
    return found


def told(files: dict[str, Content]) -> list[tuple[str, str, bool]]:
    found = components(files)
    return [] if found is None else [(one.product, one.version, one.is_distributed) for one in found.found]


def dpkg(name: str, version: str) -> dict[str, Content]:
    return {"var/lib/dpkg/status": f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n"}


PACKAGES = [
    ("libssl3", "3.0.17-1~deb12u3", "openssl", "3.0.17-1~deb12u3"),
    ("libssl3t64", "3.5.1-1", "openssl", "3.5.1-1"),
    ("libssl1.1", "1.1.1n-0", "openssl", "1.1.1n-0"),
    ("libcrypto3", "3.3.1-r0", "openssl", "3.3.1-r0"),
    ("libpython3.11-minimal", "3.11.2-6", "python", "3.11.2-6"),
    ("php8.2-fpm", "8.2.7-1", "php", "8.2.7-1"),
    ("php", "2:8.2+93", "php", "8.2+93"),
    ("libqt5core5a", "5.15.8+dfsg", "qt", "5.15.8+dfsg"),
    ("nodejs", "v18.1.0", "nodejs", "18.1.0"),
    ("postgresql-15", "15.3-0", "postgresql", "15.3-0"),
    ("libssl-dev", "3.0", None, None),
    ("python3-yaml", "6.0", None, None),
    ("nginx-module-x", "1", None, None),
]


@pytest.mark.parametrize(("name", "version", "product", "wanted"), PACKAGES)
def test_packages_are_known_by_their_names(name: str, version: str, product: str | None, wanted: str | None) -> None:
    assert told(BOOKWORM | dpkg(name, version)) == ([] if product is None else [(product, wanted, True)])


FEEDS = [("docker-ce", "5:24.0.5-1~debian"), ("containerd.io", "1.6.24-1"), ("nodejs", "18.20.4-1nodesource1")]


@pytest.mark.parametrize(("name", "version"), FEEDS)
def test_a_makers_own_feed_is_none_of_the_distributions(name: str, version: str) -> None:
    assert [kept for _, _, kept in told(BOOKWORM | dpkg(name, version))] == [False]


def test_a_makers_own_build_keeps_nothing() -> None:
    assert told(OWN | dpkg("openssl", "3.0.14-r0")) == [("openssl", "3.0.14-r0", False)]


CRYPTO = b"\x7fELF\0OpenSSL 1.1.1w  11 Sep 2023\0"
FILES: list[tuple[str, Content, tuple[str, str] | None]] = [
    ("usr/lib/libcrypto.so.1.1", CRYPTO, ("openssl", "1.1.1w")),
    ("lib64/libcrypto.so.3", b"OpenSSL 3.0.8 7 Feb 2023\0", ("openssl", "3.0.8")),
    ("usr/lib/libcrypto.so.46", b"LibreSSL 3.3.1\0", None),
    ("usr/lib/libother.so", CRYPTO, None),
    ("usr/lib/libQt5Core.so.5.15.2", b"\x7fELF", ("qt", "5.15.2")),
    ("usr/lib/libQt5Core.so.5", b"\x7fELF", None),
    ("usr/lib/python3.9/os.pyc", b"", ("python", "3.9")),
    ("usr/lib/libperl.so.5.36.0", b"\x7fELF", ("perl", "5.36.0")),
    ("usr/sbin/nginx", b"\x7fELF\0nginx version: nginx/1.24.0\0", ("nginx", "1.24.0")),
    ("usr/bin/php-cgi", b"\x7fELF\0X-Powered-By: PHP/7.4.33\0", ("php", "7.4.33")),
    ("usr/sbin/openvpn", b"\x7fELF\0OpenVPN 2.4.12 arm-linux\0", ("openvpn", "2.4.12")),
]


@pytest.mark.parametrize(("path", "content", "wanted"), FILES)
def test_files_tell_their_version_where_no_package_does(
    path: str, content: Content, wanted: tuple[str, str] | None
) -> None:
    assert told(OWN | {path: content}) == ([] if wanted is None else [(*wanted, False)])
    assert told(BOOKWORM | {path: content}) == []


def test_a_package_says_more_than_a_file() -> None:
    files = OWN | dpkg("openssl", "1.1.1w-r1") | {"usr/lib/libcrypto.so.1.1": CRYPTO}
    assert told(files) == [("openssl", "1.1.1w-r1", False)]


def test_what_cannot_be_read_is_told() -> None:
    found = components(OWN | {"var/lib/rpm/Packages": b"x"})
    assert found is not None
    assert found.unread


def test_what_debian_built_into_a_makers_system_is_not_told_by_its_makers_dates() -> None:
    found = components(OWN | {"usr/lib/aarch64-linux-gnu/libcrypto.so.1.1": CRYPTO})
    assert found is not None
    assert not found.found
    assert "Debian" in found.unread[0]
