"""Services: whose rights they have and what confines them."""

from fault import Fault

SERVICES = "tests/facts/test_services.py"
CONFINEMENT = "tests/facts/test_unit_confinement.py"

FAULTS = (
    Fault(
        "facts/services.py",
        "if self.is_basic:",
        "if self.is_basic or self.is_remote_shell:",
        "tests/checks/service",
        "telnetd without limits and a sandbox left in peace like an SSH server",
    ),
    Fault(
        "facts/scripts/cgroups.py",
        "if _has_file(walk, group, name):",
        "if True:",
        "tests/facts/scripts",
        "a limit counted whose controller no group above hands down",
    ),
    Fault(
        "facts/scripts/copies.py",
        "if is_multi_call(source) and not is_multi_call(name):",
        "if is_multi_call(source):",
        "tests/facts/scripts",
        "a copy that is called busybox... taken for an applet of that name",
    ),
    Fault(
        "facts/startup.py",
        "is_usual = is_usual or table is None",
        "is_usual = True",
        "tests/facts/test_inetd.py",
        "inetd's usual table served by one that is started with another",
    ),
    Fault(
        "facts/scripts/quiet.py",
        'not (stays and arguments[0] == "-v")',
        "True",
        "tests/checks/service",
        "a service that is told to say more taken for a question",
    ),
    Fault(
        "facts/behind.py",
        'return word if before == "-m" else None',
        "return None",
        "tests/facts/test_behind.py",
        "a module that an interpreter runs not named",
    ),
    Fault(
        "facts/containers.py",
        "for key in sorted(by_name)",
        "for key in by_name",
        "tests/facts/test_containers.py",
        "the drop-ins of a quadlet read in another order than by name",
    ),
    Fault(
        "facts/services.py",
        "if reach(one, firewall) is not Reach.CLOSED",
        "if True",
        "tests/checks/service",
        "a socket behind the firewall or on the loopback counted as reachable",
    ),
    Fault(
        "facts/units/command.py",
        'ends = kind is not None and kind.value == "oneshot"',
        "ends = False",
        SERVICES,
        "a unit that ends taken for a service",
    ),
    Fault(
        "facts/services.py",
        "None if undecided else is_root,",
        "False if undecided else is_root,",
        SERVICES,
        "a user that is not known taken for an account of its own",
    ),
    Fault(
        "facts/own_user.py",
        "if given is None and row.key and not is_applet:",
        "if False:",
        SERVICES,
        "the user in a daemon's configuration not looked at",
    ),
    Fault(
        "facts/own_user.py",
        "if row.keeps and arguments.has(*row.keeps):",
        "if False:",
        SERVICES,
        "an option that keeps root not heard",
    ),
    Fault(
        "facts/units/load.py",
        "if setting.key in TO_NOTHING:",
        "if False:",
        CONFINEMENT,
        "an empty bounding set taken for none",
    ),
    Fault(
        "facts/units/confinement.py",
        "return not is_root(unit) and not ambient & MASTERLY",
        "return not is_root(unit)",
        CONFINEMENT,
        "ambient capabilities of a user not counted",
    ),
    Fault(
        "facts/units/confinement.py",
        'name = stem.rpartition("-")[0] + ".slice"',
        "return",
        CONFINEMENT,
        "the slices above a slice not looked at",
    ),
    Fault(
        "facts/scripts/walk.py",
        "self._measures, self._stays = kept",
        "pass",
        SERVICES,
        "a limit set in one script taken over into others",
    ),
    Fault(
        "facts/scripts/confinement.py",
        'if not {"procfs", "sysfs"} & set(text.split()):',
        "if True:",
        SERVICES,
        "a jail with /proc and /sys in it taken for one without",
    ),
    Fault(
        "facts/installed_programs.py",
        "return entry.kind is Kind.FILE and bool(entry.mode & 0o111)",
        "return entry.kind is Kind.FILE",
        "tests/checks/binary/test_debug_tool_shipped.py",
        "a file that cannot be run taken for a tool",
    ),
    Fault(
        "checks/service/service_unneeded.py",
        "return any(policy.allows_listening(one.protocol, one.port) for one in service.listeners)",
        "return False",
        "tests/checks/service",
        "a service on a declared port told as undeclared",
    ),
)
