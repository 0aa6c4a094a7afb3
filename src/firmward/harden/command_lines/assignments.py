"""uEnv.txt, armbianEnv.txt and their kin: variables whose value U-Boot puts into the command line."""

import re

from firmward.formats import boot_arguments
from firmward.harden.words import Edit, each_line

PATHS = ("uEnv.txt", "uEnv/uEnv*.txt", "extra_uEnv.txt", "armbianEnv.txt", "orangepiEnv.txt")
IS_WHOLE = False
NAMES = "|".join(sorted(boot_arguments.FRAGMENTS))
ASSIGNED = re.compile(
    rf"\s*(?:set\s+)?(?:{NAMES})=(?!.*setenv)(?P<quote>[\"']?)(?P<line>.*?)(?P=quote)\s*", re.IGNORECASE
)
read = boot_arguments.assignments


def edited(text: str, edit: Edit) -> str:
    return each_line(text, ASSIGNED, edit)
