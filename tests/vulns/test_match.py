"""Which claims count for a component."""

from known import Known, claim, product

from firmward.model.component import Component
from firmward.vulns.conditions import Surroundings
from firmward.vulns.match import Matches, matches, of_image
from firmward.vulns.record import About, Fix, KernelFlaw, Scheme, Status

CVE, OTHER = "CVE-2024-1", "CVE-2024-2"
OPENSSL = claim(CVE, "openssl:openssl", ">=3.0.0 <3.0.12")
DEBIAN = Component("libssl3", "3.0.11-1~deb12u2", source="openssl", distribution="debian:12")


def ids(found: Matches) -> set[str]:
    return {one.vulnerability for one in found.found}


def doubted(found: Matches) -> set[str]:
    return {one.vulnerability for one in found.doubts}


def fix(fixed: str = "", urgency: str = "", vulnerability: str = CVE) -> Fix:
    return Fix(vulnerability, "debian:12", "openssl", fixed, urgency)


def test_a_component_without_a_version_is_not_known_to_have_any() -> None:
    found = matches(Component("openssl"), Known([OPENSSL]))
    assert not found.found
    assert found.unknown == ("its version is not known",)


def test_what_a_distribution_mended_is_mended() -> None:
    known = Known([OPENSSL], [fix("3.0.11-1~deb12u2")])
    assert not ids(matches(DEBIAN, known)) | doubted(matches(DEBIAN, known))


def test_what_it_mended_later_is_not() -> None:
    (one,) = matches(DEBIAN, Known([OPENSSL], [fix("3.0.13-1~deb12u1")])).found
    assert one.by == "debian:12"
    assert one.fixed == ("3.0.13-1~deb12u1",)
    assert "3.0.11-1~deb12u2 is older" in one.reason


def test_what_it_never_had_it_has_not() -> None:
    assert not ids(matches(DEBIAN, Known([OPENSSL], [fix("0")])))


def test_what_it_never_had_needs_no_version_to_say_so() -> None:
    odd = Component("openssl", "3.0 or so", distribution="debian:12")
    assert not doubted(matches(odd, Known([], [fix("0")])))


def test_what_it_has_not_mended_it_has_whatever_upstream_says() -> None:
    (one,) = matches(DEBIAN, Known([claim(CVE, "openssl:openssl", "<3.0.0")], [fix(urgency="unimportant")])).found
    assert one.urgency == "unimportant"
    (old,) = matches(DEBIAN, Known([], [fix(urgency="end-of-life")])).found
    assert "does not mend it any more" in old.reason


def test_where_it_says_nothing_upstream_is_compared_and_that_is_told() -> None:
    (one,) = matches(DEBIAN, Known([OPENSSL], [fix("1", vulnerability=OTHER)])).found
    assert "debian:12 does not say whether it mended it" in one.notes


def test_without_data_of_a_distribution_that_is_unknown_and_told() -> None:
    found = matches(DEBIAN, Known([OPENSSL]))
    assert ids(found) == {CVE}
    assert found.unknown == ("there are no data of debian:12: what it mended in libssl3 is not known",)
    assert "what debian:12 mended in it is not known" in found.found[0].notes


def test_a_package_whose_version_has_no_order_is_in_doubt() -> None:
    odd = Component("openssl", "3.0 or so", distribution="debian:12")
    assert CVE in doubted(matches(odd, Known([OPENSSL], [fix("3.0.13-1")])))


def test_only_this_product_counts() -> None:
    known = Known([claim(CVE, "redhat:openssl", "*"), claim(OTHER, "openssl:openssl", "*")])
    assert ids(matches(Component("openssl", "3.0.1"), known)) == {OTHER}


def test_what_is_known_by_its_name_alone_says_so() -> None:
    (one,) = matches(Component("frob", "1.0"), Known([claim(CVE, "acme:frob", "<2")])).found
    assert "frob is known by its name alone" in one.notes


def test_no_version_is_a_doubt_and_not_every_version() -> None:
    found = matches(Component("openssl", "3.0.1"), Known([claim(CVE, "openssl:openssl")]))
    assert not ids(found)
    assert doubted(found) == {CVE}


def test_commits_are_a_doubt() -> None:
    known = Known([claim(CVE, "openssl:openssl", ">=0123abc <4567def", scheme=Scheme.GIT)])
    assert doubted(matches(Component("openssl", "3.0.1"), known)) == {CVE}


def test_a_condition_that_cannot_be_told_keeps_it_and_says_so() -> None:
    router = ((product("cisco:router", "*", part="h"),),)
    known = Known([claim(CVE, "openssl:openssl", "<3.1", with_all=router)])
    (one,) = matches(Component("openssl", "3.0.1"), known, Surroundings(())).found
    assert "whether cisco router is there is not known" in one.notes


def test_a_condition_that_does_not_hold_drops_it() -> None:
    windows = ((product("microsoft:windows", "*", part="o"),),)
    known = Known([claim(CVE, "openssl:openssl", "<3.1", with_all=windows)])
    found = matches(Component("openssl", "3.0.1"), known, Surroundings(()))
    assert not ids(found) | doubted(found)


