"""Words of the command line beside the options that they stand for, and kernel parameters."""

from fault import Fault

WORDS = "checks/kernel/command_line/words.py"
LACKING = "checks/kernel/command_line/lacking.py"
ROW = "checks/kernel/options/row.py"
CHECK = "checks/kernel/kernel_cmdline.py"
LINES = "checks/kernel/kernels/command_lines.py"
SYSCTL = "checks/kernel/sysctl.py"
OF_WORDS = "tests/checks/kernel/command_line/test_words.py"
OF_CHECK = "tests/checks/kernel/test_kernel_cmdline.py"
OF_SYSCTL = "tests/checks/kernel/test_sysctl.py"

FAULTS = (
    Fault(WORDS, "in reversed(line.arguments)", "in line.arguments", OF_WORDS, "the first of two words counts"),
    Fault(
        WORDS,
        "return next((word for word in own if self._decides(word)), None)",
        "return next(own, None)",
        OF_WORDS,
        "a value that the kernel does not understand counts",
    ),
    Fault(
        WORDS,
        "return bool(answers) and all(answers)",
        "return any(answers)",
        OF_CHECK,
        "a word on one line of several is enough",
    ),
    Fault(WORDS, r'YES, NO = r"(?:[1yYtT].*|', r'YES, NO = r"(?:1|', OF_WORDS, "a switch is on for 1 alone"),
    Fault(
        ROW,
        "return self.words.needs is None or self.words.needs(kernel.options)",
        "return True",
        OF_CHECK,
        "a word cures what it can do nothing for",
    ),
    Fault(
        ROW,
        " or self.is_set(kernel.options) is not self.words.is_default:",
        ":",
        OF_CHECK,
        "a word takes back what is not built",
    ),
    Fault(
        LINES,
        "return CommandLine(() if _is_any(options, SPARE) else options",
        "return CommandLine(options",
        OF_CHECK,
        "built-in words count that a boot loader replaces",
    ),
    Fault(CHECK, " or undoing.tells(word):", ":", OF_CHECK, "a word is told twice"),
    Fault(
        CHECK,
        "if row.lacks(kernel, line) and not (word is not None and undoing.tells(word)):",
        "if row.lacks(kernel, line):",
        OF_CHECK,
        "what is undone is told as lacking too",
    ),
    Fault(
        CHECK,
        "    else:\n        yield from _unlocked(command_lines)",
        "    yield from _unlocked(command_lines)",
        OF_CHECK,
        "lockdown is missed on the line and in the configuration",
    ),
    Fault(
        LACKING,
        "if self.cause and self.cause_on(line) is None:",
        "if False:",
        OF_CHECK,
        "hashed pointers are missed where nothing undoes them",
    ),
    Fault(
        LACKING,
        "return settled((one(kernel.options) for one in self.needs), False) is True",
        "return True",
        OF_CHECK,
        "a word is missed that this kernel does nothing with",
    ),
    Fault(
        "checks/kernel/command_line/undoing.py",
        'r"ssbd=force-off"',
        'r"ssbd=force_off"',
        OF_WORDS,
        "a value is written as names are compared",
    ),
    Fault(SYSCTL, "if most and number < min(most):", "if most and number > min(most):", OF_SYSCTL, "fewer bits pass"),
    Fault(
        SYSCTL,
        "off = bool(lines) and all(",
        "off = bool(lines) and any(",
        OF_SYSCTL,
        "one entry without IPv6 speaks for all",
    ),
)
