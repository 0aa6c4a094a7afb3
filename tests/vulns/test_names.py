"""What components are called in the claims of others."""

import tomllib
from importlib.resources import files

import pytest
from known import product

from firmward.model.component import Component
from firmward.vulns.names import is_kernel, is_of_kernel, names


@pytest.mark.parametrize(
    ("component", "meant"),
    [
        (Component("dnsmasq"), "thekelleys:dnsmasq"),
        (Component("busybox"), "busybox:busybox"),
        (Component("libssl3", source="openssl"), "openssl:openssl"),
        (Component("expat"), "libexpat_project:libexpat"),
        (Component("python3.11"), "python:python"),
        (Component("postgresql-15"), "postgresql:postgresql"),
        (Component("linux"), "linux:linux_kernel"),
        (Component("curl", cpes=("cpe:2.3:a:curl:curl:8.0:*:*:*:*:*:*:*",)), "haxx:libcurl"),
        (Component("x", cpes=("cpe:/a:openbsd:openssh:9.2",)), "openbsd:openssh"),
        (Component("node", cpes=(r"cpe:2.3:a:nodejs:node.js:20:*:*:*:-:*:*:*",)), "nodejs:node.js"),
        (Component("thing", vendor="Some Maker"), "some_maker:thing"),
        (Component("any", purl="pkg:pypi/Foo_Bar@1"), "PyPI/foo-bar"),
        (Component("any", purl="pkg:npm/%40scope/name@1?x=1"), "npm/@scope/name"),
        (Component("any", purl="pkg:golang/golang.org/x/net@v0.1.0#http2"), "Go/golang.org/x/net"),
        (Component("any", purl="pkg:maven/org.a/b@1"), "Maven/org.a:b"),
    ],
)
def test_a_component_is_meant(component: Component, meant: str) -> None:
    assert names(component).mean(product(meant, "*"))


@pytest.mark.parametrize(
    ("component", "other"),
    [
        (Component("expat", purl="pkg:npm/expat@1"), "PyPI/expat"),
        (Component("expat", purl="pkg:npm/expat@1"), "libexpat_project:libexpat"),
        (Component("openssl", cpes=("cpe:2.3:a:openssl:openssl:3:*:*:*:*:*:*:*",)), "redhat:openssl"),
        (Component("wpa_supplicant", cpes=("cpe:2.3:a:w1.fi:wpa_supplicant:2:*:*:*:*:*:*:*",)), "w1.fi:hostapd"),
        (Component("dnsmasq"), "someone:dnsmasq"),
        (Component("any", cpes=("cpe:2.3:a:x:y:-:*:*:*:*:*:*:*", "nonsense", "cpe:2.3:a:*:*")), "x:any"),
    ],
)
def test_another_is_not_meant(component: Component, other: str) -> None:
    assert not names(component).mean(product(other, "*"))


def test_a_claim_without_a_vendor_means_the_product() -> None:
    assert names(Component("openssh")).mean(product(":openssh", "*"))
    assert names(Component("openssh")).mean(product("n/a:openssh", "*"))


def test_a_name_alone_is_asked_of_any_vendor() -> None:
    assert names(Component("frobnicator")).loose == {"frobnicator"}
    assert names(Component("frobnicator")).mean(product("whoever:frobnicator", "*"))


@pytest.mark.parametrize(
    ("component", "of_it", "it"),
    [
        (Component("linux", "6.1"), True, True),
        (Component("linux_kernel", "6.1"), True, True),
        (Component("linux-image-6.1.0-28-amd64", source="linux", distribution="debian:12"), True, True),
        (Component("linux-image-6.1.0-28-amd64", source="linux-signed-amd64", distribution="debian:12"), True, True),
        (Component("linux-libc-dev", source="linux", distribution="debian:12"), True, False),
        (Component("linux-lts", "6.6.1-r0", distribution="alpine:3.20"), True, True),
        (Component("util-linux"), False, False),
    ],
)
def test_a_kernel_is_one_that_runs(component: Component, of_it: bool, it: bool) -> None:
    assert is_of_kernel(component) is of_it
    assert is_kernel(component) is it


def test_aliases_are_vendor_and_product() -> None:
    table = tomllib.loads(files("firmward.vulns").joinpath("aliases.toml").read_text())
    for name, written in table["products"].items():
        assert written, name
        assert all(one.count(":") == 1 and all(one.split(":")) and one == one.lower() for one in written), name
