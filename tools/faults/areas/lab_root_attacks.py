"""Attacks on the root, on data and by a card: what the attacker makes is what he means to make."""

from fault import Fault

SQUASHFS = "tests/lab/means/test_squashfs.py"
DATA = "tests/lab/means/test_data_partition.py"

FAULTS = (
    Fault(
        "lab/means/squashfs.py",
        "if len(packed) > place.block.size:",
        "if False:",
        SQUASHFS,
        "a block that grew is written over its neighbour",
    ),
    Fault(
        "lab/means/squashfs.py",
        "if len(wanted) > room:",
        "if False:",
        SQUASHFS,
        "a longer file moves all behind it in its block",
    ),
    Fault(
        "lab/means/squashfs.py",
        "before[: place.start] + wanted",
        "bytes(place.start) + wanted",
        SQUASHFS,
        "the neighbours of a file are lost",
    ),
    Fault(
        "lab/means/squashfs.py",
        'packed.ljust(place.block.size, b"\\0")',
        "packed",
        SQUASHFS,
        "what was there before stays behind what is shorter",
    ),
    Fault(
        "lab/means/squashfs.py",
        "if name not in PACKED:",
        "if False:",
        SQUASHFS,
        "a way to pack that is not known ends in a traceback",
    ),
    Fault(
        "lab/means/data_partition.py",
        "        if not _lies_there(tree, one):",
        "        if False:",
        DATA,
        "what debugfs could not write is taken for written",
    ),
    Fault(
        "lab/means/data_partition.py",
        "one.device is not None or tree.read(entry.path, len(one.content) + 1) == one.content",
        "True",
        DATA,
        "a file without its content is taken for whole",
    ),
    Fault(
        "lab/means/data_partition.py",
        '"uid": one.owner, "gid"',
        '"gid"',
        DATA,
        "a file belongs to root that was meant for an account",
    ),
    Fault(
        "lab/means/setuid_shell.py",
        "_move(8, SETUID)",
        "_move(8, SETGID)",
        "tests/lab/means/test_setuid_shell.py",
        "the shell keeps the rights of who calls it, and the attack proves nothing",
    ),
    Fault(
        "lab/means/setuid_shell.py",
        "words.append(_address(0, 4 * (1 + len(ending))))",
        "words.append(_address(0, 4 * len(ending)))",
        "tests/lab/means/test_setuid_shell.py",
        "another program than the shell is called",
    ),
    Fault(
        "lab/means/memory_card.py",
        'replace(",", ",,")',
        'replace(";", ",,")',
        "tests/lab/means/test_memory_card.py",
        "a folder with a comma in its name gives QEMU options",
    ),
    Fault(
        "lab/attack/shadow_rewrite.py",
        r'rb"^root:[^:\n]*(:',
        r'rb"^[a-z]+:[^:\n]*(:',
        "tests/lab/attack/test_shadow_rewrite.py",
        "other accounts are changed with root's",
    ),
    Fault(
        "lab/plain/init.sh",
        'echo "plain: the system serves its purpose" >/dev/kmsg\n',
        "",
        "tests/lab/test_plain.py",
        "a login's prompt hides that the twin is healthy",
    ),
)
