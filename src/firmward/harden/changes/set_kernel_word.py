"""A word for the kernel's command line: where the root keeps it, and else told beside the root."""

from firmward.harden import command_lines
from firmward.harden.site import Site
from firmward.model.remedy import SetKernelWord

KIND = SetKernelWord


def apply(change: SetKernelWord, site: Site) -> None:
    command_lines.set_word(site, change.word)