def test_another_component_of_the_image_fulfils_a_condition() -> None:
    server = ((product("apache:http_server", ">=2.4", part="a"),),)
    known = Known([claim(CVE, "openssl:openssl", "<3.1", with_all=server)])
    openssl, old, new = Component("openssl", "3.0.1"), Component("apache2", "2.2"), Component("apache2", "2.4.1")
    assert [ids(one) for one in of_image((openssl, old), known)] == [set(), set()]
    assert [ids(one) for one in of_image((openssl, new), known)] == [{CVE}, set()]


def test_a_rejected_one_is_none() -> None:
    known = Known(
        [OPENSSL, claim(OTHER, "openssl:openssl")], told=[About(CVE, is_rejected=True), About(OTHER, is_rejected=True)]
    )
    found = matches(Component("openssl", "3.0.1"), known)
    assert not ids(found) | doubted(found)


def test_an_advisory_and_its_cve_are_one() -> None:
    ghsa = claim("GHSA-1", "PyPI/thing", "<2.1", feed="osv", scheme=Scheme.PYPI)
    own = claim(CVE, "PyPI/thing", "<2.0", feed="cve", scheme=Scheme.PYPI)
    known = Known([ghsa, own], told=[About("GHSA-1", aliases=(CVE,)), About(CVE)])
    found = matches(Component("thing", "1.0", purl="pkg:pypi/thing@1.0"), known)
    assert [one.vulnerability for one in found.found] == [CVE]
    assert found.found[0].fixed == ("2.0", "2.1")
    assert found.about[CVE].aliases == ("GHSA-1",)


def test_an_advisory_for_several_cves_keeps_its_own_name() -> None:
    known = Known([claim("DSA-1", "PyPI/thing", "<2")], told=[About("DSA-1", aliases=(CVE, OTHER))])
    found = matches(Component("thing", "1.0", purl="pkg:pypi/thing@1.0"), known)
    assert ids(found) == {"DSA-1"}


def test_a_settled_cve_stays_settled_under_another_name() -> None:
    known = Known(
        [claim("GHSA-1", "openssl:openssl", "<3.1", feed="osv")],
        [fix("3.0.11-1~deb12u2")],
        told=[About("GHSA-1", aliases=(CVE,))],
    )
    found = matches(DEBIAN, known)
    assert not ids(found) | doubted(found)


FLAW = KernelFlaw(CVE, (("4.1", "6.1.84"), ("4.1", "6.8")), ("net/netfilter/core.c",))
IMAGE = Component("linux-image-6.1.0-21-amd64", "6.1.90-1", source="linux", distribution="debian:12")


def test_the_kernels_pairs_count_and_nvds_ranges_do_not() -> None:
    known = Known([claim(CVE, "linux:linux_kernel", ">=4.1 <6.8")], flaws=[FLAW])
    assert not ids(matches(Component("linux", "6.1.84"), known))
    (one,) = matches(Component("linux", "6.1.83-v8+"), known).found
    assert (one.by, one.fixed, one.files) == ("kernel.org", ("6.1.84", "6.8"), ("net/netfilter/core.c",))


def test_older_ones_of_the_kernel_are_compared_by_ranges() -> None:
    known = Known([claim(OTHER, "linux:linux_kernel", ">=5.8 <5.10.102")], flaws=[FLAW])
    assert ids(matches(Component("linux", "5.10.9-rt3"), known)) == {CVE, OTHER}


def test_debians_source_names_the_release_and_its_builds_do_not() -> None:
    known = Known(flaws=[FLAW], covered=frozenset({"debian:12"}))
    assert not ids(matches(IMAGE, known))
    running = matches(Component("linux", "6.1.0-21-amd64"), known)
    assert not ids(running)
    assert "counts a distribution's builds" in running.unknown[0]


def test_a_distribution_that_mended_the_kernel_itself_is_believed() -> None:
    old = Component("linux-image-amd64", "6.1.80-1", source="linux", distribution="debian:12")
    mended = Fix(CVE, "debian:12", "linux", "6.1.80-1")
    assert ids(matches(old, Known(flaws=[FLAW], covered=frozenset({"debian:12"})))) == {CVE}
    assert not ids(matches(old, Known(flaws=[FLAW], mended=[mended])))


def test_headers_of_the_kernel_have_none_of_its_flaws() -> None:
    headers = Component("linux-libc-dev", "6.1.80-1", source="linux", distribution="debian:12")
    assert matches(headers, Known(flaws=[FLAW])) == Matches(headers)


def test_a_record_that_contradicts_itself_is_a_doubt() -> None:
    flaw = KernelFlaw(CVE, (("4.12", "4.18"), ("5.8", "6.10")))
    assert doubted(matches(Component("linux", "6.1.1"), Known(flaws=[flaw]))) == {CVE}


def test_a_cnas_unaffected_counts_through_and_through() -> None:
    whole = claim(CVE, "openssl:openssl", ">=3.0.11", feed="cve", by="openssl", status=Status.UNAFFECTED)
    assert not ids(matches(Component("openssl", "3.0.11"), Known([OPENSSL, whole])))
