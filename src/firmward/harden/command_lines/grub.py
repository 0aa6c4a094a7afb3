"""grub.cfg: what follows the kernel of each `linux` command."""

import re

from firmward.formats import boot_arguments
from firmward.harden.words import Edit, each_line

PATHS = ("grub/grub.cfg", "grub2/grub.cfg", "EFI/*/grub.cfg", "efi/EFI/*/grub.cfg")
IS_WHOLE = True
LINUX = re.compile(r"\s*linux(?:16|efi)?\s+\S+\s(?P<line>.*)")
read = boot_arguments.grub


def edited(text: str, edit: Edit) -> str:
    return each_line(text, LINUX, edit)
