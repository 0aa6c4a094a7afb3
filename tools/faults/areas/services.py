"""Services: whose rights they have and what confines them."""

from fault import Fault

SERVICES = "tests/facts/test_services.py"
CONFINEMENT = "tests/facts/test_unit_confinement.py"

FAULTS = (
    Fault(
        "facts/behind.py",
        "place += valued == len(word)",
        "place += 0",
        "tests/facts/test_behind.py",
        "the value of a super-server's option taken for its address",
    ),
    Fault(
        "facts/services.py",
        "if self.is_basic or self.is_remote_shell:",
        "if self.is_basic:",
        "tests/checks/service",
        "a remote shell counted as something that limits and a sandbox would help",
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
        "return any(policy.allows_listening(one.protocol, one.port) for one in service.opened)",
        "return False",
        "tests/checks/service",
        "a service on a declared port told as undeclared",
    ),
    Fault(
        "facts/scripts/walk.py",
        "stays and names <= endless.CLIENTS and not endless.is_left(loop.body)",
        "stays and names <= endless.CLIENTS",
        "tests/facts/scripts",
        "a loop that waits for something taken for a service",
    ),
    Fault(
        "facts/scripts/endless.py",
        "return program.literal in PAUSES or (status is True and is_fixed)",
        "return status is True and is_fixed",
        "tests/facts/scripts tests/facts/test_procd.py",
        "a script that does its work between pauses is no service",
    ),
    Fault(
        "checks/service/service_unsandboxed.py",
        "return all_powerful or (bool(service.opened) and is_bare)",
        "return all_powerful",
        "tests/checks/service",
        "a server that a script starts with nothing around it passes",
    ),
)
