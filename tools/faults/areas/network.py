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
        "if SERVERS.search(text):",
        "if False:",
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
)
