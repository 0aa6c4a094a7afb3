"""A file that is the command line: the Raspberry Pi's cmdline.txt, and etc/kernel/cmdline for kernel-install."""

from firmward.formats import boot_arguments
from firmward.harden.words import Edit

PATHS = ("cmdline.txt", "firmware/cmdline.txt", "/etc/kernel/cmdline")
IS_WHOLE = True
read = boot_arguments.single


def edited(text: str, edit: Edit) -> str:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#"):
            ending = "\r" if line.endswith("\r") else ""
            (lines[number],) = (piece + ending for piece in edit([line.removesuffix("\r")]))
            break
    return "\n".join(lines)
