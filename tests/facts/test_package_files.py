"""Which package brought which file."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.package_files import PackageFiles
from firmward.model.memory import Content, MemoryTree, link

STATUS = "Package: openssl\nVersion: 3\n\nPackage: libc6\nVersion: 2\n"
INFO = "var/lib/dpkg/info"
SYSTEMS: list[tuple[dict[str, Content], dict[str, str]]] = [
    ({"var/lib/dpkg/status": STATUS, f"{INFO}/openssl.list": "/.\n/usr\n/usr/bin/openssl\n",
      f"{INFO}/libc6:amd64.list": "/lib/x/libc.so.6\n"},
        {"usr": "openssl", "usr/bin/openssl": "openssl", "lib/x/libc.so.6": "libc6"}),
    ({"var/lib/dpkg/status": STATUS, f"{INFO}/openssl.list": "/bin/openssl\n", "bin": link("usr/bin"),
      "usr/bin/openssl": b"x"}, {"usr/bin/openssl": "openssl"}),
    ({"var/lib/dpkg/status": STATUS, f"{INFO}/gone.list": "/usr/bin/gone\n"}, {}),
    ({"var/lib/dpkg/status.d/libc6": "Package: libc6\nVersion: 2\n",
      "var/lib/dpkg/status.d/libc6.md5sums": f"{'0' * 32}  lib/libc.so.6\n"}, {"lib/libc.so.6": "libc6"}),
    ({"usr/lib/opkg/status": "Package: zlib\nVersion: 1\n",
      "usr/lib/opkg/info/zlib.list": "/usr/lib/libz.so.1\tabc\n"}, {"usr/lib/libz.so.1": "zlib"}),
    ({"lib/apk/db/installed": "P:musl\nV:1\nF:lib\nR:ld-musl.so.1\n"}, {"lib/ld-musl.so.1": "musl"}),
]  # fmt: skip


@pytest.mark.parametrize(("files", "owners"), SYSTEMS)
def test_each_file_has_its_package(files: dict[str, Content], owners: dict[str, str]) -> None:
    found = Collection(MemoryTree(files)).get(PackageFiles)
    assert isinstance(found, PackageFiles)
    assert dict(found.owners) == owners
    assert found.is_listed is bool(owners)
