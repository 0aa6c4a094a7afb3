"""A root shell that a version of the system offers on the network to whoever asks."""

import socket

from firmward.lab.attacks import Result, Unseen
from firmward.lab.challenge import Challenge
from firmward.lab.target import Powered, Witness

LIMIT = 1 << 16
"""Bytes of an answer that are read."""
VERSION = ". /etc/os-release; echo $VERSION_ID"


PORT = 4444
"""Where versions of the sample camera that were not hardened have one."""


def awaited(powered: Powered, wanted: str, seconds: float) -> Result:
    """Whether the version that comes to answer is the wanted one. Raises Unseen when none does."""
    found = None

    def answered() -> bool:
        nonlocal found
        found = version(powered.address(PORT), powered.target.challenge)
        return found is not None

    if not powered.until(answered, seconds):
        raise Unseen(f"no version was seen at port {PORT} within {seconds:g} s")
    powered.target.note(Witness.NETWORK, f"{found} answered the challenge at port {PORT}")
    return Result.SUCCEEDED if found == wanted else Result.STOPPED


def version(address: tuple[str, int], challenge: Challenge, seconds: float = 3.0) -> str | None:
    """Which version answers the challenge there; None where none does."""
    text = asked(address, f"{VERSION} {challenge.shell}\n", seconds)
    for line in text.splitlines():
        name, _, answer = line.strip().partition(" ")
        if name and answer == challenge.answers[0]:
            return name
    return None


def asked(address: tuple[str, int], command: str, seconds: float) -> str:
    """What comes back until nothing more does; nothing where the line is not taken."""
    heard = b""
    try:
        with socket.create_connection(address, timeout=seconds) as line:
            line.sendall(command.encode())
            line.shutdown(socket.SHUT_WR)
            while len(heard) < LIMIT and (piece := line.recv(4096)):
                heard += piece
    except OSError:
        pass
    return heard.decode("utf-8", "replace")
