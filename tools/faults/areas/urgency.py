"""Why a vulnerability is told first, what a decision does to findings, and what the pages say of both."""

from fault import Fault

RANK = "tests/vulns/test_rank.py"
DECIDED = "tests/vulns/test_decided.py"
WORDS = "tests/audit/test_supply_words.py"
CLI = "tests/cli/test_decided.py"

FAULTS = (
    Fault(
        "vulns/decided.py",
        "        return replace(known, found=tuple(sorted(found, key=urgency)))\n",
        "        return known\n",
        DECIDED,
        "a decision changes the lists and not the findings",
    ),
    Fault(
        "vulns/decided.py",
        "tuple(sorted(found, key=urgency))",
        "found",
        DECIDED,
        "what does not count stands where it stood",
    ),
    Fault(
        "vulns/rank.py",
        "    nearest = [way for way in ways if way.how is ways[0].how]\n",
        "    nearest = list(ways)\n",
        RANK,
        "that cron starts at boot is told beside what listens",
    ),
    Fault(
        "vulns/rank.py",
        "    own = [way.words for way in nearest if not way.through]\n",
        "    own = [way.words for way in nearest]\n",
        RANK,
        "a library is said to listen itself",
    ),
    Fault(
        "vulns/rank.py",
        "    if about.exploited is not None:\n        ransomware",
        "    if False:\n        ransomware",
        RANK,
        "that it is being exploited is not said",
    ),
    Fault(
        "vulns/ranges.py",
        "{'up to' if span.through else 'before'}",
        "{'up to'}",
        "tests/vulns/test_ranges.py",
        "the version that mends it is said to have it",
    ),
    Fault(
        "audit/supply.py",
        "min(first, one, key=urgency)",
        "one",
        WORDS,
        "what an initramfs does not load is said to be not there",
    ),
    Fault(
        "audit/supply_words.py",
        "for one in report.vulnerabilities if one.vex is not None and one.vex.needs_review",
        "for one in report.vulnerabilities if one.vex is not None",
        WORDS,
        "every decision is said to want a review",
    ),
    Fault(
        "audit/supply_words.py",
        "if not one.affects)\n\n\ndef settled",
        ")\n\n\ndef settled",
        WORDS,
        "all vulnerabilities are said not to count",
    ),
    Fault(
        "cli/triage_file.py",
        "    return DecidedAdvisories(known, read_decisions(path), today)\n",
        "    return DecidedAdvisories(known, (), today)\n",
        CLI,
        "the decisions beside the policy are not read before the judging",
    ),
)
