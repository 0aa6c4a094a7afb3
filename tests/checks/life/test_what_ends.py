"""What is past its end, and what ends before the product: kernels, distributions, components."""

from datetime import date

import pytest

from firmward.audit.engine import Verdict, families, judge
from firmward.checks.kernel.kernel_end_of_life import kernel_end_of_life
from firmward.checks.life.component_end_of_life import component_end_of_life
from firmward.checks.life.support_outlives_component import support_outlives_component
from firmward.facts.collection import Collection
from firmward.model.check import Check
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree
from firmward.model.policy import Support, parse_policy

TODAY = date(2026, 11, 20)
OWN, BOOKWORM, BUSTER = "ID=boxos\n", "ID=debian\nVERSION_ID=12\n", "ID=debian\nVERSION_ID=10\n"
FAIL, PASS, UNKNOWN, NONE = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE


def judged(check: Check, files: dict[str, Content], support: str | None = None, today: date = TODAY) -> Verdict:
    facts = Collection(MemoryTree(files)).facts("image", families([check]))
    policy = None if support is None else parse_policy(f"[support]\n{support}\n")
    return judge(check, facts, policy, Clock(today))


def system(release: str = OWN, *modules: str, **files: Content) -> dict[str, Content]:
    paths = {"openssl": "usr/lib/libcrypto.so.3", "dpkg": "var/lib/dpkg/status"}
    folders: dict[str, Content] = {f"lib/modules/{one}/modules.order": "" for one in modules}
    return {"etc/os-release": release, **folders, **{paths[name]: content for name, content in files.items()}}


KERNELS = [
    ("6.12.40", "until = 2028-12-31", PASS),
    ("6.12.40", "until = 2029-01-01", FAIL),
    ("6.12.40", "years_from_activation = 2", PASS),
    ("6.12.40", "years_from_activation = 3", FAIL),
    ("6.12.40", "until = 2027-01-01\nyears_from_activation = 3", FAIL),
    ("6.12.40", "until = 2029-06-01\nyears_from_activation = 1", FAIL),
    ("6.12.40", None, PASS),
    ("6.12.40", 'contact = "x"', PASS),
    ("5.4.61-imx", None, FAIL),
    ("3.10.14", None, FAIL),
    ("6.17.13", None, FAIL),
    ("7.2.1", None, FAIL),
    ("7.4.0", None, UNKNOWN),
    ("5.10.3-android12-9", None, UNKNOWN),
    ("6.1.3-cip2", "until = 2033-08-31", PASS),
    ("6.1.3-cip2", "until = 2033-09-01", FAIL),
]


@pytest.mark.parametrize(("release", "support", "outcome"), KERNELS)
def test_a_kernel_must_be_a_long_term_one_that_outlasts_the_product(
    release: str, support: str | None, outcome: Outcome
) -> None:
    assert judged(kernel_end_of_life, system(OWN, release), support).outcome is outcome


def test_a_kernel_ends_with_its_last_day() -> None:
    files = system(OWN, "6.6.1")
    assert judged(kernel_end_of_life, files, today=date(2027, 12, 31)).outcome is PASS
    assert judged(kernel_end_of_life, files, today=date(2028, 1, 1)).outcome is FAIL


def test_a_distributions_kernel_needs_no_long_term_line() -> None:
    jammy = system("ID=ubuntu\nVERSION_ID=22.04\n", "6.5.0-14-generic")
    assert judged(kernel_end_of_life, jammy).outcome is PASS
    assert judged(kernel_end_of_life, jammy, today=date(2027, 4, 2)).outcome is FAIL


def test_several_kernels_of_one_line_are_told_once_and_a_good_one_beside_is_not() -> None:
    found = judged(kernel_end_of_life, system(OWN, "5.4.1", "5.4.2", "4.9.3", "6.12.1")).findings
    assert sorted(one.key for one in found) == ["4.9", "5.4"]


