"""Kernel parameters, mandatory access control, containers."""

from fault import Fault

FAULTS = (
    Fault(
        "checks/kernel/sysctl.py",
        "    if row.enough(verdicts) and",
        "    if any(verdicts) and",
        "tests/checks/kernel/test_sysctl.py",
        "one good parameter of two is enough",
    ),
    Fault(
        "checks/kernel/sysctl.py",
        "not any(one is not None and row.fits(one) for one in own)",
        "False",
        "tests/checks/kernel/test_sysctl.py",
        "a default for later interfaces taken for what those get that are there",
    ),
    Fault(
        "checks/kernel/sysctl.py",
        "    elif not settings.unread:",
        "    else:",
        "tests/checks/kernel/test_sysctl.py",
        "a parameter is called left alone although a file could not be read",
    ),
    Fault(
        "facts/sysctl.py",
        "if init.program is Program.SYSTEMD and _at_boot(units):",
        "if _at_boot(units):",
        "tests/facts/test_sysctl.py",
        "files count that nothing applies",
    ),
    Fault(
        "facts/scripts/builtins.py",
        "    if target.startswith(PARAMETERS):",
        "    if target == PARAMETERS:",
        "tests/facts/test_sysctl.py tests/test_every_check.py",
        "what a script writes to proc/sys is not seen",
    ),
    Fault(
        "facts/apparmor.py",
        'disabled = tree.lstat(f"{FOLDER}/disable/{name}") is not None',
        "disabled = False",
        "tests/facts/test_apparmor.py",
        "a profile that is kept out counts as loaded",
    ),
    Fault(
        "facts/apparmor.py",
        "loaded = startup is None or _starts(startup, units, running)",
        "loaded = True",
        "tests/facts/test_apparmor.py tests/checks/service",
        "profiles count that nothing loads",
    ),
    Fault(
        "facts/selinux.py",
        "return last[1] if last is not None and last[0] in RELAXED else None",
        "return last[1] if last is not None else None",
        "tests/checks/service/test_mac.py",
        "setenforce 1 is taken for setenforce 0",
    ),
    Fault(
        "checks/service/mac_profile_missing.py",
        "return service.program in SHELLS or not service.is_root or fenced",
        "return True",
        "tests/checks/service/test_mac.py",
        "a service as root without a profile is low",
    ),
    Fault(
        "checks/service/container_unsafe.py",
        "is_asked = container.is_whole or not row.by_absence",
        "is_asked = True",
        "tests/checks/service/test_container_unsafe.py",
        "a piece of a compose file is asked for what another file holds",
    ),
    Fault(
        "checks/service/container_unsafe.py",
        "        return (LOW if reads_little else MEDIUM) if one.read_only else HIGH",
        "        return LOW",
        "tests/checks/service/test_container_unsafe.py",
        "a container that writes the device's folders is low",
    ),
    Fault(
        "facts/container/run_command.py",
        "if not sign and name not in SWITCHES:",
        "if not sign:",
        "tests/facts/test_containers.py",
        "a switch of docker run takes the next word",
    ),
    Fault(
        "facts/containers.py",
        "    elif startup is not None and startup.blind is not None:",
        "    elif startup is not None and startup.blind == '':",
        "tests/test_every_loss.py -k container-unsafe",
        "a script that cannot be read hides the containers that it runs",
    ),
    Fault(
        "formats/yaml_subset.py",
        "                    found.setdefault(key, value)",
        "                    found[key] = value",
        "tests/formats/test_yaml_subset.py",
        "a merged mapping replaces what is written out",
    ),
)
