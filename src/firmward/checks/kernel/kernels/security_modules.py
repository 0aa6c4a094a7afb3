"""Which security modules a kernel starts.

Rules, from the kernel's security/security.c. From Linux 5.1 on `lsm=`, else CONFIG_LSM, names them in order; one that
is not built or is switched off is passed over, and of SELinux, AppArmor and Smack the first that is left keeps the
others out. `security=`, which counts without `lsm=` alone, leaves of these and TOMOYO only the named one, and adds it
where the list lacks it. Before 5.1 `security=`, else CONFIG_DEFAULT_SECURITY, names the only one. `selinux=0` and
`apparmor=0` switch off (SELinux where CONFIG_SECURITY_SELINUX_BOOTPARAM allows it).
"""

from firmward.checks.kernel.options.row import version_of
from firmward.facts.kernel_command_line import CommandLine
from firmward.facts.kernel_config import KernelOptions
from firmward.model.facts import Unknown

NAMES = {"selinux": "SELinux", "apparmor": "AppArmor", "smack": "Smack", "tomoyo": "TOMOYO", "landlock": "Landlock"}
OPTIONS = {name: f"SECURITY_{name.upper()}" for name in NAMES}
MANDATORY = ("selinux", "apparmor", "smack", "tomoyo")
"""Those that hold programs to a policy which they did not write."""
EXCLUSIVE = frozenset(("selinux", "apparmor", "smack"))
ORDERED_SINCE = (5, 1)


def built(options: KernelOptions, name: str) -> bool | Unknown:
    security = options.is_on("SECURITY")
    return options.is_on(OPTIONS[name]) if security is not False else False


def started(options: KernelOptions, line: CommandLine) -> tuple[str, ...] | Unknown:
    """The modules of NAMES that run, by a command line."""
    named = _named(options, line)
    if isinstance(named, Unknown):
        return named
    found: list[str] = []
    for name in dict.fromkeys(one for one in named if one in NAMES):
        there = built(options, name)
        if isinstance(there, Unknown):
            return there
        is_kept_out = name in EXCLUSIVE and not EXCLUSIVE.isdisjoint(found)
        if there and not is_kept_out and not _is_switched_off(options, line, name):
            found.append(name)
    return tuple(found)


def _named(options: KernelOptions, line: CommandLine) -> tuple[str, ...] | Unknown:
    chosen = line.get("security")
    ordered = is_ordered(options)
    if isinstance(ordered, Unknown):
        return ordered
    if not ordered:
        default = options.get("DEFAULT_SECURITY")
        if chosen is None and default == "n":  # before Linux 2.6.33 the first that is built
            return MANDATORY
        return default if isinstance(default, Unknown) and chosen is None else (chosen or str(default),)
    listed = line.get("lsm")
    given = options.get("LSM") if listed is None else listed
    if isinstance(given, Unknown):
        return given
    names = tuple(given.split(","))
    if chosen is None or listed is not None:
        return names
    left = tuple(one for one in names if one not in MANDATORY or one == chosen)
    return (*left, chosen)


def is_ordered(options: KernelOptions) -> bool | Unknown:
    """Whether a list says which modules start, as from Linux 5.1 on."""
    for option, means in (("LSM", True), ("DEFAULT_SECURITY", False)):
        if option in options.options:
            return means
    version = version_of(options)
    return version if isinstance(version, Unknown) else version >= ORDERED_SINCE


def _is_switched_off(options: KernelOptions, line: CommandLine, name: str) -> bool:
    """Only the number 0 switches off; before Linux 5.1 the configuration says what counts without the word."""
    if name not in ("selinux", "apparmor"):
        return False
    default = options.options.get(f"{OPTIONS[name]}_BOOTPARAM_VALUE", "1")
    listens = name != "selinux" or options.is_on("SECURITY_SELINUX_BOOTPARAM") is not False
    word = line.get(name) if listens else None
    return (default if word is None else word) == "0"
