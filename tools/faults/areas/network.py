"""The network: what listens, and what clients take."""

from fault import Fault

LISTENERS = "tests/facts/test_listeners.py"
CHECKS = "tests/checks/network"

FAULTS = (
    Fault(
        "facts/unverified_settings.py",
        "current = dict(defaults)",
        "current = {}",
        "tests/facts/test_unverified_settings.py",
        "what msmtp's defaults say not taken for its accounts",
    ),
    Fault(
        "facts/first_start.py",
        "if text is None or not _are_run(tree, startup):",
        "if text is None:",
        "tests/facts/test_first_start.py",
        "what nothing runs at the first start taken for OpenWrt's configuration",
    ),
    Fault(
        "facts/engine_sockets.py",
        "if place is not None",
        "if False",
        LISTENERS,
        "an engine's open socket not told",
    ),
    Fault(
        "facts/own_sockets.py",
        "if not any(name in ELSEWHERE for name, _ in line.options):",
        "if True:",
        LISTENERS,
        "the port of another host taken for the program's own",
    ),
    Fault(
        "facts/tls_clients.py",
        "or SERVERS.search(text):",
        "or False:",
        CHECKS,
        "a server that asks no certificate of its clients taken for a client that checks none",
    ),
    Fault(
        "facts/scripts/launchers.py",
        "place += 1 + _BWRAP.get(words[place], 0)",
        "place += 1",
        "tests/facts/scripts",
        "the value of an option of bwrap taken for the program",
    ),
    Fault(
        "facts/apache_file.py",
        "elif not any(self.off):",
        "else:",
        "tests/facts/test_apache.py",
        "directives of a module that is not loaded counted as in force",
    ),
    Fault(
        "facts/ufw.py",
        'if digit and not _is_yes(said.get("IPV6")):',
        "if False:",
        "tests/facts/test_ufw.py",
        "IPv6 that ufw closes taken for one with its rules",
    ),
    Fault(
        "formats/printed.py",
        'elif set(word) & set(";&|<>()"):',
        "elif False:",
        "tests/formats/test_printed.py",
        "a pipe behind cat not seen",
    ),
    Fault(
        "facts/packet_filter.py",
        "return (last.verdict if last else self.policy) is Verdict.ACCEPT",
        "return False",
        "tests/facts/test_firewall.py",
        "a rule by outgoing interface taken for a restriction of destinations",
    ),
    Fault(
        "facts/uci_includes.py",
        'usual = "0" if path == "etc/firewall.user" else "1"',
        'usual = "1"',
        "tests/facts/test_uci_includes.py",
        "fw4 made to run the old script that it passes over",
    ),
    Fault(
        "facts/uci_includes.py",
        'jumps: list[tuple[str, ...]] = [("-j", f"{user}_rule")]',
        "jumps: list[tuple[str, ...]] = []",
        "tests/facts/test_uci_includes.py",
        "rules in the chains that fw3 leaves to others not met",
    ),
    Fault(
        "facts/dropbear.py",
        'return READS_UCI.search(tree.text(path) or "") is not None',
        "return True",
        "tests/facts/test_dropbear.py",
        "a dropbear with its own command line on OpenWrt passed over",
    ),
    Fault(
        "facts/haproxy.py",
        "yield replace(section, lines=[*base.lines, *section.lines])",
        "yield section",
        "tests/facts/test_haproxy.py",
        "what stands in HAProxy's defaults not taken over",
    ),
    Fault(
        "facts/key_value.py",
        "one.key not in row.single or final[one.key] is one",
        "True",
        LISTENERS,
        "an earlier value of what does not add up taken as well",
    ),
    Fault(
        "facts/services.py",
        "return bool(self.opened) and self.program in net_program.SHELLS",
        "return False",
        "tests/checks/service/test_service_checks.py",
        "a shell behind a socket taken for a console's",
    ),
)