def test_without_a_kernel_it_is_unknown() -> None:
    assert judged(kernel_end_of_life, system()).outcome is UNKNOWN


OPENSSL = b"\x7fELF\0OpenSSL %s  1 Jul 2025\0"
COMPONENTS = [
    (system(BOOKWORM), PASS, ""),
    (system(BUSTER), FAIL, "debian-10"),
    (system(OWN, openssl=OPENSSL % b"3.0.17"), FAIL, "openssl-3.0"),
    (system(OWN, openssl=OPENSSL % b"3.5.1"), PASS, ""),
    (system(OWN, openssl=OPENSSL % b"9.9.9"), UNKNOWN, ""),
    (system("ID=mydeb\nID_LIKE=debian\nVERSION_ID=4\n"), UNKNOWN, ""),
    (system(OWN) | {"var/lib/rpm/Packages": b""}, UNKNOWN, ""),
    (system(OWN, "6.12.1"), NONE, ""),
    (system("ID=openwrt\nVERSION_ID=25.12.1\n"), PASS, ""),
]


@pytest.mark.parametrize(("files", "outcome", "key"), COMPONENTS)
def test_what_its_keepers_have_left_is_told(files: dict[str, Content], outcome: Outcome, key: str) -> None:
    found = judged(component_end_of_life, files)
    assert found.outcome is outcome, found.reason
    assert [one.key for one in found.findings] == ([key] if key else [])


STATUS = "Package: openssl\nStatus: install ok installed\nVersion: 3.0.17-1\n\n"


def test_what_debian_keeps_is_never_told_by_its_makers_end() -> None:
    assert judged(component_end_of_life, system(BOOKWORM, dpkg=STATUS)).outcome is PASS


def test_with_a_distribution_goes_what_it_brought() -> None:
    (found,) = judged(component_end_of_life, system(BUSTER, dpkg=STATUS)).findings
    assert "OpenSSL 3.0.17" in found.message


OUTLIVED = [
    (system(BOOKWORM), "until = 2028-06-30", PASS),
    (system(BOOKWORM), "until = 2028-07-01", FAIL),
    (system(BOOKWORM), "years_from_activation = 1", PASS),
    (system(BOOKWORM), "years_from_activation = 2", FAIL),
    (system(BOOKWORM), 'contact = "x"', NONE),
    (system(BOOKWORM), None, UNKNOWN),
    (system(BUSTER), "until = 2028-07-01", NONE),
    (system(OWN, openssl=OPENSSL % b"3.5.1"), "until = 2030-04-09", FAIL),
    (system("ID=openwrt\nVERSION_ID=25.12.1\n"), "until = 2028-07-01", UNKNOWN),
    (system(OWN), "until = 2028-07-01", NONE),
    (system(BOOKWORM, dpkg=STATUS), "until = 2028-06-30", PASS),
    (system(OWN) | {"var/lib/rpm/Packages": b""}, "until = 2028-07-01", UNKNOWN),
]


@pytest.mark.parametrize(("files", "support", "outcome"), OUTLIVED)
def test_support_is_promised_no_longer_than_there_is_any(
    files: dict[str, Content], support: str | None, outcome: Outcome
) -> None:
    found = judged(support_outlives_component, files, support)
    assert found.outcome is outcome, found.reason


NEEDED = [
    (Support(), None),
    (Support(until=date(2030, 1, 1)), date(2030, 1, 1)),
    (Support(years_from_activation=5), date(2033, 2, 28)),
    (Support(until=date(2030, 1, 1), years_from_activation=5), date(2033, 2, 28)),
    (Support(until=date(2040, 1, 1), years_from_activation=5), date(2040, 1, 1)),
    (Support(years_from_activation=0), None),
    (Support(years_from_activation=-3), None),
    (Support(years_from_activation=100_000), date.max),
]


@pytest.mark.parametrize(("support", "end"), NEEDED)
def test_support_from_activation_is_counted_from_today(support: Support, end: date | None) -> None:
    assert support.end(date(2028, 2, 29)) == end
