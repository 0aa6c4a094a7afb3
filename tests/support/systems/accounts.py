"""Accounts: locked, empty, old hashes, links to elsewhere."""

from firmward.model.memory import link
from systems.debian import BASE
from systems.row import System

STRONG = (
    "$6$rounds=1000$kPq3Zr8sVbN1xY2w$"
    "213ZyFvoXmvjCvn2MCrgJ7Mi2UR7wxklY6vyaJUIpYBs46rasdQFw7EYj1no2/xYNjozeH6bb5IpkhYjTS3wj/"
)
"""Of a word in no list."""

OLD = "$1$abcdefgh$6GehZDL0wyaLwB28yFfRw."

SYSTEMS = (
    System(
        "root-locked-behind-an-exclamation-mark",
        {**BASE, "etc/shadow": f"root:!{STRONG}:19000:0:99999:7:::\ndaemon:*:19000::::::\n"},
    ),
    System(
        "root-empty-in-shadow",
        {**BASE, "etc/shadow": "root::19000:0:99999:7:::\ndaemon:*:19000::::::\n"},
        (("account-empty-password", "root"),),
    ),
    System(
        "root-empty-in-passwd-whatever-shadow-says",
        {**BASE, "etc/passwd": "root::0:0:root:/root:/bin/sh\n", "etc/shadow": "root:*:19000::::::\n"},
        (("account-empty-password", "root"),),
    ),
    System(
        "second-root",
        {
            **BASE,
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nsupport:x:0:0::/:/bin/sh\n",
            "etc/shadow": "root:*:19000::::::\nsupport:!:19000::::::\n",
        },
        (("account-extra-root", "support"),),
    ),
    System(
        "root-and-its-old-hash",
        {**BASE, "etc/shadow": f"root:{OLD}:19000:0:99999:7:::\n"},
        (("account-weak-hash", "root"),),
        nothing_else=False,
    ),
    System(
        "old-hash-locked",
        {**BASE, "etc/shadow": f"root:!{OLD}:19000:0:99999:7:::\ndaemon:*:19000::::::\n"},
    ),
    System(
        "passwd-made-at-run-time",
        {
            **{path: node for path, node in BASE.items() if path not in ("etc/passwd", "etc/shadow")},
            "etc/passwd": link("/tmp/passwd"),
            "etc/shadow": link("/tmp/shadow"),
        },
        unknown=(
            "account-default-password",
            "account-empty-password",
            "account-extra-root",
            "account-login-unneeded",
            "account-weak-hash",
        ),
    ),
)
