"""What is seen to first, why, and what to do."""

from datetime import date

import pytest
from known import Known, claim

from firmward.facts.reach import How, Way
from firmward.model.component import Component
from firmward.model.finding import Severity
from firmward.model.vulnerability import KnownExploited, Score, Vulnerability
from firmward.vulns.match import matches
from firmward.vulns.rank import ranked
from firmward.vulns.reach import Ways
from firmward.vulns.record import About, Fix, KernelFlaw

WORST = Score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8)
LOW = Score("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.6)
EXPLOITED = KnownExploited(date(2024, 7, 1), ransomware=True)
SERVER = Component("nginx", "1.0", files=("usr/sbin/nginx",))
TOOL = Component("tar", "1.0", files=("bin/tar",))


def all_ranked(*told: About, ways: Ways | None = None, component: Component = SERVER) -> tuple[Vulnerability, ...]:
    known = Known([claim(one.id, f"acme:{component.name}", "<2.0") for one in told], told=told)
    asked = Component(component.name, component.version, vendor="acme", files=component.files)
    return ranked([matches(asked, known)], ways or {})


def test_what_is_exploited_comes_before_what_is_graver() -> None:
    first, second = all_ranked(
        About("CVE-1", scores=(WORST,), epss=0.9), About("CVE-2", scores=(LOW,), exploited=EXPLOITED)
    )
    assert (first.id, second.id) == ("CVE-2", "CVE-1")
    assert first.severity is Severity.CRITICAL
    assert first.why.startswith("It is being exploited (known since 2024-07-01, also by ransomware). ")


def test_what_is_likelier_comes_before_what_is_graver() -> None:
    found = all_ranked(About("CVE-1", scores=(WORST,), epss=0.01), About("CVE-2", scores=(LOW,), epss=0.5))
    assert [one.id for one in found] == ["CVE-2", "CVE-1"]
    assert "with a probability of 50%" in found[0].why


def test_what_listens_comes_before_what_only_lies_there() -> None:
    known = Known(
        [claim("CVE-1", "gnu:tar", "<2"), claim("CVE-2", "f5:nginx", "<2")], told=[About("CVE-1", scores=(WORST,))]
    )
    ways = {SERVER.ref: (Way(How.NETWORK, "listens on tcp/80"),), TOOL.ref: ()}
    found = ranked([matches(TOOL, known), matches(SERVER, known)], ways)
    assert [one.id for one in found] == ["CVE-2", "CVE-1"]
    assert found[0].reach == ("listens on tcp/80",)
    assert found[0].why.startswith("It listens on tcp/80. By NVD, versions before 2")


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        (
            (Way(How.NETWORK, "listens on tcp/23"), Way(How.NETWORK, "listens on tcp/80")),
            "It listens on tcp/23, tcp/80.",
        ),
        ((Way(How.SETUID, "is setuid root, and anybody may run it"),), "It is setuid root, and anybody may run it."),
        (
            (Way(How.NETWORK, "sshd listens on tcp/22", "sshd"), Way(How.BOOT, "cron starts at boot as root", "cron")),
            "An attacker comes to it over the network, through sshd (tcp/22).",
        ),
        (
            (Way(How.BOOT, "cron starts at boot as root", "cron"),),
            "An attacker comes to it through cron (starts at boot as root).",
        ),
        (
            tuple(Way(How.NETWORK, f"{name} listens on the network", name) for name in "abcd"),
            "through a (the network), ",
        ),
        ((Way(How.NETWORK, "z listens on tcp/1", "z"), Way(How.NETWORK, "listens on tcp/2")), "It listens on tcp/2."),
        ((), "By NVD, "),
    ],
)
def test_the_nearest_way_is_told_in_a_sentence(ways: tuple[Way, ...], words: str) -> None:
    (one,) = all_ranked(About("CVE-1"), ways={Component("nginx", "1.0", vendor="acme").ref: ways})
    assert words in one.why
    assert one.reach == tuple(way.words for way in ways)


def test_of_many_programs_some_are_named() -> None:
    ways = tuple(Way(How.NETWORK, f"d{number} listens on tcp/{number}", f"d{number}") for number in range(5))
    (one,) = all_ranked(About("CVE-1"), ways={Component("nginx", "1.0", vendor="acme").ref: ways})
    assert "through d0 (tcp/0), d1 (tcp/1), d2 (tcp/2) and others." in one.why


