"""SBOM, VEX and triage."""

from fault import Fault

CYCLONEDX = "tests/vulns/sbom/test_cyclonedx.py"
SPDX = "tests/vulns/sbom/test_spdx.py"
READING = "tests/vulns/sbom/test_reading.py"
LICENCES = "tests/vulns/sbom/test_licences.py"
VEX = "tests/vulns/vex/test_formats.py"
THEIRS = "tests/vulns/vex/test_reading.py"
TRIAGE = "tests/vulns/test_triage.py"
COMMAND = "tests/cli/test_vulns_triage.py"
BILLS = "tests/cli/test_bills.py"
REDACT = "tests/audit/test_redact.py"
REPORT = "tests/audit/test_json_report.py"

FAULTS = (
    Fault(
        "vulns/sbom/writing.py",
        "        while ref in taken:",
        "        while False:",
        CYCLONEDX,
        "two components in a document have one ref",
    ),
    Fault(
        "vulns/sbom/writing.py",
        "        yield from dict.fromkeys(ref for ref in found if ref != one.ref)",
        "        yield from found",
        CYCLONEDX,
        "a component depends on itself",
    ),
    Fault(
        "vulns/sbom/cyclonedx.py",
        '        "purl": component.purl if identity.is_purl(component.purl) else None,\n',
        "",
        CYCLONEDX,
        "package URLs are left out",
    ),
    Fault(
        "vulns/sbom/cyclonedx.py",
        "    if len(valid) == len(terms) and not all(map(licences.is_id, valid)):",
        "    if valid and not all(map(licences.is_id, valid)):",
        CYCLONEDX,
        "a licence that is no expression is dropped beside one that is",
    ),
    Fault(
        "vulns/sbom/spdx.py",
        "    named = sorted({term for one in found.listed for term in _named(one.component)})",
        "    named: list[str] = []",
        SPDX,
        "a reference to a licence that the document does not have",
    ),
    Fault(
        "vulns/sbom/licences.py",
        "            fits, depth = not wants_operand and depth > 0, depth - 1",
        "            fits, depth = not wants_operand, depth - 1",
        LICENCES,
        "a parenthesis closes that was never open",
    ),
    Fault(
        "vulns/sbom/cyclonedx_reader.py",
        "        bill.check_count(len(found) + 1, document.place)\n",
        "",
        READING,
        "any number of components is read",
    ),
    Fault(
        "vulns/document.py",
        '    if data.count(b"[") + data.count(b"{") + data.count(b",") > VALUES_LIMIT:',
        "    if False:",
        READING,
        "a document of any number of values is parsed",
    ),
    Fault(
        "vulns/vex/statement.py",
        "    if vex.needs_review:",
        "    if False:",
        VEX,
        "a decision for another version is handed out as one",
    ),
    Fault(
        "vulns/vex/said.py",
        "    impact = detail if reason.is_exact else statement.marked(reason.justification.value, detail)",
        "    impact = detail",
        VEX,
        "a justification that a format has no word for is lost",
    ),
    Fault(
        "vulns/vex/csaf.py",
        "    for name, ours in STATUSES.items():",
        "    for ours, name in STATUS.items():",
        THEIRS,
        "first_fixed is not read",
    ),
    Fault(
        "vulns/triage.py",
        "    if decision.version != one.version:",
        "    if False:",
        TRIAGE,
        "a decision counts for every version",
    ),
    Fault(
        "vulns/triage.py",
        "today > decision.expires",
        "today >= decision.expires",
        TRIAGE,
        "a decision does not count on its last day",
    ),
    Fault(
        "vulns/triage.py",
        "    return (*(one for one in decisions if one.about != new.about or one.version in kept), new)",
        "    return (*(one for one in decisions if one.about != new.about), new)",
        TRIAGE,
        "a decision for one version drops that for another that is there",
    ),
    Fault(
        "cli/vulns_triage.py",
        "        elif replace_own or (*new.about, new.version) not in known:",
        "        elif True:",
        COMMAND,
        "what others decided overwrites what was decided here",
    ),
    Fault(
        "cli/verdicts.py",
        "part.kind in (*UNEXPLAINED, bill.KIND)",
        "part.kind in UNEXPLAINED",
        BILLS,
        "an SBOM is judged as an image in which everything is absent",
    ),
    Fault(
        "audit/redact.py",
        'IDENTIFIERS = frozenset({"cpes"})',
        "IDENTIFIERS: frozenset[str] = frozenset()",
        REDACT,
        "the version of libsecret is masked as a secret",
    ),
    Fault(
        "audit/json_record.py",
        "    if isinstance(value, str) and DAY.fullmatch(value):",
        "    if isinstance(value, str):",
        REPORT,
        "20240227 is taken for a day",
    ),
)
