"""A file that is the command line: the Raspberry Pi's cmdline.txt, and etc/kernel/cmdline for kernel-install."""

from firmward.formats import boot_arguments
from firmward.harden.words import Edit

PATHS = ("cmdline.txt", "firmware/cmdline.txt", "/etc/kernel/cmdline")
IS_WHOLE = True
read = boot_arguments.single


def edited(text: str, edit: Edit) -> str:
    """A file whose only word was taken off has an empty line in its place."""
    lines = text.split("\n")
    told = [number for number, line in enumerate(lines) if not line.lstrip().startswith("#")]
    written = [number for number in told if lines[number].strip()]
    for number in (written or told)[:1]:
        line = lines[number]
        ending = "\r" if line.endswith("\r") else ""
        lines[number] = edit([line.removesuffix("\r")])[0] + ending
    return "\n".join(lines)
