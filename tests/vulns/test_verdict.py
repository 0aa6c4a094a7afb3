"""What contradicting claims come to."""

from known import claim

from firmward.vulns.record import Claim, Scheme, Status
from firmward.vulns.verdict import Verdict, verdict

CVE = "CVE-2024-1"


def nvd(*versions: str) -> Claim:
    return claim(CVE, "maker:thing", *versions)


def cna(*versions: str, status: Status = Status.AFFECTED, by: str = "someone") -> Claim:
    return claim(CVE, "maker:thing", *versions, feed="cve", by=by, status=status)


def adp(*versions: str) -> Claim:
    return claim(CVE, "maker:thing", *versions, feed="cve", by="CISA-ADP")


def who(found: Verdict) -> str:
    return "nobody" if found.affected is None else found.affected.claim.by


def test_whoever_names_the_version_is_believed() -> None:
    assert who(verdict([nvd("<2.0")], "1.5")) == "nvd"
    assert who(verdict([nvd("<1.0"), adp("<2.0")], "1.5")) == "CISA-ADP"
    assert who(verdict([nvd("<1.0")], "1.5")) == "nobody"


def test_the_cna_is_asked_first() -> None:
    assert who(verdict([adp("<2.0"), nvd("<2.0"), cna("<1.9")], "1.5")) == "someone"


def test_a_cnas_unaffected_beats_nvds_range() -> None:
    assert who(verdict([nvd("<2.0"), cna(">=1.4 <1.6", status=Status.UNAFFECTED)], "1.5")) == "nobody"
    assert who(verdict([nvd("<2.0"), cna(">=1.6", status=Status.UNAFFECTED)], "1.5")) == "nvd"


def test_what_others_add_does_not_acquit() -> None:
    unaffected = claim(CVE, "maker:thing", ">=1.0", feed="cve", by="CISA-ADP", status=Status.UNAFFECTED)
    assert who(verdict([nvd("<2.0"), unaffected], "1.5")) == "nvd"


def test_a_makers_other_versions_are_whole_and_a_strangers_are_not() -> None:
    rest = [nvd("<2.0"), cna("<1.0", by="maker"), cna("*", status=Status.UNAFFECTED, by="maker")]
    assert who(verdict(rest, "1.5")) == "nobody"
    strangers = [nvd("<2.0"), cna("<1.0"), cna("*", status=Status.UNAFFECTED)]
    assert who(verdict(strangers, "1.5")) == "nvd"


def test_a_source_takes_back_what_it_says_of_all() -> None:
    both = [cna("*"), cna(">=1.4", status=Status.UNAFFECTED)]
    assert who(verdict(both, "1.5")) == "nobody"
    assert who(verdict(both, "1.3")) == "someone"


def test_what_cannot_be_compared_is_a_doubt() -> None:
    assert verdict([nvd("=whatever")], "1.5").doubt == "nvd: 'whatever' is no version in the way of generic"
    assert verdict([nvd()], "1.5").doubt == "nvd: it names no versions"
    commits = claim(CVE, "maker:thing", "=0123abc", feed="cve", by="maker", scheme=Scheme.GIT)
    assert "commits" in verdict([commits], "1.5").doubt
    assert verdict([cna("*", status=Status.UNKNOWN)], "1.5").doubt == "someone does not know"


def test_a_doubt_does_not_hide_what_another_knows() -> None:
    assert who(verdict([nvd("=whatever"), adp("<2.0")], "1.5")) == "CISA-ADP"


def test_no_claims_say_nothing() -> None:
    assert verdict([], "1.5") == Verdict()


def test_the_nearest_version_that_mends_it_comes_first() -> None:
    found = verdict([nvd(">=1.0 <1.6", ">=2.0 <2.3"), adp("<2.4")], "1.5")
    assert found.fixed == ("1.6", "2.3", "2.4")
    through = verdict([nvd("<=1.5"), cna("=1.7", status=Status.UNAFFECTED)], "1.5")
    assert through.fixed == ("1.7",)


def test_where_no_version_mends_it_the_last_that_has_it_is_told() -> None:
    assert verdict([nvd("=1.5", "=1.7", "<=1.6")], "1.5").last == "1.7"
    assert verdict([nvd(">=1.5")], "1.5").last == ""
    assert verdict([nvd("<=1.5"), adp("<1.6")], "1.5").last == ""
