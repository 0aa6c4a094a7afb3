"""Whether a firewall is possible: nf_tables or iptables, built in or as modules that are there, IPv6 alike."""

import pytest
from configured import config, judged, system

from firmward.audit.engine import Verdict
from firmward.checks.kernel.kernel_netfilter_missing import kernel_netfilter_missing as check
from firmward.model.finding import Outcome
from firmward.model.memory import Content
from firmward.model.remedy import SetKernelOption

NET = "NET=y INET=y"
V6 = f"{NET} IPV6=y"
TABLES = "NETFILTER=y NF_TABLES=y"
OLD = "NETFILTER=y IP_NF_IPTABLES=y IP_NF_FILTER=y"
OLD6 = f"{OLD} IP6_NF_IPTABLES=y IP6_NF_FILTER=y"


def of(words: str, line: str | None = None, version: str = "6.12.30", **files: Content) -> Verdict:
    return judged(check, system(words, line, version, **files))


def modules(*names: str, version: str = "6.12.30") -> dict[str, Content]:
    return {f"lib/modules/{version}/kernel/net/{name}.ko": b"\x7fELF" for name in ("loop", *names)}


FILTERS = [
    f"{V6} {TABLES} NF_TABLES_INET=y",
    f"{V6} {TABLES} NF_TABLES_IPV4=y NF_TABLES_IPV6=y",
    f"{V6} {OLD6}",
    f"{NET} {TABLES} NF_TABLES_IPV4=y",
    f"{NET} {OLD}",
    f"{V6} {TABLES} NF_TABLES_IPV4=y IP6_NF_IPTABLES=y IP6_NF_FILTER=y",
    "NET=n",
    "NET=y UNIX=y",
]


@pytest.mark.parametrize("words", FILTERS)
def test_a_kernel_that_can_filter_what_it_speaks_is_well(words: str) -> None:
    assert of(words).outcome is Outcome.PASS


FILTERS_NOT = [
    (V6, "no packets"),
    (f"{V6} NETFILTER=y", "no packets"),
    (f"{V6} NETFILTER=y NF_TABLES=y", "no packets"),
    (f"{V6} NETFILTER=y IP_NF_IPTABLES=y IP6_NF_IPTABLES=y", "no packets"),
    (f"{V6} NF_TABLES=y NF_TABLES_INET=y", "no packets"),
    (f"{V6} NET_CLS_BPF=y BPF_SYSCALL=y XDP_SOCKETS=y", "no packets"),
    (f"{V6} NETFILTER=y IP6_NF_IPTABLES=y IP6_NF_FILTER=y", "no IPv4"),
    (f"{V6} {OLD}", "no IPv6"),
    (f"{V6} {TABLES} NF_TABLES_IPV4=y", "no IPv6"),
    (f"{NET} {TABLES} NF_TABLES_IPV6=y", "no IPv4"),
]


@pytest.mark.parametrize(("words", "says"), FILTERS_NOT)
def test_what_it_speaks_and_cannot_filter_is_told(words: str, says: str) -> None:
    found = of(words)
    assert found.outcome is Outcome.FAIL, found.reason
    assert [(one.key, one.severity) for one in found.findings] == [("netfilter", None)]
    assert says in found.findings[0].message


AS_MODULES = f"{V6} NETFILTER=y NF_TABLES=m NF_TABLES_INET=y IP_NF_IPTABLES=m IP_NF_FILTER=m"
AS_MODULES += " IP6_NF_IPTABLES=m IP6_NF_FILTER=m"


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (("nf_tables",), Outcome.PASS),
        (("ip_tables", "iptable_filter", "ip6_tables", "ip6table_filter"), Outcome.PASS),
        (("ip_tables", "iptable_filter"), Outcome.FAIL),
        (("ip_tables", "ip6_tables", "ip6table_filter"), Outcome.FAIL),
        ((), Outcome.FAIL),
    ],
)
def test_a_module_counts_where_it_is_shipped(names: tuple[str, ...], outcome: Outcome) -> None:
    found = of(AS_MODULES, **modules(*names))
    assert found.outcome is outcome, found.reason
    assert all("not in the image" in one.message for one in found.findings)


def test_without_any_module_of_this_kernel_it_is_not_known() -> None:
    assert of(AS_MODULES).outcome is Outcome.UNKNOWN
    assert of(AS_MODULES, **modules("nf_tables", version="5.4.1")).outcome is Outcome.UNKNOWN


def test_before_linux_4_17_each_family_of_nf_tables_is_a_module() -> None:
    words = f"{NET} NETFILTER=y NF_TABLES=m NF_TABLES_IPV4=m"
    assert of(words, version="4.9.1", **modules("nf_tables", version="4.9.1")).outcome is Outcome.FAIL
    both = modules("nf_tables", "nf_tables_ipv4", version="4.9.1")
    assert of(words, version="4.9.1", **both).outcome is Outcome.PASS


def test_ipv6_that_is_switched_off_needs_no_filter() -> None:
    words = f"{V6} {OLD}"
    assert of(words, "ipv6.disable=1").outcome is Outcome.PASS
    assert of(words, "ipv6.disable=0").outcome is Outcome.FAIL
    files: dict[str, Content] = {"etc/sysctl.d/a.conf": "net.ipv6.conf.all.disable_ipv6=1\n"}
    assert of(words, **files).outcome is Outcome.PASS
    assert of(f"{NET} IPV6=m {OLD}", **modules()).outcome is Outcome.PASS
    assert of(f"{NET} IPV6=m {OLD}", **modules("ipv6")).outcome is Outcome.FAIL


def test_a_defconfig_that_leaves_it_open_is_unknown() -> None:
    assert judged(check, {"boot/config": "CONFIG_NET=y\n"}).outcome is Outcome.UNKNOWN
    assert judged(check, {"boot/config": "CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NETFILTER=n\n"}).outcome is Outcome.FAIL
    assert judged(check, {"boot/config": "# CONFIG_NET is not set\n"}).outcome is Outcome.PASS


def options(verdict: Verdict) -> set[str]:
    (found,) = verdict.findings
    assert found.remedy is not None
    return {one.option for one in found.remedy.changes if isinstance(one, SetKernelOption)}


def test_the_cure_is_what_the_kernels_version_has() -> None:
    assert {"CONFIG_NF_TABLES", "CONFIG_NF_TABLES_INET"} <= options(of(V6))
    assert "CONFIG_NF_TABLES_IPV4" in options(of(f"{NET} IPV6=n"))
    assert {"CONFIG_IP_NF_FILTER", "CONFIG_IP6_NF_FILTER"} <= options(of(V6, version="3.10.14"))


def test_each_kernel_is_judged() -> None:
    files = system(f"{V6} {OLD6}") | {"boot/config-5.10.1-rescue": config(V6, "5.10.1")}
    (found,) = judged(check, files).findings
    assert found.at is not None
    assert found.at.path == "boot/config-5.10.1-rescue"
