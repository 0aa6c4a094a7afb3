"""Services that start no more, accounts that are locked, files that are fenced, secrets that each device makes."""

from fault import Fault

MANAGERS = "tests/harden/managers/test_managers.py"
FIRST_BOOT = "tests/harden/first_boot/test_first_boot.py"
OPENRC = "tests/facts/test_openrc.py"
CURES = "tests/checks/service/test_cures.py"
CHANGES = "tests/harden/changes/test_lines_and_attributes.py"

FAULTS = (
    Fault(
        "harden/managers/systemd.py",
        "meant = (true_name, *_starters(units, true_name))",
        "meant = (true_name,)",
        MANAGERS,
        "a service comes back by its socket",
    ),
    Fault(
        "harden/managers/systemd.py",
        "    for one in _started(site.draft, meant):\n        _mask(site.draft, one)\n",
        "",
        MANAGERS,
        "what a unit of the system wants is not masked",
    ),
    Fault(
        "harden/managers/systemd.py",
        "    if GENERATED.fullmatch(true_name):\n        _mask(site.draft, true_name)\n",
        "",
        MANAGERS,
        "a generator starts the login on the console again",
    ),
    Fault(
        "harden/managers/sysv.py",
        "for step in (_rename, _unright):",
        "for step in (_unright,):",
        MANAGERS,
        "a script that is sourced runs without the right to be run",
    ),
    Fault(
        "harden/managers/openrc.py",
        "if isinstance(found, OpenrcServices) and name in found.started:",
        "if False:",
        MANAGERS,
        "a service that another one needs passes for disabled",
    ),
    Fault(
        "facts/init.py",
        " or any(places.hands_to_openrc(tree, path) for path in _called(text))",
        "",
        OPENRC,
        "SysV's init whose scripts hand over to OpenRC passes for SysV's own",
    ),
    Fault(
        "facts/scripts/walk.py",
        "        if places.hands_to_openrc(self.tree, entry.path):\n            return False\n",
        "",
        OPENRC,
        "SysV's links count as started though OpenRC has its runlevels",
    ),
    Fault(
        "facts/openrc.py",
        "known = lsb.facilities(tree) if tree.exists(lsb.PROGRAM) else None",
        "known = None",
        MANAGERS,
        "what the header of a SysV script requires passes for disabled",
    ),
    Fault(
        "facts/openrc.py",
        "if not {*enabled, *started} & set(choice)",
        "if choice",
        OPENRC,
        "a second one that provides a name counts as started",
    ),
    Fault(
        "facts/scripts/lsb.py",
        '        elif not word.startswith("+"):',
        "        else:",
        "tests/facts/scripts/test_lsb.py",
        "what is optional counts as needed",
    ),
    Fault(
        "harden/runlevels.py",
        'return next(mounting, f"{FOLDER}/boot")',
        'return f"{FOLDER}/boot"',
        "tests/harden/firewall/test_start.py",
        "the rules come behind Debian's network",
    ),
    Fault(
        "harden/first_boot/starting/openrc.py",
        "\\tafter {' '.join(runlevels.MOUNTS)}",
        "\\tneed localmount",
        FIRST_BOOT,
        "Debian's OpenRC, which has no localmount, does not start what makes the key",
    ),
    Fault(
        "harden/managers/inetd.py",
        "tables = super_server.tables(site, Manager.INETD, usual)",
        "tables = usual",
        MANAGERS,
        "the table that inetd is started with is not looked at",
    ),
    Fault(
        "facts/scripts/lone.py",
        "if alone.problems or not own or own != self._commands.get(number):",
        "if alone.problems or not own:",
        "tests/facts/scripts/test_lone.py",
        "a line that something else hangs on goes",
    ),
    Fault(
        "facts/closings.py",
        "if whole is not None and is_own and not others:",
        "if whole is not None:",
        "tests/facts/test_closings.py",
        "a script goes with all that it starts for one line",
    ),
    Fault(
        "facts/storage.py",
        "if not PLAIN.fullmatch(place) or f",
        "if not PLAIN.fullmatch(place) and f",
        FIRST_BOOT,
        "what is in memory passes for storage that lasts",
    ),
    Fault(
        "harden/first_boot/ssh_host_key.py",
        '[ -s "$2" ] && return 0',
        '[ -e "$2" ] && return 0',
        FIRST_BOOT,
        "an empty key is taken for one",
    ),
    Fault(
        "harden/first_boot/__init__.py",
        'if not storage.PLAIN.fullmatch(f"/{path}"):',
        "if False:",
        FIRST_BOOT,
        "any path gets into the script",
    ),
    Fault(
        "harden/first_boot/__init__.py",
        "        _require_started(draft, script)\n",
        "",
        FIRST_BOOT,
        "a script that nothing starts passes for one that makes the key",
    ),
    Fault(
        "harden/first_boot/machine_id.py",
        'site.draft.write(SYSTEMDS, "", 0o444)',
        'site.draft.write(SYSTEMDS, "uninitialized\\n", 0o444)',
        FIRST_BOOT,
        "every first boot enables what presets say",
    ),
    Fault(
        "facts/declared_services.py",
        "return declared.isdisjoint(meant) and not any(",
        "return not any(",
        CURES,
        "a service that the policy names is stopped as safe",
    ),
    Fault(
        "checks/service/cures/at_first_boot.py",
        "if maker and maker not in names:",
        "if False:",
        CURES,
        "a key is left out as safe though nothing can make one",
    ),
    Fault(
        "harden/lines.py",
        "return not self.has(text) and self._below().has(text)",
        "return not self.has(text)",
        CHANGES,
        "a line that never was there passes for removed",
    ),
)
