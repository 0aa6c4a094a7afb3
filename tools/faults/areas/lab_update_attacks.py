"""Attacks on updates: the man in the middle, the verdicts, the client's start."""

from fault import Fault

OFFERED = "tests/lab/means/test_offered_update.py"
UPDATES = "tests/lab/attack/test_updates.py"
SERVER = "tests/lab/means/test_update_server.py"
STARTS = "tests/build/client/test_starts.py"
CHECKS = "tests/checks/update/test_update_checks.py"

FAULTS = (
    Fault(
        "lab/means/offered_update.py",
        "    if not came:\n        raise Unseen",
        "    if False:\n        raise Unseen",
        OFFERED,
        "an updater that takes nothing at all counts as one that withstands",
    ),
    Fault(
        "lab/means/offered_update.py",
        "    if took(powered, server, bad - wanted):\n        return Result.SUCCEEDED\n    if not came",
        "    if not came",
        OFFERED,
        "a device that falls for it late counts as one that withstands",
    ),
    Fault(
        "lab/means/offered_update.py",
        "asked = bad.intersection(server.paths())",
        "asked = frozenset[str]()",
        OFFERED,
        "a payload that was asked for is not seen",
    ),
    Fault(
        "lab/attack/update_endless.py",
        "    if not _has_ended(server):\n        raise Unseen",
        "    if False:\n        raise Unseen",
        OFFERED,
        "who still takes what has no end has stopped it",
    ),
    Fault(
        "lab/attack/update_slow.py",
        "if first.ended is None:",
        "if False:",
        OFFERED,
        "an updater that waits for ever is not seen to",
    ),
    Fault(
        "lab/target.py",
        'isinstance(stats.get("rd_bytes"), int)',
        "True",
        OFFERED,
        "an answer of QEMU's that is none breaks the attack",
    ),
    Fault(
        "lab/updates.py",
        'if name == "past" and not is_older:',
        "if False:",
        UPDATES,
        "a downgrade to what is not older proves nothing, and is tried",
    ),
    Fault(
        "lab/means/forged_repository.py",
        "return own(ids) if keys is None else stolen(keys, role)",
        "return own(ids)",
        UPDATES,
        "the thief of the online keys does not use them",
    ),
    Fault(
        "lab/attack/update_mix_and_match.py",
        "former.content}",
        "channel.content}",
        UPDATES,
        "nothing is mixed, and the device takes its maker's own update",
    ),
    Fault(
        "lab/attack/update_wrong_device.py",
        "theirs.content,",
        "channel.content,",
        UPDATES,
        "the other product's channel is not offered",
    ),
    Fault(
        "lab/means/tcp.py",
        "if segment.data and segment.number == one.expected % NUMBERS:",
        "if segment.data:",
        SERVER,
        "a request that is sent twice is heard twice",
    ),
    Fault(
        "lab/means/tcp.py",
        "        one.window = segment.window\n",
        "        one.window = WINDOW\n",
        SERVER,
        "more is sent than the caller has room for",
    ),
    Fault(
        "lab/means/tcp.py",
        "            if one.sent and now - one.tried > AGAIN:\n                one.sent, one.fin_sent = 0, False\n",
        "",
        SERVER,
        "what was lost on the wire never comes",
    ),
    Fault(
        "lab/means/update_server.py",
        'is_inside = ".." not in file.parts and file.is_file()',
        "is_inside = file.is_file()",
        SERVER,
        "whoever is attacked reads the attacker's files",
    ),
    Fault(
        "lab/means/dhcp.py",
        "ANSWERS = {DISCOVER: OFFER, ASK: ACKNOWLEDGE}",
        "ANSWERS = {DISCOVER: OFFER}",
        SERVER,
        "the device gets no address, and asks for nothing",
    ),
    Fault(
        "lab/network.py",
        "    if station is not None and not rules:\n",
        "    if False:\n",
        "tests/lab/test_station.py",
        "QEMU's own network breaks off every connection to the man in the middle",
    ),
    Fault(
        "lab/monitor.py",
        'isinstance(said, dict) and said.get("return")',
        'isinstance(said, dict) and "return" in said',
        "tests/lab/test_monitor.py",
        "the empty answer to a command hides the one that was asked for",
    ),
    Fault(
        "build/client/starts/loop.py",
        "	0 | 11)",
        "	*)",
        STARTS,
        "a device that is lied to rests for hours",
    ),
    Fault(
        "build/client/starts/loop.py",
        "-o ro,nosuid,nodev,noexec",
        "-o rw",
        STARTS,
        "a stick that somebody found is mounted with its programs",
    ),
    Fault(
        "build/client/starts/choice.py",
        "(systemd, busybox, sysv)",
        "(busybox, sysv)",
        STARTS,
        "on systemd nothing, or the wrong thing, starts the client",
    ),
    Fault(
        "checks/update/update_unauthenticated.py",
        'if declared != "firmward" or',
        "if",
        CHECKS,
        "a maker's updater is taken out though nothing stands in its place",
    ),
    Fault(
        "facts/update/firmward.py",
        "    if DEVICE not in texts or ROOT not in texts:\n",
        "    if DEVICE not in texts:\n",
        CHECKS,
        "a client that trusts nobody counts as an updater",
    ),
)
