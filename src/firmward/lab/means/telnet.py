"""A login by telnet, as a bot does it: prompts are recognised by how they end, options are not negotiated."""

import re
from collections.abc import Iterable
from functools import partial

from firmward.lab.challenge import Challenge
from firmward.lab.means.line import Line

NAME, PASSWORD = (b"login:", b"username:"), (b"password:",)
SHELL = (b"#", b"$", b">")
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
"""BusyBox's shell asks behind its prompt where the cursor is."""
SECONDS = 15.0
"""A login that refuses waits for some seconds."""


def logs_in(address: tuple[str, int], pairs: Iterable[tuple[str, str]], challenge: Challenge) -> bool:
    """Whether one of the names and passwords leads to a shell that answers. Raises OSError."""
    with Line(address, SECONDS) as line:
        return any(_opens(line, name, password, challenge) for name, password in pairs)


def _opens(line: Line, name: str, password: str, challenge: Challenge) -> bool:
    """One try: what comes after it is a shell, or a login that asks for the next one."""
    for prompts, answer in ((NAME, name), (PASSWORD + SHELL, password)):
        if not line.until(partial(_ends, prompts=prompts)):
            return False
        if not _ends(line.said, SHELL):  # a name without a password may be enough
            _say(line, answer)
    if not line.until(partial(_ends, prompts=SHELL + NAME)) or _ends(line.said, NAME):
        return False
    _say(line, f"echo {challenge.shell}")
    return line.until(lambda said: challenge.is_answered(said.decode("utf-8", "replace")))


def _say(line: Line, words: str) -> None:
    line.said = b""
    line.send(f"{words}\r\n".encode())


def _ends(said: bytes, prompts: tuple[bytes, ...]) -> bool:
    return ESCAPES.sub(b"", said).rstrip(b" ").lower().endswith(prompts)
