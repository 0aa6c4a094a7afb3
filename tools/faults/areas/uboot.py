"""U-Boot binaries: commands from the linker list, the default environment, control trees, what was built in."""

from fault import Fault

TESTS = "tests/formats/test_uboot_binary.py"

FAULTS = (
    Fault(
        "formats/uboot_commands.py",
        "main = max(found, key=_says)",
        "main = min(found, key=_says)",
        TESTS,
        "a table of nested commands is taken for the list of the prompt",
    ),
    Fault(
        "formats/uboot_commands.py",
        "(64, 8, 16, 24, (32, 40, 48)),",
        "",
        TESTS,
        "records of 64-bit U-Boots before 2018 are not known",
    ),
    Fault(
        "formats/uboot_commands.py",
        'low, high = (0, 1) if order == "little" else (1, 0)',
        "low, high = 0, 1",
        TESTS,
        "64-bit pointers of big-endian machines are read in the wrong order",
    ),
    Fault(
        "formats/uboot_commands.py",
        "relocated = uboot_pointers.relocated(data)",
        "relocated = None",
        TESTS,
        "pointers that are kept in relocations are not followed",
    ),
    Fault(
        "formats/uboot_default_env.py",
        "if whole and len(strings) >= LEAST:",
        "if len(strings) >= LEAST:",
        TESTS,
        "strings without an end are taken for an environment",
    ),
    Fault(
        "formats/uboot_default_env.py",
        "if first is not None:",
        "if False:",
        TESTS,
        "an environment behind bytes that look like text loses its first variable",
    ),
    Fault(
        "formats/uboot_control.py",
        'if tree.root.child("images") is None:',
        "if True:",
        TESTS,
        "a FIT is taken for a control tree, and the trees in it are not seen",
    ),
    Fault(
        "formats/uboot_control.py",
        "effort -= header.structure_size + header.strings_size",
        "effort -= 0",
        "tests/formats/test_uboot_binary.py -k lie_over",
        "trees that lie over each other are walked without a bound",
    ),
    Fault(
        "formats/uboot_traits.py",
        "return None if _first(data, others) is not None else Unknown(reason)",
        "return None",
        TESTS,
        "code that was not recognised passes for code without verification",
    ),
    Fault(
        "formats/uboot_traits.py",
        "if _first(data, PROMPT) is None:",
        "if False:",
        TESTS,
        "an autoboot that was not seen is absent although nothing was recognised",
    ),
    Fault(
        "formats/uboot_binary.py",
        "    for seconds, offset in told:",
        "    for seconds, offset in ():",
        TESTS,
        "the boot delay of the control tree does not win over the environment's",
    ),
    Fault(
        "formats/uboot_binary.py",
        "return None if prompt is None else Unknown(",
        "return None if True else Unknown(",
        TESTS,
        "a table that was not recognised passes for a U-Boot without a prompt",
    ),
)
