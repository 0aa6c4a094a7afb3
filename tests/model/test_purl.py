"""Package URLs, as the specification writes them."""

import pytest

from firmward.model.purl import purl

URLS = [
    (purl("deb", "curl", "7.5-1", "debian", {"arch": "i386", "distro": ""}), "pkg:deb/debian/curl@7.5-1?arch=i386"),
    (purl("deb", "libstdc++6", "12.2.0-14+deb12u1", "debian"), "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1"),
    (purl("pypi", "Django_Rest"), "pkg:pypi/django-rest"),
    (purl("npm", "animation", "12.3.1", "@angular"), "pkg:npm/%40angular/animation@12.3.1"),
    (purl("golang", "genproto", "abcdedf", "google.golang.org"), "pkg:golang/google.golang.org/genproto@abcdedf"),
    (purl("generic", "x", "1:2~rc 3"), "pkg:generic/x@1:2~rc%203"),
    (purl("rpm", "curl", "7-1", "fedora", {"epoch": "1", "arch": "i386"}), "pkg:rpm/fedora/curl@7-1?arch=i386&epoch=1"),
    (purl("generic", "\udcff"), "pkg:generic/%3F"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "wanted"), URLS)
def test_urls_are_written_by_the_rules(made: str, wanted: str) -> None:
    assert made == wanted
