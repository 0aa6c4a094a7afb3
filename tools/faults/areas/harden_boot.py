"""What hardening writes for the boot, the kernel and its command line."""

from fault import Fault

WORDS = "harden/words.py"
LINES = "harden/command_lines/__init__.py"
OF_WORDS = "tests/harden/test_words.py"
OF_LINES = "tests/harden/test_command_lines.py"
OF_KCONFIG = "tests/harden/test_kconfig.py"
OF_OVERLAYS = "tests/harden/test_overlays.py"
OF_UBOOT = "tests/harden/test_uboot_fragment.py"
OF_KERNEL = "tests/harden/test_kernel_fragment.py"
ROWS = "audit/kernel_rows.py"
OF_ROUND = "tests/harden/test_boot_round.py"

FAULTS = (
    Fault(WORDS, "for index, (_, start, end) in reversed(same[1:])", "for index, (_, start, end) in ()", OF_WORDS,
        "a parameter keeps its second value beside the new one"),
    Fault(WORDS, "if str(one) == compared(word):", "if True:", OF_WORDS, "every word of a parameter is taken off"),
    Fault(WORDS, "    if not PLAIN.fullmatch(word):", "    if not word:", OF_WORDS,
        "a word with a semicolon is written into a boot script"),
    Fault(WORDS, "if not word.isprintable() or", "if", OF_WORDS, "a word of an image is told as two lines"),
    Fault(LINES, "lambda line: not words.is_written(word, line.text)", "lambda line: True", OF_LINES,
        "a word that comes out of a variable counts as taken off"),
    Fault(LINES, "if not before or outside or any", "if not before or any", OF_LINES,
        "a word that another part of the image has is not told to the build"),
    Fault(LINES, "or any(place.is_compiled(site.draft) for place in found)", "", OF_LINES,
        "boot.scr keeps what boot.cmd says no more"),
    Fault(LINES, "whole = [place for place in found if place.is_whole] or found", "whole = found", OF_LINES,
        "a piece of a line gets every new word too"),
    Fault("harden/command_lines/default_grub.py", '"/etc/default/grub", ', "", OF_LINES,
        "the next update-grub brings the word back"),
    Fault("harden/kconfig.py", "and VALUE.fullmatch(value) is not None", "", OF_KCONFIG,
        "a value of an image goes on with another line of a fragment"),
    Fault("harden/changes/set_kernel_option.py", "or EXCLUSIVE.isdisjoint(names)", "or True", OF_KCONFIG,
        "two policies that exclude each other are named"),
    Fault("harden/changes/set_device_tree_property.py", "NODE.fullmatch(change.node) and ", "", OF_OVERLAYS,
        "a node of a hostile tree is source for dtc"),
    Fault("harden/beside/board_tree.py", "if not is_control(place[0])", "if True", OF_OVERLAYS,
        "the board's overlay names nodes of the boot loader's tree"),
    Fault("harden/beside/kernel.py", "options.setdefault(need, \"y\")", "pass", OF_KERNEL,
        "an option is asked for whose needs are off"),
    Fault("checks/kernel/kernels/option_cures.py", "held = [one for one in row.held_by", "held = [one for one in ()",
        OF_KERNEL,
        "a fragment turns modules off, and every driver comes built in"),
    Fault("harden/beside/kernel.py", 'options.setdefault("CONFIG_EXPERT", "y")', "pass", OF_KERNEL,
        "what only experts may turn off comes back without a word"),
    Fault("harden/beside/kernel.py", 'options.setdefault(other, "n")', "pass", OF_KERNEL,
        "every check of UBSAN stops the kernel"),
    Fault("harden/beside/kernel.py", "return not one.left and kconfig", "return kconfig", OF_KERNEL,
        "a row is written that the profile leaves out"),
    Fault("harden/beside/kernel.py", "found.setdefault(other, \"n\")", "pass", OF_KERNEL,
        "what selects an option turns it on again"),
    Fault("harden/kconfig.py", 'one if one.isprintable() else " "', "one", OF_KCONFIG,
        "a reason of the policy commands the terminal that shows the configuration"),
    Fault("harden/kconfig.py", ".removeprefix('CONFIG_')", "", OF_KCONFIG,
        "a comment is read as an option that is off"),
    Fault(ROWS, "if is_left else one", "if False else one", OF_KERNEL, "what may break is written without consent"),
    Fault(ROWS, "    if allowed is not None and", "    if allowed is None and", OF_KERNEL, "a profile plays no part"),
    Fault(ROWS, "and not one.is_expired(today)", "", OF_KERNEL, "a risk is accepted for ever"),
    Fault(ROWS, "is_list = standing is Standing.OPEN and", "is_list = False and", OF_KERNEL,
        "a list of security modules takes the place of a longer one"),
    Fault(ROWS, "way(after) is True and", "False and", OF_KERNEL,
        "a line is asked for that another of the fragment takes away"),
    Fault(ROWS, "for condition in row.instead if condition(options) is True", "for condition in ()", OF_KERNEL,
        "what another line makes needless is asked for all the same"),
    Fault(ROWS, "if only and CHECK not in only and", "if False and", OF_KERNEL,
        "--only of another check writes all rows"),
    Fault("checks/kernel/kernels/option_cures.py", "    if need:\n", "    if False:\n", OF_KERNEL,
        "what the policy declares is taken away from the product"),
    Fault("harden/apply.py", "_give_reason(change, cure, site)", "pass", OF_KERNEL,
        "a line of no row does not say which finding asks for it"),
    Fault("checks/boot/uboot_risky_command.py", "    if used:", "    if False:", OF_UBOOT,
        "a command that the boot command calls is taken away"),
    Fault("checks/boot/uboot_risky_command.py", "return not is_stopped and", "return", OF_UBOOT,
        "setenv at a prompt that any key gives is not told"),
    Fault("checks/boot/uboot_risky_command.py", " and ENDS_IN_RESET.search(found.variables", " and str(found.variables",
        OF_UBOOT, "a boot that fails gives a prompt, and nobody tells"),
    Fault("checks/boot/uboot_risky_command.py", "or not PLAIN.fullmatch(command)", "", OF_UBOOT,
        "a cure is promised that no fragment can hold"),
    Fault("checks/boot/uboot_environment_writable.py", "if kept else NOWHERE", "if False else NOWHERE", OF_UBOOT,
        "an updater loses the counters that it keeps in the environment"),
    Fault("checks/kernel/kernel_module_unneeded.py", 'REFUSAL = ("blacklist {}", ', 'REFUSAL = (', OF_ROUND,
        "BusyBox's modprobe loads what is refused"),
    Fault("checks/kernel/kernel_cmdline.py", 'files.verified == "verity"', "files.verified != None", OF_ROUND,
        "a root that is written to is mounted read-only as if that were safe"),
)  # fmt: skip
