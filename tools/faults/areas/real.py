"""What real roots showed to be wrong once."""

from fault import Fault

FAULTS = (
    Fault(
        "facts/mounts.py",
        'if known is None and not {"ro", "rw"} & set(command.options):',
        "if False:",
        "tests/facts/test_mounts.py",
        "a remount of what may not be mounted makes a mount",
    ),
    Fault(
        "facts/root_mount.py",
        "if listed is not None and not listed.is_decided:",
        "if False:",
        "tests/facts/test_mounts.py",
        "a root whose options only the script knows passes for read-only",
    ),
    Fault(
        "facts/running_ssh.py",
        "unread += _blind(startup, sshd, dropbear)",
        "pass",
        "tests/facts/test_dropbear.py",
        "under an init that is not read an installed server is taken for off",
    ),
    Fault(
        "formats/credential.py",
        "is_seen = start > 0 or position <= LINE_LIMIT",
        "is_seen = start > 0",
        "tests/formats/test_credential_list.py",
        "a comment in the first line is taken for a setting",
    ),
)
