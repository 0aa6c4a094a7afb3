"""Ways into the kernel that a device can do without: in its configuration and among its modules."""

from fault import Fault

ROWS = "tests/checks/kernel/options/test_surface_rows.py"
CHECK = "tests/checks/kernel/test_kernel_module_unneeded.py"
RULES, SHIPPED, LOADED = (f"tests/facts/test_{name}.py" for name in ("modprobe", "shipped_modules", "loaded_modules"))
UNNEEDED = "checks/kernel/kernel_module_unneeded.py"
SURFACE, ROW = "checks/kernel/options/attack_surface.py", "checks/kernel/options/row.py"
JUDGED = "tests/checks/kernel/options/test_row.py"

FAULTS = (
    Fault(
        SURFACE,
        "MEDIUM, architectures=X86 | ARM64, instead=",
        "MEDIUM, architectures=X86 | ARM64 | ARM, instead=",
        ROWS,
        "one option is asked twice of an architecture",
    ),
    Fault(SURFACE, "until=(5, 13)", "until=(5, 31)", ROWS, "an option is asked of kernels that have it no more"),
    Fault(
        SURFACE,
        'instead=(built("LEGACY_VSYSCALL_NONE"),)',
        'instead=(off("LEGACY_VSYSCALL_NONE"),)',
        ROWS,
        "what is as good as an option is taken for its contrary",
    ),
    Fault(ROW, "else own < version\n", "else own >= version\n", ROWS, "later kernels may lack what they all have"),
    Fault(
        ROW,
        "return own if isinstance(own, Unknown) else own < version",
        "return isinstance(own, Unknown) or own < version",
        ROWS,
        "a kernel of unknown version counts as an old one",
    ),
    Fault(
        ROW,
        "        if asked is False:\n            return None\n",
        "",
        JUDGED,
        "an option is wanted of kernels that cannot have it",
    ),
    Fault(
        ROW,
        "        if own is True or not self.instead:\n",
        "        if True:\n",
        JUDGED,
        "what is as good as an option does not count",
    ),
    Fault(
        ROW,
        "self.option in kernel.options.options:",
        "False:",
        JUDGED,
        "an option that a stable kernel took over is not asked for",
    ),
    Fault(
        "cli/verdicts.py",
        "or (rootless and is_of_rootless(one))",
        "",
        "tests/cli/test_loose.py",
        "a kernel's configuration alone cannot be judged",
    ),
    Fault(
        "audit/kernel.py",
        "elif allowance(CHECK, row.name, policy) is not None:",
        "elif False:",
        "tests/audit/test_kernel.py",
        "what a profile leaves out is counted as missing",
    ),
    Fault(
        ROW,
        "    return former if is_older or former in kernel.options.options else option",
        "    return option",
        "tests/checks/kernel/test_kernel_config.py",
        "a cure names an option that the kernel has not got",
    ),
    Fault(
        "audit/profiles.py",
        "if one.check == check and key in one.keys",
        "if key in one.keys",
        "tests/audit/test_profiles.py",
        "a profile accepts findings of other checks",
    ),
    Fault(
        "checks/kernel/kernel_config.py",
        "    if doubts or configs.unread:",
        "    if configs.unread:",
        "tests/checks/kernel/test_kernel_config.py",
        "a defconfig passes",
    ),
    Fault(
        "checks/kernel/options/userspace.py",
        'value("PAGE_OFFSET", "0xC0000000")',
        'value("PAGE_OFFSET", "0x80000000")',
        ROWS,
        "a kernel that leaves programs 3 GiB and does not say VMSPLIT_3G is blamed",
    ),
    Fault(
        UNNEEDED, "if (built or lying) and doubt:", "if False:", CHECK, "file systems are told where no mount is known"
    ),
    Fault(
        UNNEEDED,
        "if present.built_in is None:",
        "if False:",
        CHECK,
        "a kernel whose configuration is not known has no driver built in",
    ),
    Fault(
        UNNEEDED,
        "    elif shipped.built_in is None:",
        "    elif False:",
        CHECK,
        "an option that a defconfig leaves out is off",
    ),
    Fault(
        UNNEEDED,
        "shipped.with_needs(frozenset(module_name(name) for name in (*declared, *booted)))",
        "frozenset(module_name(name) for name in (*declared, *booted))",
        CHECK,
        "what a loaded module needs is not needed",
    ),
    Fault(
        UNNEEDED,
        'for one in mount.type.split(",")) | own',
        'for one in mount.type.split(","))',
        CHECK,
        "the root's own file system is not needed",
    ),
    Fault(
        UNNEEDED,
        " or any(rules.refuses(name) for name in needed)",
        "",
        CHECK,
        "a module is told that cannot be loaded, since one that it needs is refused",
    ),
    Fault(
        UNNEEDED,
        "not self.programs.isdisjoint(row.programs) or ",
        "",
        CHECK,
        "a system with bluetoothd does not need Bluetooth",
    ),
    Fault(
        "facts/modprobe.py",
        "return self.obeys_install and any(",
        "return any(",
        RULES,
        "BusyBox's modprobe obeys rules that it does not know",
    ),
    Fault(
        "facts/modprobe.py",
        "bool(aliases) and all(",
        "bool(aliases) and any(",
        RULES,
        "one of several requests that leads nowhere keeps a module out",
    ),
    Fault(
        "facts/modprobe.py",
        "frozenset.intersection(*named)",
        "frozenset.union(*named)",
        RULES,
        "one of several command lines keeps a module out for all",
    ),
    Fault(
        "facts/modprobe.py",
        'words[2].rpartition("/")[2] in NOTHING',
        "words[2]",
        RULES,
        "a command that loads the module keeps it out",
    ),
    Fault(
        "facts/shipped_modules.py",
        "built_in if lists else None",
        "built_in",
        SHIPPED,
        "without a list nothing is built in",
    ),
    Fault(
        "facts/loaded_modules.py",
        "for word in words if are_all else words[:1]:",
        "for word in words:",
        LOADED,
        "a module's parameters are taken for modules",
    ),
    Fault(
        "facts/loaded_modules.py",
        "by_name.setdefault(path.rpartition",
        "by_name.setdefault(path.partition",
        LOADED,
        "a file that another folder's hides is read",
    ),
)
