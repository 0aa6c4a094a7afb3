"""extlinux.conf, syslinux.cfg and isolinux.cfg: the `append` of each entry."""

import re

from firmward.formats import boot_arguments
from firmward.harden.words import Edit, each_line

PATHS = ("extlinux/extlinux.conf", "extlinux.conf", "syslinux/syslinux.cfg", "syslinux.cfg", "isolinux/isolinux.cfg")
IS_WHOLE = True
APPEND = re.compile(r"\s*append\s+(?P<line>.*)", re.IGNORECASE)
read = boot_arguments.extlinux


def edited(text: str, edit: Edit) -> str:
    return each_line(text, APPEND, edit)
