"""The network: what listens, and what clients take."""

from fault import Fault

LISTENERS = "tests/facts/test_listeners.py"
CHECKS = "tests/checks/network"

FAULTS = (
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
)
