"""All that a system is made of: each component once, from whatever tells of it."""

import pytest
from elf_made import Made, elf

from firmward.facts.advisories import Advisories, Surroundings
from firmward.facts.bills import Bills
from firmward.facts.collection import Collection
from firmward.facts.components import Components
from firmward.facts.linkage import Linkage
from firmward.facts.reach import How
from firmward.facts.vulnerabilities import Vulnerabilities
from firmward.model.component import Component, Evidence, Witness
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.vulnerability import KnownVulnerabilities

BOOKWORM = {"etc/os-release": "ID=debian\nVERSION_ID=12\n"}
STATUS = (
    "Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.17-1~deb12u2\n"
    "Depends: libc6 (>= 2)\n\n"
    "Package: libc6\nStatus: install ok installed\nSource: glibc (2.36-9)\nVersion: 2.36-9+b1\n"
)
CRYPTO, SSL = "usr/lib/libcrypto.so.3", "usr/lib/libssl.so.3"
LIBCRYPTO = elf(Made(soname="libcrypto.so.3", data=b"\0OpenSSL 3.0.17 1 Jul 2025\0crypto/evp/evp_enc.c\0"))
LIGHTTPD = elf(Made(needed=("libcrypto.so.3",), data=b"\0lighttpd/1.4.69\0"))


def components(files: dict[str, Content], bills: Bills | None = None) -> dict[str, Component]:
    found = Collection(MemoryTree(files), bills=bills).get(Components)
    assert isinstance(found, Components)
    return {one.name: one for one in found.found}


def test_a_package_has_its_source_and_who_keeps_it() -> None:
    found = components(BOOKWORM | {"var/lib/dpkg/status": STATUS})["libc6"]
    assert (found.source, found.source_version, found.distribution) == ("glibc", "2.36-9", "debian:12")
    assert found.purl == "pkg:deb/debian/libc6@2.36-9%2Bb1?distro=debian-12"


def test_what_packages_need_are_references() -> None:
    found = components(BOOKWORM | {"var/lib/dpkg/status": STATUS})
    assert found["libssl3"].depends == (found["libc6"].ref,)


def test_a_file_of_a_package_is_evidence_and_no_component_of_its_own() -> None:
    listed = {"var/lib/dpkg/info/libssl3.list": f"/{CRYPTO}\n", CRYPTO: LIBCRYPTO}
    found = components(BOOKWORM | {"var/lib/dpkg/status": STATUS, **listed})
    assert set(found) == {"libssl3", "libc6"}
    assert [one.witness for one in found["libssl3"].evidence] == [Witness.PACKAGE, Witness.TEXT]


def test_a_file_that_no_package_brought_is_one() -> None:
    found = components(BOOKWORM | {"var/lib/dpkg/status": STATUS, "opt/libcrypto.so.3": LIBCRYPTO})
    assert (found["openssl"].version, found["openssl"].vendor) == ("3.0.17", "openssl")
    assert found["openssl"].distribution == ""
    assert found["openssl"].cpes == ("cpe:2.3:a:openssl:openssl:3.0.17:*:*:*:*:*:*:*",)


def test_one_product_in_two_files_is_one_component() -> None:
    found = components({"opt/a/libcrypto.so.3": LIBCRYPTO, "opt/b/libcrypto.so.3": LIBCRYPTO})
    assert found["openssl"].files == ("opt/a/libcrypto.so.3", "opt/b/libcrypto.so.3")


def test_a_program_needs_what_it_is_linked_to() -> None:
    found = components({"usr/sbin/lighttpd": LIGHTTPD, CRYPTO: LIBCRYPTO})
    assert found["lighttpd"].depends == (found["openssl"].ref,)


MANIFEST = "usr/share/common-licenses/license.manifest"
LISTED = "PACKAGE NAME: lighttpd\nPACKAGE VERSION: {}\nRECIPE NAME: lighttpd\nLICENSE: BSD-3-Clause\n"


@pytest.mark.parametrize(("version", "files"), [("1.4.69", ("usr/sbin/lighttpd",)), ("1.4.70", ())])
def test_what_a_build_lists_and_a_file_says_is_one_where_they_agree(version: str, files: tuple[str, ...]) -> None:
    found = Collection(MemoryTree({MANIFEST: LISTED.format(version), "usr/sbin/lighttpd": LIGHTTPD})).get(Components)
    assert isinstance(found, Components)
    listed = found.found[0]
    assert (listed.version, listed.files, listed.licences) == (version, files, ("BSD-3-Clause",))
    assert len(found.found) == (1 if files else 2)


