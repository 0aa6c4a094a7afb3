"""A program of the device's, run for what it says: by no shell, for so long, and for so much. One whose end alone
counts is command.py's.

Rules:

- It is looked for in the system's own folders, whatever PATH says.
- It gets an environment of its own, a session of its own, and no input but what is fed to it.
- One that does not end, or says too much, is ended with all that it started. That and every failure is a DeviceError;
  one that is not there is an InputError, since the image lacks it.
"""

import os
from typing import TYPE_CHECKING, Protocol

from firmward.model.errors import DeviceError, InputError
from firmward.update.command import PLACES, found

if TYPE_CHECKING:
    import subprocess

SECONDS = 30.0
LIMIT = 1 << 20
"""Bytes of what it says."""
FEED_LIMIT = 4096
"""Bytes that a pipe takes at once, so that nobody waits for the other."""


class Run(Protocol):
    def __call__(self, words: tuple[str, ...], feed: bytes = b"") -> str:
        """What the program said on its standard output. Raises InputError where it is not there, DeviceError."""
        ...


def run(words: tuple[str, ...], feed: bytes = b"", seconds: float = SECONDS, limit: int = LIMIT) -> str:
    """As Run says."""
    import subprocess

    if len(feed) > FEED_LIMIT:
        raise DeviceError(f"{words[0]}: is fed {len(feed)} bytes, more than {FEED_LIMIT}")
    try:
        process = subprocess.Popen(
            (_path(words[0]), *words[1:]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": ":".join(PLACES), "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError as error:
        raise DeviceError(f"{words[0]}: cannot be started: {error.strerror or error}") from error
    with process:
        try:
            said, complained = _heard(process, words[0], feed, seconds, limit)
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise DeviceError(f"{words[0]}: does not end") from None
        finally:
            _end(process)
    if code:
        raise DeviceError(f"{words[0]}: failed with code {code}: {_line(complained or said)}")
    return said.decode("utf-8", "replace")


def _path(name: str) -> str:
    path = found(name)
    if path is None:
        raise InputError(f"{name}: is not installed; the image has to have it for this boot loader")
    return path


def _heard(
    process: "subprocess.Popen[bytes]", name: str, feed: bytes, seconds: float, limit: int
) -> tuple[bytes, bytes]:
    """Its output and its complaints."""
    from select import select
    from time import monotonic

    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise DeviceError(f"{name}: cannot be heard")
    _feed(process.stdin.fileno(), feed)
    process.stdin.close()
    heard = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    said, complained = heard.values()
    end = monotonic() + seconds
    while heard:
        left = end - monotonic()
        if left <= 0:
            raise DeviceError(f"{name}: does not end within {seconds:g} seconds")
        for descriptor in select(list(heard), (), (), left)[0]:
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                del heard[descriptor]
                continue
            heard[descriptor] += piece
            if len(said) + len(complained) > limit:
                raise DeviceError(f"{name}: says more than {limit} bytes")
    return bytes(said), bytes(complained)


def _feed(descriptor: int, feed: bytes) -> None:
    try:
        os.write(descriptor, feed)
    except BrokenPipeError:
        return  # it did not want it, and its code tells


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it started."""
    from signal import SIGKILL

    try:
        os.killpg(process.pid, SIGKILL)
    except ProcessLookupError:
        return


def _line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").split("\n")
    words = next((line.strip() for line in reversed(lines) if line.strip()), "nothing said")
    return "".join(sign if sign.isprintable() else "?" for sign in words)[:200]
