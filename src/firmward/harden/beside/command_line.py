"""What a build puts on the kernel's command line, `+word`, and takes off it, `-word`, one a line: words of lines that
stand in no file of the root."""

from firmward.harden.site import Beside
from firmward.model.policy import Policy

NAME = "cmdline.txt"


def render(beside: Beside, policy: Policy | None) -> str | None:
    lines = [*(f"-{word}" for word in beside.no_words), *(f"+{word}" for word in beside.words)]
    return "".join(f"{line}\n" for line in lines) or None
