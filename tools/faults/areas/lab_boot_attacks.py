"""Attacks on the boot loader, its state and its slots: what the attacker makes, and what counts as seen."""

from fault import Fault

FAULTS = (
    Fault(
        "lab/means/environment.py",
        "zlib.crc32(body)",
        "zlib.crc32(strings)",
        "tests/lab/means/test_environment.py",
        "an environment that no boot loader takes, and so an attack that proves nothing",
    ),
    Fault(
        "lab/means/environment.py",
        "strings = HARMLESS + b",
        "strings = b",
        "tests/lab/means/test_environment.py",
        "the attacker spoils the device's rollback floor in passing",
    ),
    Fault(
        "lab/means/environment.py",
        "if len(strings) > size - CHECKSUM:",
        "if False:",
        "tests/lab/means/test_environment.py",
        "an environment that is cut off",
    ),
    Fault(
        "lab/means/state_file.py",
        'zlib.crc32(body).to_bytes(CHECKSUM, "little")',
        'zlib.crc32(data).to_bytes(CHECKSUM, "little")',
        "tests/lab/means/test_state_file.py",
        "a state that is refused for its checksum, before a value is looked at",
    ),
    Fault(
        "lab/means/state_file.py",
        "yield sector({**GOOD, name: value})",
        'yield sector({**GOOD, "seq": value})',
        "tests/lab/means/test_state_file.py",
        "one value of the state is attacked, and the others are not",
    ),
    Fault(
        "lab/means/state_file.py",
        '    yield request({"good": values[-1], **beyond(challenge)})\n',
        "",
        "tests/lab/means/test_state_file.py",
        "a start has no request of the attacker's",
    ),
    Fault(
        "lab/means/exposed_shell.py",
        "answer == challenge.answers[0]",
        "answer",
        "tests/lab/means/test_exposed_shell.py",
        "an echo of the command is taken for a version that runs",
    ),
    Fault(
        "lab/means/exposed_shell.py",
        "while len(heard) < LIMIT and",
        "while",
        "tests/lab/means/test_exposed_shell.py",
        "a port that sends without end fills the memory",
    ),
    Fault(
        "lab/means/root_shell.py",
        "[^\\s#]*",
        "\\S*",
        "tests/lab/means/test_root_shell.py",
        "words of the boot loader are taken for a shell, and keys stop the serial line",
    ),
    Fault(
        "lab/means/boot_card.py",
        ",readonly=on",
        "",
        "tests/lab/means/test_boot_card.py",
        "what runs in the machine changes the card for the next device",
    ),
    Fault(
        "lab/means/boot_card.py",
        "    if image.exists():\n        return image\n",
        "",
        "tests/lab/means/test_boot_card.py",
        "the second device is given another card",
    ),
    Fault(
        "lab/attack/partition_table_forged.py",
        "(*lies, *partitions)",
        "(*partitions, *lies)",
        "tests/lab/attack/test_partition_table_forged.py",
        "the true places come first, and the forged table changes nothing",
    ),
    Fault(
        "lab/target.py",
        "return os.pread(self.media.flash.fileno(), size, at)",
        "return self.media.flash.seek(at) * b'' + self.media.flash.read(size)",
        "tests/lab/test_target_media.py",
        "what the device wrote to its flash is not seen",
    ),
)
