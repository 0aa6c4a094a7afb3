"""The packet filter: what the policy becomes, where it stands, and who loads it."""

from fault import Fault

RULES = "tests/harden/firewall/test_rules.py"
SURROUNDINGS = "tests/harden/firewall/test_surroundings.py"
START = "tests/harden/firewall/test_start.py"
TIGHTEN = "tests/harden/firewall/test_tighten.py"
UCI = "tests/harden/firewall/test_uci.py"
ROUND = "tests/harden/test_firewall_round.py"
SEGMENTS = "tests/facts/test_segments.py"

FAULTS = (
    Fault(
        "harden/firewall/rules.py",
        "    if not NAME.match(text):",
        "    if not text:",
        RULES,
        "a destination may hold what ends a rule",
    ),
    Fault(
        "harden/firewall/rules.py",
        'return re.sub(r"[^A-Za-z0-9_.*: /-]", "?", text or "")[:60]',
        'return (text or "")[:60]',
        RULES,
        "a service's name may end the comment that it stands in",
    ),
    Fault(
        "harden/firewall/rules.py",
        '    if "%" in text:',
        '    if "#" in text:',
        RULES,
        "a network may carry the name of an interface",
    ),
    Fault(
        "harden/firewall/rules.py",
        "if one.prefixlen >= WIDEST[one.version]]",
        "if one.prefixlen >= 0]",
        RULES,
        "an address with a wide mask makes half the world a neighbour",
    ),
    Fault(
        "harden/firewall/iptables.py",
        "if hook is Hook.INPUT and means.containers:",
        "if False:",
        RULES,
        "containers do not reach what is declared as local",
    ),
    Fault(
        "harden/firewall/nft.py",
        "{words[:COMMENT_LIMIT]}",
        "{words}",
        RULES,
        "a long name makes a comment that nft refuses, and so the whole file",
    ),
    Fault(
        "harden/firewall/nft.py",
        '_chain("output", "output", "filter", "drop",',
        '_chain("output", "output", "filter", "accept",',
        ROUND,
        "what is not declared leaves",
    ),
    Fault(
        "harden/firewall/iptables.py",
        'led = f"-m conntrack --ctstate DNAT',
        'led = f"-m conntrack --ctstatus DNAT',
        RULES,
        "iptables-restore refuses the whole file",
    ),
    Fault(
        "harden/firewall/place.py",
        "    asked = frozenset((hook, *_closed_before(site)))",
        "    asked = frozenset((hook,))",
        ROUND,
        "the second cure opens what the first has closed",
    ),
    Fault(
        "harden/firewall/place.py",
        '        if INCLUDE not in text.split("\\n"):\n            site',
        "        if True:\n            site",
        ROUND,
        "applied twice, the maker's file includes our rules twice",
    ),
    Fault(
        "harden/firewall/place.py",
        'keep = " --noflush" if own[version] else ""',
        'keep = ""',
        ROUND,
        "our rules throw the maker's away",
    ),
    Fault(
        "harden/firewall/start.py",
        "if match and any(entry is not None and entry in loaders",
        "if match and any(entry is None and entry in loaders",
        START,
        "our rules are loaded before the maker's, which flush them",
    ),
    Fault(
        "harden/firewall/start.py",
        "table.all.insert(first, ",
        "table.all.append(",
        START,
        "the rules come after the network",
    ),
    Fault(
        "harden/firewall/tighten.py",
        "if not ACCEPTS.search(line) or SEVERAL.search(line):",
        "if not ACCEPTS.search(line):",
        TIGHTEN,
        "a line of several commands goes as a whole",
    ),
    Fault(
        "harden/firewall/tighten.py",
        '_replace(lines, at.line - 1, f"{command[1]}:" if command else None)',
        "_replace(lines, at.line - 1, None)",
        TIGHTEN,
        "a branch of a script is left empty",
    ),
    Fault(
        "harden/firewall/uci.py",
        "        if not any(_takes(section, one) for section in known):\n            ends = list(",
        "        if True:\n            ends = list(",
        UCI,
        "a narrow rule of the maker's is widened by one of ours",
    ),
    Fault(
        "harden/firewall/surroundings.py",
        'known = process.argv[0].removesuffix(f"/{name}").strip("/") in FOLDERS',
        "known = True",
        ROUND,
        "a script of ours calls a program wherever an image says",
    ),
    Fault(
        "checks/network/filtering/__init__.py",
        "if policy is None or (hook is Hook.OUTPUT and not policy.egress):",
        "if policy is None:",
        ROUND,
        "a device whose policy names no destination is cut off",
    ),
    Fault(
        "facts/segments.py",
        'name != "lo" and PLAIN.match(name)',
        'name != "lo"',
        SEGMENTS,
        "an interface's name ends the line that it is written into",
    ),
    Fault(
        "harden/firewall/rules.py",
        "    outward += [answer for one in inward",
        "    _ = [answer for one in inward",
        RULES,
        "a DHCP server gets the question and cannot answer",
    ),
    Fault(
        "harden/firewall/place.py",
        "tuple(one for one in allowed.across if is_missing(one, Hook.FORWARD))",
        "()",
        ROUND,
        "closing the maker's rules cuts a flow that is declared",
    ),
    Fault(
        "facts/uci_firewall.py",
        "for hook in (Hook.INPUT, Hook.OUTPUT) for rule in _rules(section, hook))",
        "for hook in (Hook.INPUT,) for rule in _rules(section, hook))",
        ROUND,
        "what may leave OpenWrt is not known",
    ),
    Fault(
        "harden/firewall/nft.py",
        '("add", "ct count over {held}") if means.counts else',
        '("add", "ct count over {held}") if True else',
        RULES,
        "a kernel that cannot count is asked to, and loads none of the rules",
    ),
    Fault(
        "harden/firewall/nft.py",
        "    yield from _held(rules, means)\n    for one",
        "    for one",
        RULES,
        "one address holds every connection that a server has",
    ),
    Fault(
        "harden/firewall/iptables.py",
        "    if hook is Hook.INPUT and means.counts:",
        "    if hook is Hook.INPUT:",
        RULES,
        "iptables is given a match that the kernel lacks",
    ),
    Fault(
        "harden/firewall/rules.py",
        'if one.protocol == "tcp" and one.port is not None',
        "if one.port is not None",
        RULES,
        "what comes by UDP is counted as a connection",
    ),
    Fault(
        "harden/firewall/surroundings.py",
        '_values(site, COUNTER[0]) == {"n"} or _can(site, *COUNTER)',
        "True",
        SURROUNDINGS,
        "what counts connections is asked for where its other module is missing",
    ),
    Fault(
        "harden/firewall/surroundings.py",
        "return _can(site, *COUNTS[language]) and",
        'return _can(site, *COUNTS["nft"]) and',
        SURROUNDINGS,
        "one language is taken to count since the other can",
    ),
)
