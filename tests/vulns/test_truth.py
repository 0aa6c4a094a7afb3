"""Well-known vulnerabilities and versions of which everybody knows whether they have them."""

import pytest
from known import well_known

from firmward.model.component import Component
from firmward.vulns.conditions import Surroundings
from firmward.vulns.match import matches

KNOWN = well_known()
HAS, HAS_NOT = True, False
TRUTH = (
    ("CVE-2014-0160", "openssl", "1.0.1f", HAS),
    ("CVE-2014-0160", "openssl", "1.0.1", HAS),
    ("CVE-2014-0160", "openssl", "1.0.2-beta1", HAS),
    ("CVE-2014-0160", "openssl", "1.0.1g", HAS_NOT),
    ("CVE-2014-0160", "openssl", "0.9.8zh", HAS_NOT),
    ("CVE-2022-0778", "openssl", "1.0.2zc", HAS),
    ("CVE-2022-0778", "openssl", "1.0.2zd", HAS_NOT),
    ("CVE-2022-0778", "openssl", "1.0.2u", HAS),
    ("CVE-2022-0778", "openssl", "3.0.1", HAS),
    ("CVE-2021-3711", "openssl", "1.1.1k", HAS),
    ("CVE-2021-3711", "openssl", "1.1.1l", HAS_NOT),
    ("CVE-2022-3602", "openssl", "1.1.1q", HAS_NOT),
    ("CVE-2022-3602", "openssl", "3.0.6", HAS),
    ("CVE-2024-5535", "openssl", "1.1.1y", HAS),
    ("CVE-2024-5535", "openssl", "1.1.1za", HAS_NOT),
    ("CVE-2024-5535", "openssl", "1.0.2zj", HAS),
    ("CVE-2014-6271", "bash", "4.3", HAS),
    ("CVE-2014-6271", "bash", "5.0", HAS_NOT),
    ("CVE-2021-42378", "busybox", "1.33.1", HAS),
    ("CVE-2021-42378", "busybox", "1.34.0", HAS_NOT),
    ("CVE-2021-42374", "busybox", "1.26.2", HAS_NOT),
    ("CVE-2022-30065", "busybox", "1.35.0", HAS),
    ("CVE-2022-30065", "busybox", "1.36.1", HAS_NOT),
    ("CVE-2021-3156", "sudo", "1.8.31p2", HAS),
    ("CVE-2021-3156", "sudo", "1.9.5p1", HAS),
    ("CVE-2021-3156", "sudo", "1.9.5p2", HAS_NOT),
    ("CVE-2021-4034", "polkit", "0.105", HAS),
    ("CVE-2021-4034", "polkit", "121", HAS_NOT),
    ("CVE-2020-8597", "ppp", "2.4.7", HAS),
    ("CVE-2020-8597", "ppp", "2.4.9", HAS_NOT),
    ("CVE-2017-14491", "dnsmasq", "2.77", HAS),
    ("CVE-2017-14491", "dnsmasq", "2.78", HAS_NOT),
    ("CVE-2020-25681", "dnsmasq", "2.78", HAS),
    ("CVE-2023-28450", "dnsmasq", "2.89", HAS),
    ("CVE-2023-28450", "dnsmasq", "2.90", HAS_NOT),
    ("CVE-2024-6387", "openssh", "8.5p1", HAS),
    ("CVE-2024-6387", "openssh", "9.7p1", HAS),
    ("CVE-2024-6387", "openssh", "9.8p1", HAS_NOT),
    ("CVE-2024-6387", "openssh", "8.4p1", HAS_NOT),
    ("CVE-2024-6387", "openssh", "4.3p2", HAS),
    ("CVE-2018-15473", "openssh", "7.6p1", HAS),
    ("CVE-2018-15599", "dropbear", "2018.76", HAS),
    ("CVE-2018-15599", "dropbear", "2019.77", HAS_NOT),
    ("CVE-2017-7494", "samba", "4.5.9", HAS),
    ("CVE-2017-7494", "samba", "4.4.14", HAS_NOT),
    ("CVE-2017-7494", "samba", "3.4.17", HAS_NOT),
    ("CVE-2021-23017", "nginx", "1.20.0", HAS),
    ("CVE-2021-23017", "nginx", "1.20.1", HAS_NOT),
    ("CVE-2018-19052", "lighttpd", "1.4.49", HAS),
    ("CVE-2018-19052", "lighttpd", "1.4.50", HAS_NOT),
    ("CVE-2024-4577", "php", "8.2.10", HAS_NOT),  # on Windows alone
    ("CVE-2024-12084", "rsync", "3.2.7", HAS),
    ("CVE-2024-12084", "rsync", "3.2.3", HAS_NOT),
    ("CVE-2023-38545", "curl", "7.88.1", HAS),
    ("CVE-2023-38545", "curl", "8.4.0", HAS_NOT),
    ("CVE-2023-38545", "curl", "7.68.0", HAS_NOT),
    ("CVE-2024-3094", "xz-utils", "5.6.1", HAS),
    ("CVE-2024-3094", "xz-utils", "5.4.6", HAS_NOT),
    ("CVE-2023-4863", "libwebp", "1.3.1", HAS),
    ("CVE-2023-4863", "libwebp", "1.3.2", HAS_NOT),
    ("CVE-2018-25032", "zlib", "1.2.11", HAS),
    ("CVE-2018-25032", "zlib", "1.2.12", HAS_NOT),
    ("CVE-2022-37434", "zlib", "1.2.12", HAS),
    ("CVE-2022-37434", "zlib", "1.2.13", HAS_NOT),
    ("CVE-2022-25235", "expat", "2.2.10", HAS),
    ("CVE-2022-25235", "expat", "2.4.5", HAS_NOT),
    ("CVE-2024-45490", "expat", "2.6.2", HAS),
    ("CVE-2022-40303", "libxml2", "2.9.14", HAS),
    ("CVE-2022-40303", "libxml2", "2.10.3", HAS_NOT),
    ("CVE-2015-0235", "glibc", "2.17", HAS),
    ("CVE-2015-0235", "glibc", "2.18", HAS_NOT),
    ("CVE-2015-7547", "glibc", "2.8", HAS_NOT),
    ("CVE-2023-4911", "glibc", "2.36", HAS),
    ("CVE-2023-4911", "glibc", "2.31", HAS_NOT),
    ("CVE-2021-3177", "python3.9", "3.9.1", HAS),
    ("CVE-2021-3177", "python3.9", "3.9.2", HAS_NOT),
    ("CVE-2019-13103", "u-boot", "2019.07-rc4", HAS),
    ("CVE-2019-13103", "u-boot", "2019.10", HAS_NOT),
    ("CVE-2022-0847", "linux", "5.10.101", HAS),
    ("CVE-2022-0847", "linux", "5.10.102", HAS_NOT),
    ("CVE-2022-0847", "linux", "5.4.200", HAS_NOT),
    ("CVE-2022-0847", "linux", "5.15.24-rt31", HAS),
    ("CVE-2024-26642", "linux", "6.1.83", HAS),
    ("CVE-2024-26642", "linux", "6.1.84", HAS_NOT),
    ("CVE-2024-26642", "linux_kernel", "4.0.9", HAS_NOT),
)
PACKAGES = (
    # what a distribution mended without leaving its upstream release
    ("CVE-2022-0778", "openssl", "1.1.1k-1+deb11u2", "debian:11", HAS_NOT),
    ("CVE-2022-0778", "openssl", "1.1.1k-1+deb11u1", "debian:11", HAS),
    ("CVE-2023-5363", "openssl", "3.0.11-1~deb12u2", "debian:12", HAS_NOT),
    ("CVE-2023-5363", "openssl", "3.0.11-1~deb12u1", "debian:12", HAS),
    ("CVE-2023-2650", "openssl", "3.0.11-1~deb12u1", "debian:12", HAS_NOT),
    ("CVE-2021-42378", "busybox", "1.33.1-r6", "alpine:3.14", HAS_NOT),
    ("CVE-2021-42378", "busybox", "1.33.1-r3", "alpine:3.14", HAS),
    ("CVE-2024-6387", "openssh", "1:9.2p1-2+deb12u3", "debian:12", HAS_NOT),
    ("CVE-2024-6387", "openssh", "1:9.2p1-2+deb12u2", "debian:12", HAS),
    ("CVE-2024-6387", "openssh", "1:8.4p1-5+deb11u3", "debian:11", HAS_NOT),
)
REGISTRIES = (
    ("CVE-2018-18074", "pkg:pypi/Requests@2.19.1", "2.19.1", HAS),
    ("CVE-2018-18074", "pkg:pypi/requests@2.20.0", "2.20.0", HAS_NOT),
    ("CVE-2018-18074", "pkg:pypi/requests@2.20.0rc1", "2.20.0rc1", HAS),
    ("CVE-2021-23337", "pkg:npm/lodash@4.17.20", "4.17.20", HAS),
    ("CVE-2021-23337", "pkg:npm/lodash@4.17.21", "4.17.21", HAS_NOT),
    ("CVE-2021-23337", "pkg:npm/%40other/lodash@4.17.20", "4.17.20", HAS_NOT),
    ("CVE-2024-45337", "pkg:golang/golang.org/x/crypto@v0.17.0", "v0.17.0", HAS),
    ("CVE-2024-45337", "pkg:golang/golang.org/x/crypto@v0.31.0", "v0.31.0", HAS_NOT),
)


def found(component: Component) -> set[str]:
    result = matches(component, KNOWN, Surroundings((component,)))
    return {one.vulnerability for one in result.found}


@pytest.mark.parametrize(("vulnerability", "name", "version", "expected"), TRUTH)
def test_an_upstream_release(vulnerability: str, name: str, version: str, expected: bool) -> None:
    component = Component(name, version)
    assert (vulnerability in found(component)) is expected
    assert vulnerability not in {one.vulnerability for one in matches(component, KNOWN).doubts}


@pytest.mark.parametrize(("vulnerability", "name", "version", "distribution", "expected"), PACKAGES)
def test_a_package_of_a_distribution(
    vulnerability: str, name: str, version: str, distribution: str, expected: bool
) -> None:
    component = Component(f"lib{name}", version, source=name, distribution=distribution)
    assert (vulnerability in found(component)) is expected


@pytest.mark.parametrize(("vulnerability", "purl", "version", "expected"), REGISTRIES)
def test_a_package_of_a_registry(vulnerability: str, purl: str, version: str, expected: bool) -> None:
    assert (vulnerability in found(Component("any", version, purl=purl))) is expected
