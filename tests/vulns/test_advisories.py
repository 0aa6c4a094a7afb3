"""What a local database says of an image: found, filtered by what was built, and what could not be told."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from feeds_made import affected, below, cve, packed

from firmward.facts.advisories import Surroundings
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.reach import How, Way
from firmward.model.component import Component, ComponentKind, Evidence, Witness
from firmward.model.facts import Unknown
from firmward.model.location import Location
from firmward.model.vulnerability import Justification, KnownVulnerabilities, VexState
from firmward.vulns.advisories import DatabaseAdvisories
from firmward.vulns.update import Means, update, wanted

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SERVER = Component("lighttpd", "1.4.69", vendor="lighttpd", files=("usr/sbin/lighttpd",))
OLD = Component("openssl", "", vendor="openssl")
FLAW = '{"id": "CVE-2026-7777", "pairs": [["4.0", "6.1.200"]], "files": ["net/sctp/socket.c"]}\n'


def linux(version: str = "6.1.170", release: str = "6.1.170-lts") -> Component:
    evidence = Evidence(Witness.KERNEL, Location(part="image/kernel"), f"{release} #1 SMP")
    return Component(
        "linux", version, ComponentKind.OPERATING_SYSTEM, "linux", part="image/kernel",
        cpes=("cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*",), evidence=(evidence,),
    )  # fmt: skip


@pytest.fixture
def advisories(tmp_path: Path) -> DatabaseAdvisories:
    path = tmp_path / "vulns.sqlite"
    record, flaws = tmp_path / "CVE-2026-0001.json", tmp_path / "kernel_cna.jsonl"
    record.write_bytes(packed(cve("CVE-2026-0001", affected("lighttpd", "lighttpd", below("1.0", "1.4.76")))))
    flaws.write_text(FLAW)
    means = Means(now=NOW, cache=tmp_path / "cache")
    orders = wanted((), {"cve": [record], "kernel": [flaws]}, means.settings, anew=False)
    assert not [one.error for one in update(path, orders, means) if one.error]
    return DatabaseAdvisories(path, TODAY)


def known(advisories: DatabaseAdvisories, *components: Component, **around: object) -> KnownVulnerabilities:
    found = advisories.known(components, Surroundings(**around))  # type: ignore[arg-type]
    assert isinstance(found, KnownVulnerabilities), found
    return found


def options(value: str, *, release: str = "6.1.170-lts", complete: bool = True) -> KernelConfigs:
    text = {"IP_SCTP": value, "NET": "y", "INET": "y", "ARM64": "y"}
    return KernelConfigs((KernelOptions(Location("config"), text, complete, "6.1.170", release, "arm64"),))


def test_what_applies_is_told_with_the_way_to_it(advisories: DatabaseAdvisories) -> None:
    found = known(advisories, SERVER, ways={SERVER.ref: (Way(How.NETWORK, "listens on tcp/80"),)})
    (one,) = found.found
    assert (one.id, one.component, one.reach, one.near) == ("CVE-2026-0001", SERVER.ref, ("listens on tcp/80",), 3)
    assert one.fixed == ("1.4.76",)
    assert {name for name, _ in found.feeds} == {"cve", "kernel"}


def test_a_component_without_a_version_is_told_and_not_passed_over(advisories: DatabaseAdvisories) -> None:
    found = known(advisories, OLD, SERVER)
    assert len(found.found) == 1
    assert any("openssl" in note and "version" in note for note in found.unread)


def test_code_that_the_configuration_leaves_out_is_not_there(advisories: DatabaseAdvisories) -> None:
    (one,) = known(advisories, linux(), configs=options("n")).found
    assert one.vex is not None
    assert (one.vex.state, one.vex.justification) == (VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT)
    assert "CONFIG_IP_SCTP is off" in one.vex.detail
    assert one.vex.decided == TODAY
    assert not one.affects


@pytest.mark.parametrize("configs", [None, options("m"), options("y")])
def test_what_may_be_built_is_kept(advisories: DatabaseAdvisories, configs: KernelConfigs | None) -> None:
    (one,) = known(advisories, linux(), configs=configs).found
    assert one.vex is None
    assert one.affects


def test_another_kernels_configuration_says_nothing(advisories: DatabaseAdvisories) -> None:
    other = KernelOptions(Location("config"), {"IP_SCTP": "n"}, True, "5.4.1", "5.4.1-own", "arm")
    (one,) = known(advisories, linux(), configs=KernelConfigs((other,))).found
    assert one.vex is None


def test_no_database_is_unknown(tmp_path: Path) -> None:
    found = DatabaseAdvisories(tmp_path / "none.sqlite", TODAY).known((SERVER,), Surroundings())
    assert isinstance(found, Unknown)
    assert "firmward vulns update" in found.reason
