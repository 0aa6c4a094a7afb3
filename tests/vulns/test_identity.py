"""Package URLs and CPE names are told from what only looks like them."""

import pytest

from firmward.vulns import identity


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("cpe:2.3:a:openssl:openssl:3.0.11:*:*:*:*:*:*:*", True),
        ("cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*", True),
        (r"cpe:2.3:a:c\+\+:x\:y:1:*:*:en-us:*:*:*:*", True),
        ("cpe:2.3:a:c++:x:1:*:*:*:*:*:*:*", False),
        ("cpe:2.3:a:x:y:1:*:*:*:*:*:*", False),
        ("cpe:2.3:z:x:y:1:*:*:*:*:*:*:*", False),
        ("cpe:2.3:a:x:y:1 2:*:*:*:*:*:*:*", False),
        ("cpe:/a:x:y:1", False),
        ("cpe:2.3:a:" + "x" * 3000 + ":y:1:*:*:*:*:*:*:*", False),
    ],
)
def test_cpe(text: str, is_one: bool) -> None:
    assert identity.is_cpe(text) is is_one


def test_what_a_cpe_says_is_told_without_escapes() -> None:
    assert identity.cpe_words(r"cpe:2.3:a:c\+\+:x\:y:-:*:*:*:*:*:*:*") == ("c++", "x:y", "")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=armhf", True),
        ("pkg:npm/%40scope/a@1", True),
        ("pkg:generic/a", True),
        ("pkg:generic", False),
        ("pkg:generic/", False),
        ("pkg:generic/a b", False),
        ("pkg:generic/a\n", False),
        ("http://example.org/", False),
        ("pkg:generic/" + "a" * 3000, False),
    ],
)
def test_package_url(text: str, is_one: bool) -> None:
    assert identity.is_purl(text) is is_one


@pytest.mark.parametrize(
    ("ref", "package"),
    [
        ("pkg:deb/debian/libssl3@3.0.11?arch=armhf", "pkg:deb/debian/libssl3"),
        ("image/root#pkg:deb/debian/libssl3@3.0.11?arch=armhf", "pkg:deb/debian/libssl3"),
        ("image/a#b#pkg:npm/x@1#sub/path", "pkg:npm/x"),
        ("image/root#busybox@1.36", "busybox"),
        ("busybox@1.36", "busybox"),
        ("pkg:not one", "busybox"),
    ],
)
def test_a_package_is_the_same_whatever_its_version_and_part(ref: str, package: str) -> None:
    assert identity.packaged(ref, "busybox") == package