def test_a_list_adds_the_licence_of_a_package() -> None:
    status = "Package: lighttpd\nStatus: install ok installed\nVersion: 1.4.69-r0\n"
    found = components({"var/lib/dpkg/status": status, MANIFEST: LISTED.format("1.4.69")})
    assert (found["lighttpd"].version, found["lighttpd"].licences) == ("1.4.69-r0", ("BSD-3-Clause",))


KERNELS = [
    ("6.1.55-1-lts", "6.1.55"),
    ("6.6.7", "6.6.7"),
    ("6.12.0-rc3", "6.12.0-rc3"),
    ("6.1.0-28-arm64", ""),
    ("5.10.110-android12-9", "5.10.110"),
]


@pytest.mark.parametrize(("release", "version"), KERNELS)
def test_a_kernel_has_its_upstream_version(release: str, version: str) -> None:
    found = components({f"lib/modules/{release}/modules.order": ""})["linux"]
    assert (found.version, found.evidence[0].witness) == (version, Witness.KERNEL)


def test_a_kernel_that_a_package_brought_is_that_package() -> None:
    status = "Package: linux-image-6.1.0-28-arm64\nStatus: install ok installed\nVersion: 6.1.119-1\nSource: linux\n"
    found = components(BOOKWORM | {"var/lib/dpkg/status": status, "lib/modules/6.1.0-28-arm64/modules.order": ""})
    assert list(found) == ["linux-image-6.1.0-28-arm64"]


def test_a_bill_names_components_too() -> None:
    one = Component("camerad", "1.4", part="sbom", evidence=(Evidence(Witness.SBOM, Location(part="sbom")),))
    assert components({}, Bills((one,)))["camerad"].ref == "sbom#camerad@1.4"


def test_what_cannot_be_read_is_told() -> None:
    found = Collection(MemoryTree({"var/lib/rpm/Packages": b"x"})).get(Components)
    assert isinstance(found, Components)
    assert found.unread


def test_linkage_follows_what_is_needed_of_the_same_processor() -> None:
    other = elf(Made(soname="libcrypto.so.3", wide=False))
    middle = elf(Made(soname="libmid.so", needed=("libcrypto.so.3",)))
    top = elf(Made(needed=("libmid.so", "libnowhere.so")))
    found = Collection(MemoryTree({"bin/top": top, "lib/a.so": LIBCRYPTO, "lib32/a.so": other, "lib/m.so": middle}))
    linkage = found.get(Linkage)
    assert isinstance(linkage, Linkage)
    assert linkage.behind("bin/top") == ("lib/m.so", "lib/a.so")


class _Asked(Advisories):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.surroundings = Surroundings()

    def known(self, components: object, surroundings: Surroundings) -> KnownVulnerabilities | Unknown:
        self.surroundings = surroundings
        return Unknown("asked")


def test_a_library_is_reached_through_the_program_that_listens() -> None:
    asked = _Asked()
    table = "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd.conf\n"
    files: dict[str, Content] = {
        "etc/inittab": table,
        "etc/lighttpd.conf": "server.port = 8080\n",
        "usr/sbin/lighttpd": executable(LIGHTTPD),
        CRYPTO: LIBCRYPTO,
    }
    assert isinstance(Collection(MemoryTree(files), advisories=asked).get(Vulnerabilities), Unknown)
    ways = asked.surroundings.ways["pkg:generic/openssl@3.0.17"]
    assert (ways[0].how, ways[0].words) == (How.NETWORK, "lighttpd listens on tcp/8080")


def test_a_package_is_reached_by_the_files_that_it_brought() -> None:
    asked = _Asked()
    files: dict[str, Content] = BOOKWORM | {
        "etc/inittab": "::respawn:/usr/bin/camerad\n",
        "usr/bin/camerad": executable(b"\x7fELF"),
        "var/lib/dpkg/status": "Package: camera\nStatus: install ok installed\nVersion: 1.4\n",
        "var/lib/dpkg/info/camera.list": "/usr/bin/camerad\n",
    }
    assert isinstance(Collection(MemoryTree(files), advisories=asked).get(Vulnerabilities), Unknown)
    ((way,),) = asked.surroundings.ways.values()
    assert (way.how, way.words) == (How.BOOT, "starts at boot as root")


def test_without_data_nothing_is_known_and_the_command_that_helps_is_named() -> None:
    found = Collection(MemoryTree({CRYPTO: LIBCRYPTO})).get(Vulnerabilities)
    assert isinstance(found, Unknown)
    assert "firmward vulns update" in found.reason
