"""Kernels of an image, how they were configured, and whether their modules must be signed."""

from fault import Fault

CONFIG = "tests/facts/test_kernel_config.py"
MODULES = "tests/facts/test_kernel_modules.py"
CHECK = "tests/checks/kernel/test_kernel_modules_unsigned.py"

FAULTS = (
    Fault(
        "formats/kernel_config.py",
        "is_made and len(settings) >= WHOLE and",
        "is_made and",
        "tests/formats/test_kernel_config.py",
        "a fragment with a title is taken for a complete configuration of a kernel",
    ),
    Fault(
        "facts/kernel_images.py",
        "        if one is not None and one.tree is not None:",
        "        if False:",
        CONFIG,
        "a kernel that is a file of an initramfs is taken for the kernel around it",
    ),
    Fault(
        "facts/kernel_images.py",
        "has_initramfs or (blind if banner is None else False),",
        "has_initramfs,",
        CONFIG,
        "a kernel that was not expanded has no initramfs",
    ),
    Fault(
        "facts/kernel_config.py",
        'return "n" if self.is_complete else',
        'return "n" if True else',
        CONFIG,
        "what a kernel's defconfig does not say is off",
    ),
    Fault(
        "facts/kernel_config.py",
        "own = tuple(one for one in kernels.found if one.at.part in beside)",
        "own = kernels.found",
        CONFIG,
        "another root's kernel is asked",
    ),
    Fault(
        "facts/kernel_config.py",
        "        elif not kernels:\n            yield one",
        "        else:\n            yield one",
        CONFIG,
        "a configuration counts for a kernel that is not here, or beside the kernel's own",
    ),
    Fault(
        "facts/kernel_config.py",
        "(?<![\\d.]){re.escape(one.version)}(?!\\.?\\d)",
        "{re.escape(one.version)}",
        CONFIG,
        "a version counts that is a piece of another",
    ),
    Fault(
        "facts/kernel_config.py",
        "    unread += _unconfigured(own, found)\n",
        "",
        CONFIG,
        "a kernel without a configuration is hidden by another that has one",
    ),
    Fault(
        "facts/kernel_config.py",
        "in named or fitting if",
        "in fitting if",
        CONFIG,
        "a kernel that cannot be read takes the configuration of another",
    ),
    Fault(
        "facts/kernel_modules.py",
        "        if offset < start:",
        "        if False:",
        MODULES,
        "a signature of which not all was read is well-formed",
    ),
    Fault(
        "facts/kernel_modules.py",
        "limit = min(EXPANDED_LIMIT, left)",
        "limit = 1 << 40",
        MODULES,
        "a compressed module may expand without a bound",
    ),
    Fault(
        "facts/kernel_modules.py",
        "(*_spread(of_kernel, own), *_spread(rest, others))",
        "_spread(entries, own)",
        MODULES,
        "a module of the maker's own is missed among thousands of the kernel's",
    ),
    Fault(
        "checks/kernel/kernel_modules_unsigned.py",
        "    if not signed:\n        return False\n",
        "",
        CHECK,
        "module.sig_enforce is enough for a kernel that checks no signatures",
    ),
    Fault(
        "checks/kernel/kernel_modules_unsigned.py",
        "return True if found else why or False",
        "return found",
        CHECK,
        "an unknown command line is taken for one that enforces nothing",
    ),
    Fault(
        "checks/kernel/kernel_modules_unsigned.py",
        "bool(whole) and all(values",
        "any(values",
        CHECK,
        "one of several command lines is enough",
    ),
    Fault(
        "checks/kernel/kernel_modules_unsigned.py",
        "    if locked is False or has_lockdown is False:",
        "    if locked is False:",
        CHECK,
        "lockdown counts in a kernel that does not start it",
    ),
    Fault(
        "checks/kernel/kernel_modules_unsigned.py",
        "modules.unsigned and not modules.ima_signed and not is_told",
        "modules.unsigned",
        CHECK,
        "unsigned modules that nothing loads are told as loaded",
    ),
)
