"""Device trees, serial lines, debug ports, and what keeps keys or notices an opened case."""

from fault import Fault

TREES = "tests/facts/test_device_trees.py"
CONSOLES = "tests/facts/test_consoles.py"
LOGINS = "tests/facts/test_serial_logins.py"
IMAGES = "tests/checks/boot/test_serial.py"
STORES = "tests/checks/life/test_key_stores.py"

FAULTS = (
    Fault(
        "formats/device_tree.py",
        'or (above and above[-1][0] == "aliases")',
        "",
        TREES,
        "aliases are lost where few properties are kept",
    ),
    Fault(
        "facts/device_trees.py",
        'enabled and ("status" not in one.properties or one.is_enabled)',
        '("status" not in one.properties or one.is_enabled)',
        TREES,
        "what lies in a node that is not in use counts as in use",
    ),
    Fault(
        "facts/debug_pins.py",
        "if phandle in named",
        "if phandle",
        "tests/facts/test_debug_pins.py",
        "pins that nothing gives to JTAG count as given",
    ),
    Fault(
        "facts/debug_pins.py",
        "        if enabled:\n            named",
        "        if True:\n            named",
        "tests/facts/test_debug_pins.py",
        "a device that is not in use gives pins to JTAG",
    ),
    Fault(
        "facts/device_trees.py",
        r"tcg,tpm[\w-]*|",
        r"[\w,-]*tpm[\w-]*|",
        TREES,
        "a timer that is called tpm is taken for a TPM",
    ),
    Fault(
        "facts/device_trees.py",
        "if told == {True, False} and not self.is_settled:",
        "if False:",
        TREES,
        "what one of many trees says is said of the board",
    ),
    Fault(
        "facts/device_trees.py",
        "if True not in told and self.unread:",
        "if False:",
        TREES,
        "a tree that cannot be read is one without debug ports",
    ),
    Fault(
        "facts/boot_tree.py",
        'if not line.lstrip().startswith("#"))',
        "if line)",
        TREES,
        "a tree in a comment is the one that boots",
    ),
    Fault(
        "facts/boot_tree.py",
        'if near and id.startswith(near + "/")] or whole',
        "if near] or whole",
        TREES,
        "a slot's configuration names the other slot's tree",
    ),
    Fault(
        "facts/boot_tree.py",
        "certain = {id for ids in named if len(ids) == 1 for id in ids}",
        "certain = {id for ids in named for id in ids}",
        TREES,
        "a menu of several trees settles all of them",
    ),
    Fault(
        "facts/consoles.py",
        "last = [values[-1] for one in group",
        "last = [values[0] for one in group",
        CONSOLES,
        "the first console= is taken for the console",
    ),
    Fault(
        "facts/serial_logins.py",
        "return None if main is False else (terminal, main is True)",
        "return terminal, main is True",
        LOGINS,
        "a getty on a screen is one on a serial line",
    ),
    Fault(
        "facts/serial_logins.py",
        "or _is_masked(tree, instance)",
        "",
        LOGINS,
        "a masked serial getty starts",
    ),
    Fault(
        "facts/serial_logins.py",
        "own = _instance_command(tree, instance) or",
        "own =",
        LOGINS,
        "a drop-in of one line that logs in by itself is not seen",
    ),
    Fault(
        "checks/boot/debug_uart_enabled.py",
        "for found in open_ if trees.is_settled else open_[:1]:",
        "for found in open_:",
        IMAGES,
        "a distribution's trees make a finding each",
    ),
    Fault(
        "facts/key_keepers.py",
        'and not line.lstrip().startswith("#") and "tpm2-" in fields[3]',
        'and "tpm2-" in fields[3]',
        STORES,
        "a comment in crypttab uses the TPM",
    ),
    Fault(
        "facts/key_keepers.py",
        'return mapping.key in (None, "-", "/dev/stdin")',
        "return False",
        STORES,
        "a key that a program of the maker's hands over makes the TPM unused",
    ),
    Fault(
        "facts/serial_logins.py",
        'return all(word.startswith("-") for word in argv[1:])',
        "return True",
        LOGINS,
        "a shell that runs a script is a login",
    ),
    Fault(
        "facts/serial_logins.py",
        'if terminal == "console" and program in SHELLS and process.manager is Manager.SCRIPT:',
        "if False:",
        LOGINS,
        "the shell of an initramfs that fails is a login",
    ),
)