def test_what_is_nearer_to_an_attacker_comes_first() -> None:
    parts = {name: Component(name, "1.0", vendor="acme", files=(name,)) for name in "abcd"}
    known = Known([claim(f"CVE-{name}", f"acme:{name}", "<2") for name in parts])
    nearer = {"b": How.BOOT, "c": How.SETUID, "d": How.NETWORK}
    ways = {parts[name].ref: (Way(how, how),) for name, how in nearer.items()}
    found = ranked((matches(one, known) for one in parts.values()), ways)
    assert [(one.id[-1], one.near) for one in found] == [("d", 3), ("c", 2), ("b", 1), ("a", 0)]


def test_nobodys_score_is_medium_and_said() -> None:
    (one,) = all_ranked(About("CVE-1"))
    assert one.severity is Severity.MEDIUM
    assert "Nobody has scored it." in one.why


def test_a_vector_of_which_no_score_can_be_worked_out_is_not_unscored() -> None:
    (one,) = all_ranked(About("CVE-1", scores=(Score("CVSS:4.0/AV:N", 0.0),)))
    assert one.severity is Severity.MEDIUM
    assert "Its vector has no score." in one.why


def test_a_missing_score_is_worked_out() -> None:
    (one,) = all_ranked(About("CVE-1", scores=(Score(WORST.vector, 0.0),)))
    assert one.score is not None
    assert one.score.score == 9.8
    assert one.severity is Severity.CRITICAL


def test_the_step_is_the_nearest_version() -> None:
    (one,) = all_ranked(About("CVE-1"))
    assert one.fixed == ("2.0",)
    assert one.do == "Update nginx to 2.0, the nearest version that mends it."
    assert one.why == "By NVD, versions before 2.0 have it. Nobody has scored it."


def test_where_only_the_last_that_has_it_is_known_the_step_is_beyond_it() -> None:
    known = Known([claim("CVE-1", "busybox:busybox", "<=1.20.2")])
    (one,) = ranked([matches(Component("busybox", "1.19.0"), known)])
    assert one.fixed == ()
    assert one.do == "Update busybox to a release after 1.20.2, the last that is known to have it."


def test_the_step_of_a_package_is_the_distributions() -> None:
    component = Component("libssl3", "3.0.11-1", source="openssl", distribution="debian:12")
    known = Known(
        mended=[Fix("CVE-1", "debian:12", "openssl", "3.0.13-1~deb12u1"), Fix("CVE-2", "debian:12", "openssl")]
    )
    steps = {one.id: one.do for one in ranked([matches(component, known)])}
    assert steps["CVE-1"] == "Install openssl 3.0.13-1~deb12u1 of debian:12."
    assert steps["CVE-2"].startswith("No version of libssl3 that mends it is known")


def test_what_a_distribution_holds_harmless_is_low_and_says_so() -> None:
    component = Component("openssl", "3.0.11-1", distribution="debian:12")
    known = Known(
        mended=[Fix("CVE-1", "debian:12", "openssl", "", "unimportant")], told=[About("CVE-1", scores=(WORST,))]
    )
    (one,) = ranked([matches(component, known)])
    assert one.severity is Severity.LOW
    assert "Debian:12 holds it to do no harm" in one.why


def test_the_kernels_step_is_the_next_release_of_its_line() -> None:
    flaws = [
        KernelFlaw("CVE-1", (("4.1", "6.1.84"), ("4.1", "6.8"))),
        KernelFlaw("CVE-2", (("4.1", "6.6.3"), ("4.1", "6.7"))),
    ]
    steps = {one.id: one.do for one in ranked([matches(Component("linux", "6.1.50"), Known(flaws=flaws))])}
    assert steps["CVE-1"] == "Update the kernel to 6.1.84 or later, of the same line."
    assert steps["CVE-2"] == "No release of the line 6.1 mends it: 6.6.3 is the nearest of a later line."


def test_the_order_is_the_same_whatever_came_first() -> None:
    told = [About(f"CVE-{number}", epss=0.1) for number in range(9)]
    assert [one.id for one in all_ranked(*told)] == [one.id for one in all_ranked(*reversed(told))]
