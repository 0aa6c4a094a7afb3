"""`firmward vulns match`: what it prints and exits with."""

import gzip
import json
import sys
from pathlib import Path

import pytest
import typer
from command import Called, Firmward
from known import Known, claim, well_known

from firmward.cli import main, vulns_match
from firmward.cli.command import plainly
from firmward.vulns.record import About, KernelFlaw

CONFIG = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.1.83 Kernel Configuration\n" + "".join(
    f"CONFIG_A{number}=y\n" for number in range(200)
)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    knowledge = well_known()
    monkeypatch.setattr(vulns_match, "open_knowledge", lambda path: knowledge)
    monkeypatch.setattr(vulns_match, "judge_of", lambda version, options: lambda files: None)
    return knowledge


@pytest.fixture
def vulns(monkeypatch: pytest.MonkeyPatch, firmward: Firmward) -> Firmward:
    """The command alone, in a group of its own."""

    def group() -> typer.Typer:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.callback()(lambda: None)
        vulns_match.add_to(app)
        plainly(app)
        return app

    def call(*words: object) -> Called:
        monkeypatch.setattr(main, "command_line", group)
        return firmward("match", *words)

    return call


def told(called: Called) -> set[str]:
    assert called.code == 0, called.err
    return {one["id"] for one in json.loads(called.out)["vulnerabilities"]}


def test_json_has_those_that_apply(vulns: Firmward, known: Known) -> None:
    assert "CVE-2014-0160" in told(vulns("openssl", "1.0.1f", "--json"))
    assert "CVE-2014-0160" not in told(vulns("openssl", "1.0.1g", "--json"))


def test_each_says_why_and_what_to_do(vulns: Firmward, known: Known) -> None:
    called = vulns("dnsmasq", "2.89", "--json")
    (one,) = json.loads(called.out)["vulnerabilities"]
    assert one["why"].startswith("By NVD, versions before 2.90 have it.")
    assert one["do"] == "Update dnsmasq to 2.90, the nearest version that mends it."
    assert one["fixed"] == ["2.90"]


def test_linux_is_the_kernel_under_both_names(vulns: Firmward, known: Known) -> None:
    assert (
        told(vulns("linux", "6.1.83", "--json"))
        == told(vulns("linux_kernel", "6.1.83", "--json"))
        == {"CVE-2024-26642"}
    )
    assert told(vulns("linux:linux_kernel", "6.1.84", "--json")) == set()


def test_a_vendor_a_package_url_and_a_distribution_narrow_it(vulns: Firmward, known: Known) -> None:
    assert "CVE-2023-38545" in told(vulns("libcurl", "8.0.0", "--vendor", "haxx", "--json"))
    assert told(vulns("openssl", "1.0.1f", "--vendor", "somebody", "--json")) == set()
    assert told(vulns("pkg:npm/lodash", "4.17.20", "--json")) == {"CVE-2021-23337"}
    assert "CVE-2023-5363" not in told(vulns("openssl", "3.0.11-1~deb12u2", "--distribution", "debian:12", "--json"))
    assert "CVE-2023-5363" in told(vulns("openssl", "3.0.11-1~deb12u1", "--distribution", "debian:12", "--json"))


def test_what_cannot_be_told_is_told_apart(vulns: Firmward, known: Known) -> None:
    document = json.loads(vulns("openssl", "master", "--json").out)
    assert not document["vulnerabilities"]
    assert {one["vulnerability"] for one in document["doubts"]} >= {"CVE-2014-0160"}
    counted = json.loads(vulns("linux", "6.1.0-28-amd64", "--json").out)
    assert "counts a distribution's builds" in counted["unknown"][0]


def test_people_get_a_table(vulns: Firmward, known: Known) -> None:
    called = vulns("dnsmasq", "2.78")
    assert called.code == 0, called.err
    assert "dnsmasq 2.78 has 2 known vulnerabilities: 2 medium" in called.out
    assert "CVE-2020-25681" in called.out
    assert "→ Update dnsmasq to 2.83" in called.out
    assert "nothing is known to apply" in vulns("dnsmasq", "2.90").out
    assert "cannot be told" in vulns("openssl", "master").out


def test_hostile_words_of_a_record_do_not_reach_the_terminal(vulns: Firmward, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = Known(
        [claim("CVE-2024-1", "a:frob", "<2", by="\x1b[31mx")], told=[About("CVE-2024-1", title="\x1b]0;owned\x07[red]")]
    )
    monkeypatch.setattr(vulns_match, "open_knowledge", lambda path: evil)
    called = vulns("frob", "1")
    assert "\x1b" not in called.out
    assert "[red]" in called.out


@pytest.mark.parametrize("pack", [False, True])
def test_a_configuration_gives_each_a_state(vulns: Firmward, known: Known, tmp_path: Path, pack: bool) -> None:
    file = tmp_path / "config"
    file.write_bytes(gzip.compress(CONFIG.encode()) if pack else CONFIG.encode())
    called = vulns("linux", "6.1.83", "--kernel-config", file, "--json")
    assert called.code == 0, called.err
    assert all(one["vex"]["state"] for one in json.loads(called.out)["vulnerabilities"])


def test_the_configuration_of_a_kernel_that_carries_one_is_read(vulns: Firmward, known: Known, tmp_path: Path) -> None:
    file = tmp_path / "Image"
    file.write_bytes(b"\x7fELF" * 64 + b"IKCFG_ST" + gzip.compress(CONFIG.encode()) + b"IKCFG_ED" + bytes(64))
    assert vulns("linux", "6.1.83", "--kernel-config", file, "--json").code == 0


def test_a_configuration_of_another_line_is_warned_of(vulns: Firmward, known: Known, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(CONFIG)
    called = vulns("linux", "5.15.1", "--kernel-config", file)
    assert called.code == 0
    assert "was made for Linux 6.1.83, and not for the line 5.15" in called.err
    assert not vulns("linux", "6.1.1", "--kernel-config", file).err


@pytest.mark.parametrize(
    "words",
    [
        ("openssl", ""),
        ("", "1.0"),
        ("openssl:", "1.0"),
        (":openssl", "1.0"),
        ("openssl", "1.0\x1b"),
        ("openssl", "9" * 400),
        ("openssl", "1.0", "--distribution", "debian"),
        ("openssl", "1.0", "--kernel-config", "/nonexistent"),
        ("linux", "6.1", "--kernel-config", "/nonexistent"),
        ("linux", "6.1", "--kernel-config", "/"),
        ("linux", "6.1", "--kernel-config", sys.executable),
        ("openssl",),
    ],
)
def test_what_is_wrong_ends_with_2_and_no_traceback(vulns: Firmward, known: Known, words: tuple[str, ...]) -> None:
    called = vulns(*words)
    assert called.code == 2
    assert "Traceback" not in called.err


def test_a_kernel_has_more_than_a_page_shows(vulns: Firmward, monkeypatch: pytest.MonkeyPatch) -> None:
    many = Known(flaws=[KernelFlaw(f"CVE-2024-{number}", (("4.1", "6.8"),)) for number in range(1000, 1130)])
    monkeypatch.setattr(vulns_match, "open_knowledge", lambda path: many)
    called = vulns("linux", "6.1")
    assert "and 30 more, which --json has" in called.out
