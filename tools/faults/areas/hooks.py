"""What privileged programs run, who may write it, and what is run from a stick."""

from fault import Fault

TESTS = "tests/checks/service tests/test_every_check.py"

FAULTS = (
    Fault(
        "facts/samba.py",
        "parameter.key in AS_USER, at)",
        "True, at)",
        "tests/facts/test_samba.py",
        "what Samba runs as root told as if the user ran it",
    ),
    Fault(
        "facts/removable.py",
        'self._taint(join(folder, name), f"{image}{file}")',
        "self._taint(join(folder, name), image)",
        "tests/checks/service/test_removable_media.py",
        "one signed file of a stick vouches for the others that are read off it without a mount",
    ),
    Fault(
        "facts/scripts/walk.py",
        'if command.assignments and words[0].text != "read":',
        "if command.assignments:",
        "tests/checks/service/test_removable_media.py",
        "what `IFS= read` sets forgotten, and with it where a script comes from",
    ),
    Fault(
        "facts/writable.py",
        "return ground(mount.source, mounts, root, depth + 1)",
        "return Ground.FIXED if not mount.is_writable else Ground.WRITABLE",
        TESTS,
        "a bind mount is judged by its own options",
    ),
    Fault(
        "facts/writable.py",
        "return ground(upper, mounts, root, depth + 1) if upper else Ground.FIXED",
        "return Ground.FIXED",
        TESTS,
        "an overlay that takes what is written is fixed",
    ),
    Fault(
        "facts/writable.py",
        "if who is not None and not sticky:",
        "if who is not None:",
        TESTS,
        "a sticky folder above does not protect",
    ),
    Fault(
        "facts/writable.py",
        "    if sole_owner(tree) is not None:\n",
        "    if False:\n",
        TESTS,
        "owners that an unpacking changed are believed",
    ),
    Fault(
        "facts/writable.py",
        "groups |= {account.gid: named.get(account.gid, str(account.gid)) for account in others}",
        "",
        TESTS,
        "an account's own group is nobody's",
    ),
    Fault(
        "facts/hooks.py",
        " or _is_beyond(tree, pattern)",
        "",
        TESTS,
        "a folder that is a link to the data partition holds no hooks",
    ),
    Fault(
        "facts/removable.py",
        "if any(self.origin(key) is not None for key in keys):",
        "if False:",
        TESTS,
        "a signature by a key of the stick's own clears it",
    ),
    Fault(
        "facts/removable.py",
        "return path in self.checked or self.origin(path) in self.checked",
        "return bool(self.checked)",
        TESTS,
        "a signature of one file clears another",
    ),
    Fault(
        "facts/removable.py",
        '("nofail", "user", "users", "owner", "group")',
        '("nofail",)',
        TESTS,
        "a card that every user mounts is taken for the system's own",
    ),
    Fault(
        "checks/service/removable_media_executed.py",
        " and policy.update.mechanism in SIGNED",
        "",
        TESTS,
        "the maker's own way to update, perhaps by a stick, is taken away without consent",
    ),
    Fault(
        "facts/removable.py",
        "and FOREIGN.isdisjoint(mount.options)",
        "and not FOREIGN.isdisjoint(mount.options)",
        TESTS,
        "the system's own partition below /media is taken for a stick",
    ),
    Fault(
        "facts/events.py",
        "found.setdefault(path.rpartition",
        "found.setdefault(path + path.rpartition",
        TESTS,
        "rules that etc hides are run",
    ),
    Fault(
        "checks/service/cron_unneeded.py",
        'if opening.who != f"the user {job.user}"',
        "",
        TESTS,
        "a user's own job is held against him",
    ),
)
