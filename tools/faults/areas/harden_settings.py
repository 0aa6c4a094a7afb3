"""Settings: that an option is set where it counts, once, and nothing else; and that safe means safe."""

from fault import Fault

FORMATS = "tests/harden/settings"
SAFETY = "tests/harden/test_settings_safety.py"
ROUND = "tests/harden/test_settings_round.py"
CHANGE = "tests/harden/changes/test_set_option.py"

FAULTS = (
    Fault(
        "harden/settings/sshd.py",
        "wanted = _normal(section) if section is not None else ()",
        "wanted: tuple[str, ...] = ()",
        FORMATS,
        "a Match block's option set for all",
    ),
    Fault(
        "harden/settings/sshd.py",
        'return () if pairs == ["all"] else tuple(pairs)',
        "return tuple(pairs)",
        FORMATS,
        "what stands behind `Match all` taken for a condition",
    ),
    Fault(
        "harden/assignment.py",
        "if number in said and (self.repeats or not done):",
        "if number in said:",
        FORMATS,
        "an option that is said twice left twice",
    ),
    Fault(
        "harden/settings/nginx.py",
        "if BREAKING.search(value):",
        "if False:",
        FORMATS,
        "a value that ends nginx's directive and begins another written as it is",
    ),
    Fault(
        "harden/changes/set_option.py",
        "if BREAKS & set(",
        "if set() & set(",
        CHANGE,
        "a value of several lines written into a file",
    ),
    Fault(
        "harden/changes/set_option.py",
        "if change.path.startswith(uci.FOLDER):",
        "if False:",
        CHANGE,
        "what OpenWrt's first start sets left as it is",
    ),
    Fault(
        "harden/settings/command.py",
        'stops = any(word.bare in ("-K", "--stop") for word in words)',
        "stops = False",
        FORMATS,
        "the command that stops a program given its options",
    ),
    Fault(
        "harden/settings/command.py",
        "names = holders if found else",
        "names = set(variables) if found else",
        FORMATS,
        "an option taken out of variables that the command is not given",
    ),
    Fault(
        "harden/mount_words.py",
        'if value != "no" and wanted in listed and not {opposite, "defaults"} & set(listed):',
        'if value != "no" and wanted in listed:',
        FORMATS,
        "an option of a mount that a later word takes back left so",
    ),
    Fault(
        "harden/settings/shell_variables.py",
        "shlex.quote(value)",
        "value",
        FORMATS,
        "a value written unquoted into a file that a shell reads",
    ),
    Fault(
        "harden/settings/unit.py",
        "if not COMMANDS.fullmatch(option):",
        "if True:",
        FORMATS,
        "a drop-in's command added to the unit's own",
    ),
    Fault(
        "facts/declared_logins.py",
        'if names is None or "root" in names:',
        "if names is None:",
        SAFETY,
        "root, whom the policy lets log in, locked out as safe",
    ),
    Fault(
        "facts/declared_services.py",
        "return Safety.SAFE if is_undeclared(policy, (program, service), sockets) else Safety.UNSAFE",
        "return Safety.SAFE",
        SAFETY,
        "a declared service closed as safe",
    ),
    Fault(
        "facts/sshd.py",
        "if place and place not in files and any(",
        "if False and any(",
        ROUND,
        "a keyword of the command line set in the file, which does not count",
    ),
    Fault(
        "checks/kernel/sysctl.py",
        "if row.key == LATE:",
        "if False:",
        SAFETY,
        "modules switched off before the drivers are loaded",
    ),
)
