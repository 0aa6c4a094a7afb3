"""What each auditor says of a root: firmward and systemd-analyze read the folder, Lynis and OpenSCAP run inside.

Lynis tells by its report, its log and its screen, OpenSCAP by the rules that fail. Only CPU of the auditor itself is
counted, not that of the servers which were started for it. OpenSCAP evaluates the rules of the mapping alone, with the
content for Debian 12: there is none for 13, so the root calls itself 12 for that time.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stage
from mapping import ANALYZE, LYNIS, OPENSCAP, OPENSCAP_ROWS
from measure import cost

Lines = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """Of one root: lines by test, CPU seconds, the processes that ran, the tests that found nothing to look at."""

    lines: Lines
    cpu: float
    processes: frozenset[str] = field(default_factory=frozenset)
    skipped: frozenset[str] = field(default_factory=frozenset)


SCREEN = "screen"
CURSOR = re.compile(r"\x1b?\[\d*C")
STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
PERFORMED = re.compile(r"Performing test ID (\S+)")
SPENT = re.compile(r"(\d+)m([\d.]+)s")


def firmward(root: Path, policy: str) -> tuple[list[dict[str, Any]], float]:
    declared, report = root.with_name(f"{root.name}.toml"), root.with_name(f"{root.name}.json")
    declared.write_text(policy)
    command = [sys.executable, "-m", "firmward", "audit", str(root), "--quiet", "-o", str(report)]
    spent = cost([*command, "--policy", str(declared)] if policy else command)
    return json.loads(report.read_text())["findings"], spent.cpu


OFFLINE = "skip-test=PKGS-7392\n"
"""The one test that would fetch lists of packages, for vulnerabilities and not for configuration."""


def lynis(root: Path) -> Said:
    out = root.with_name(f"{root.name}.out")
    (root / "etc/lynis/custom.prf").write_text(OFFLINE)
    options = "--quick --no-plugins --no-colors --logfile /out/log --report-file /out/report"
    processes, screen = stage.inside(root, f"lynis audit system {options}; times >/out/times")
    report = (out / "report").read_text(errors="replace")
    assert "lynis_tests_done=" in report, f"Lynis did not come to its end: {screen[-500:]}"
    saw = "openssh_daemon_running=1" in report
    assert saw == ("sshd" in processes), "Lynis and the process list disagree about sshd"
    lines = by_test((out / "log").read_text(errors="replace"))
    for line in report.splitlines():
        key, _, value = line.partition("=")
        if key in ("warning[]", "suggestion[]", "details[]"):
            lines.setdefault(value.partition("|")[0], set()).add(f"{key} {value}")
    lines[SCREEN] = {CURSOR.sub("", line).strip() for line in screen.splitlines()}
    return Said({test: frozenset(texts) for test, texts in lines.items()}, spent(out / "times"), processes)


def by_test(log: str) -> dict[str, set[str]]:
    """The log's lines under the test that was performed then."""
    lines: dict[str, set[str]] = {}
    test = ""
    for line in log.splitlines():
        if begun := PERFORMED.search(line):
            test = begun[1]
        lines.setdefault(test, set()).add(STAMP.sub("", line))
    return lines


def spent(times: Path) -> float:
    """The second line of the shell's `times`: what its children took, in user and system."""
    children = times.read_text().splitlines()[1]
    return sum(60 * int(minutes) + float(seconds) for minutes, seconds in SPENT.findall(children))


CONTENT = "/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
PREFIX = "xccdf_org.ssgproject.content_rule_"
AS_DEBIAN_12 = """
printf 'NAME="Debian GNU/Linux"\\nVERSION_ID="12"\\nVERSION_CODENAME=bookworm\\nID=debian\\n' >/run/os-release
echo 12.9 >/run/debian_version
mount --bind /run/os-release /usr/lib/os-release; mount --bind /run/debian_version /etc/debian_version
"""
RESULT = re.compile(rf"Rule\s+{PREFIX}(\S+)\s+(?:Ident\s+\S+\s+)*Result\s+(\w+)")


def openscap(root: Path) -> Said:
    out = root.with_name(f"{root.name}.out")
    rules = " ".join(f"--rule {PREFIX}{row.test}" for row in OPENSCAP_ROWS)
    command = f"oscap xccdf eval --profile '(all)' {rules} {CONTENT} >/out/rules; times >/out/times"
    processes, screen = stage.inside(root, AS_DEBIAN_12 + command)
    results = dict(RESULT.findall((out / "rules").read_text(errors="replace")))
    assert "pass" in results.values(), f"OpenSCAP judged nothing: {screen[-500:]}"
    failed = {name: frozenset({f"{name} fail"}) for name, result in results.items() if result == "fail"}
    unjudged = {row.test for row in OPENSCAP_ROWS if results.get(row.test) not in ("pass", "fail")}
    return Said(failed, spent(out / "times"), processes, frozenset(unjudged))


def analyze(root: Path) -> Said:
    """The settings that each enabled unit leaves open."""
    units = sorted(name for name in stage.enabled(root) if name.endswith(".service"))
    command = ["systemd-analyze", "security", "--offline=true", f"--root={root}", "--threshold=100", "--json=short"]
    rated: set[str] = set()
    cpu = 0.0
    for unit in units:
        try:
            done = cost([*command, unit])
        except SystemExit:
            continue
        cpu += done.cpu
        rated |= {f"{unit} {row['name']}" for row in json.loads(done.note or "[]") if row.get("set") is False}
    return Said({"exposure": frozenset(rated)}, cpu)


RUN = {LYNIS: lynis, ANALYZE: analyze, OPENSCAP: openscap}


def versions(root: Path) -> str:
    """As Debian's packages in the root call themselves."""
    names = ("lynis", "ssg-debian", "openscap-scanner")
    query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${Package} ${Version}, ", *names]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout.rstrip(", ")
