"""What a kernel can do: mandatory access control, packet filter, control groups, OP-TEE, live patching."""

from fault import Fault

FOLDER = "checks/kernel"
KERNELS = "tests/checks/kernel/test_kernels.py"
LSM = "tests/checks/kernel/test_kernel_lsm_missing.py"
NETFILTER = "tests/checks/kernel/test_kernel_netfilter_missing.py"
CGROUPS = "tests/checks/kernel/test_kernel_cgroups_missing.py"
OPTEE = "tests/checks/kernel/test_kernel_optee_missing.py"
PATCHING = "tests/checks/kernel/test_kernel_live_patching_absent.py"
SHIPPED = "tests/facts/test_shipped_modules.py"
MODULES = f"{FOLDER}/kernels/security_modules.py"
LINES = f"{FOLDER}/kernels/command_lines.py"
EACH = f"{FOLDER}/kernels/each.py"

FAULTS = (
    Fault(LINES, "    if command_lines.unread:\n", "    if False:\n", KERNELS,
          "a kernel is judged by some of its command lines where others could not be read"),
    Fault(LINES, "own = () if _is_any(options, SPARE) else built_in.arguments", "own = built_in.arguments", KERNELS,
          "words that are built in for want of others count beside the boot loader's"),
    Fault(LINES, "((), own) if _is_any", "(own, ()) if _is_any", KERNELS,
          "words that are built in behind the boot loader's lose against them"),
    Fault(LINES, "    if _is_any(options, ALONE):", "    if False:", KERNELS,
          "a command line that is built in for good gives way to the boot loader's"),
    Fault(MODULES, "not EXCLUSIVE.isdisjoint(found)", "False", KERNELS,
          "SELinux starts beside AppArmor"),
    Fault(MODULES, "if one not in MANDATORY or one == chosen", "if True", KERNELS,
          "security=none leaves AppArmor running"),
    Fault(MODULES, "if chosen is None or listed is not None:", "if chosen is None:", KERNELS,
          "security= counts beside lsm="),
    Fault(MODULES, 'listens = name != "selinux" or', "listens = True or", KERNELS,
          "selinux=0 counts for a kernel that does not listen to it"),
    Fault(MODULES, "return options.is_on(OPTIONS[name]) if security is not False else False",
          "return options.is_on(OPTIONS[name])", KERNELS, "a module counts in a kernel without security modules"),
    Fault(MODULES, "if there and not is_kept_out", "if not is_kept_out", KERNELS,
          "a module starts that is not built"),
    Fault(MODULES, '_BOOTPARAM_VALUE", "1")', '_BOOTPARAM_VALUES", "1")', KERNELS,
          "a module that the configuration leaves off until a word starts it counts as started"),
    Fault(EACH, "    doubts = list(configs.unread)", "    doubts: list[str] = []", KERNELS,
          "a kernel that nobody could read counts as well"),
    Fault(EACH, 'NUMBERS.sub("", options.release, 1)', "options.release", KERNELS,
          "a finding's key changes with the kernel's version"),
    Fault(EACH, "key if key not in keys else", "key if True else", KERNELS,
          "two kernels are told under one key"),
    Fault(f"{FOLDER}/kernel_lsm_missing.py", "isinstance(tomoyo, Tomoyo) and tomoyo.enforces",
          "isinstance(tomoyo, Tomoyo)", LSM,
          "a policy of TOMOYO's that only watches is enough"),
    Fault(f"{FOLDER}/kernel_lsm_missing.py", "selinux.policy is not None", "True",
          LSM, "SELinux without a policy is enough"),
    Fault(f"{FOLDER}/kernel_lsm_missing.py", "(apparmor.installed and starts)", "apparmor.installed",
          LSM, "profiles that nothing loads, for nothing that starts, are enough"),
    Fault(f"{FOLDER}/kernel_lsm_missing.py", "return faults[0] if faults else", "return None if len(faults) < 2 else",
          LSM, "one command line that switches it off is forgiven"),
    Fault(f"{FOLDER}/kernel_lsm_missing.py", 'Severity.MEDIUM if "landlock" in running else None', "None", LSM,
          "Landlock alone is worth nothing"),
    Fault(f"{FOLDER}/kernel_lsm_missing.py", "if one and one not in MANDATORY]", "if one]", LSM,
          "the cure lists a module before the one that is to start"),
    Fault(f"{FOLDER}/kernels/usable.py", 'if found != "m":', "if True:", NETFILTER,
          "what is a module counts for nothing"),
    Fault(f"{FOLDER}/kernels/usable.py", "return shipped.has(module, options.release)", "return True", NETFILTER,
          "a module counts that is not in the image"),
    Fault(f"{FOLDER}/kernel_netfilter_missing.py", 'return both(built("NETFILTER"), either(tables, iptables))',
          "return either(tables, iptables)", NETFILTER, "a packet filter works without its hooks"),
    Fault(f"{FOLDER}/kernel_netfilter_missing.py", "return _of_ipv6(options, shipped, command_lines, settings)",
          "return None", NETFILTER, "IPv6 goes unfiltered"),
    Fault(f"{FOLDER}/kernel_netfilter_missing.py", "or _is_silent(options, command_lines, settings)", "", NETFILTER,
          "IPv6 that is switched off must be filtered"),
    Fault(f"{FOLDER}/kernel_netfilter_missing.py", "        if speaks is False:\n            return None\n", "",
          NETFILTER, "a kernel without a network needs a packet filter"),
    Fault(f"{FOLDER}/kernel_cgroups_missing.py", "in taken - given", "in taken", CGROUPS,
          "a controller that is given back counts as taken"),
    Fault(f"{FOLDER}/kernel_cgroups_missing.py", "or version >= one.since]", "or True]", CGROUPS,
          "a controller is missed in a version that never had it"),
    Fault(f"{FOLDER}/kernel_cgroups_missing.py", "(is_dated or one.options[0] in options.options)", "is_dated", CGROUPS,
          "what a defconfig says is off is not heard"),
    Fault(f"{FOLDER}/kernel_cgroups_missing.py", "*answers.values(), lines)", "*answers.values())", CGROUPS,
          "a command line that is not known takes nothing away"),
    Fault(f"{FOLDER}/kernel_optee_missing.py", "architecture_of(options) in WITHOUT", "False", OPTEE,
          "a PC's kernel is asked for OP-TEE's driver"),
    Fault(f"{FOLDER}/kernel_optee_missing.py", "(not isinstance(named, str) and", "(True and", OPTEE,
          "what the maker declares does not count on a PC"),
    Fault(f"{FOLDER}/kernel_optee_missing.py", "    if isinstance(there, Unknown):\n        return there\n", "", OPTEE,
          "trees that differ are taken for one that names it"),
    Fault(f"{FOLDER}/kernel_live_patching_absent.py", "if can is False:", "if can is not True:", PATCHING,
          "a defconfig's silence means that the processor's Linux has no live patching"),
    Fault("facts/shipped_modules.py", '.replace("-", "_")', "", SHIPPED, "nf-tables.ko is another module"),
    Fault("facts/shipped_modules.py", "    if own is None and not loose:", "    if False:", SHIPPED,
          "a kernel whose modules are not here has none of them"),
    Fault("facts/shipped_modules.py", "or ELSEWHERE.match(entry.path)", "", SHIPPED,
          "files for debuggers count as modules"),
    Fault("facts/tomoyo.py", "not enforcing.isdisjoint(used)", "bool(enforcing)", "tests/facts/test_tomoyo.py",
          "a profile that no domain has holds programs back"),
)  # fmt: skip
