"""Sandboxes, users and limits of services, profiles of AppArmor, and containers: how they are cured."""

from fault import Fault

SANDBOXES = "tests/harden/test_sandboxes.py"
LINES = "tests/harden/test_confined_lines.py"
PROFILES = "tests/harden/test_apparmor_profiles.py"
CONTAINERS = "tests/harden/test_container_cures.py"

FAULTS = (
    Fault(
        "checks/service/confining/cure.py",
        "if case.is_declared and not service.is_beyond:",
        "if case.is_declared:",
        SANDBOXES,
        "a sandbox promised as safe to who does more than was seen in it",
    ),
    Fault(
        "checks/service/confining/cure.py",
        "if case.is_declared and not service.is_beyond:",
        "if not service.is_beyond:",
        SANDBOXES,
        "a sandbox promised as safe without the maker's word",
    ),
    Fault(
        "checks/service/confining/systemd.py",
        "if row is None or not row.seen:",
        "if row is None:",
        SANDBOXES,
        "a filter of calls for a program that nobody saw under it",
    ),
    Fault(
        "checks/service/confining/systemd.py",
        'and not value.startswith("~"):',
        "and value:",
        SANDBOXES,
        "a list of what is taken away emptied first, so that no capability is left",
    ),
    Fault(
        "checks/service/confining/systemd.py",
        "return next(name for name in names if name >= service.drop_in)",
        "return first",
        SANDBOXES,
        "a drop-in that counts less than the unit's own",
    ),
    Fault(
        "checks/service/confining/systemd.py",
        'replace("%", "%%")',
        'replace("%", "%")',
        SANDBOXES,
        "a percent sign in a path that systemd fills in",
    ),
    Fault(
        "checks/service/confining/commands.py",
        "if len(own) != 1 or line",
        "if not own or line",
        LINES,
        "the first of two calls of a program confined, and the other not",
    ),
    Fault(
        "checks/service/confining/commands.py",
        "(wanted.user and not PLAIN_NAME.fullmatch(wanted.user))",
        "False",
        LINES,
        "an account's name that is more than a word put into a script",
    ),
    Fault(
        "checks/service/confining/commands.py",
        "if len(process) <= PROCESS_LIMIT else None",
        "if process else None",
        LINES,
        "a line of inittab that init does not take",
    ),
    Fault(
        "checks/service/confining/apparmor.py",
        "if PLAIN_PATH.fullmatch(plain):",
        "if plain:",
        PROFILES,
        "a path of the policy that becomes rules of its own",
    ),
    Fault(
        "checks/service/confining/apparmor.py",
        "or name != service.program",
        "or False",
        PROFILES,
        "a profile for a program that others are too",
    ),
    Fault(
        "checks/service/confining/apparmor.py",
        "or _manages_containers(name)",
        "or False",
        PROFILES,
        "a profile in which the engine of containers cannot mount",
    ),
    Fault(
        "facts/sandboxes/sshd.py",
        "CAP_SYS_BOOT CAP_SYS_ADMIN ",
        "CAP_SYS_BOOT ",
        SANDBOXES,
        "a row that leaves more than its exposure says",
    ),
    Fault(
        "facts/sandboxes/dropbear.py",
        '"AF_INET AF_INET6 AF_NETLINK AF_UNIX"',
        '"AF_INET AF_INET6 AF_NETLINK AF_UNIX AF_PACKET"',
        SANDBOXES,
        "a login that reads all that passes on the network",
    ),
    Fault(
        "facts/sandboxes/dockerd.py",
        '("DevicePolicy", "closed"),',
        "",
        SANDBOXES,
        "an engine of containers that reaches every device",
    ),
    Fault(
        "checks/service/confining/containers.py",
        "or found == 1",
        "or found >= 0",
        CONTAINERS,
        "what the program itself is told taken for the engine's options",
    ),
    Fault(
        "facts/container/lines.py",
        "if plain else ()",
        "if found else ()",
        CONTAINERS,
        "lines with a secret kept for cures",
    ),
    Fault(
        "facts/services.py",
        "if sandbox.SECRET.search(line):",
        "if False:",
        LINES,
        "a command line with a secret copied into a remedy",
    ),
    Fault(
        "harden/settings/docker_daemon.py",
        "if table.get(option) == wanted:",
        "if option in table:",
        CONTAINERS,
        "an option of the engine that stays what it was",
    ),
)
