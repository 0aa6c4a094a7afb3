"""Whether a port of the device answers whoever calls it from outside, and as what.

A service that greets first (SSH, FTP, SMTP) is heard; one that waits is offered TLS, and then a request of HTTP. That
QEMU takes a connection says nothing: it does so before it asks the device. So a port answers when bytes come back.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass

from firmward.lab.network import Forward

SECONDS = 15.0
"""For one port: a device may make its first key before it takes part in TLS."""
GREETING = 1.5
"""Seconds in which a service that greets has done so."""
REQUEST = b"HEAD / HTTP/1.0\r\n\r\n"
SHOWN = 40
"""Characters of a greeting."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`says` is what answered, or why nothing did."""

    port: int
    answers: bool
    says: str


def call(forwarded: Iterable[Forward], seconds: float = SECONDS) -> tuple[Answer, ...]:
    return tuple(_called(one, seconds) for one in forwarded)


def _called(forward: Forward, seconds: float) -> Answer:
    """Tried again until the time is over: a service may start after the device is healthy."""
    limit = time.monotonic() + seconds
    while True:
        left = limit - time.monotonic()
        says = _greeting(forward, left) or _tls(forward, left) or _plain(forward, left)
        if says is not None:
            return Answer(forward.port, answers=True, says=says)
        if time.monotonic() >= limit:
            return Answer(forward.port, answers=False, says=f"nothing came back within {seconds:g} s")
        time.sleep(0.2)


def _greeting(forward: Forward, seconds: float) -> str | None:
    found = _exchange(forward, b"", min(GREETING, seconds))
    return None if found is None else _shown(found)


def _tls(forward: Forward, seconds: float) -> str | None:
    """Whose certificate it is does not matter here."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(forward.address, timeout=max(seconds, 0.1)) as line:
            line.settimeout(max(seconds / 2, 0.1))
            with context.wrap_socket(line) as secured:
                return secured.version()
    except (OSError, ValueError):
        return None


def _plain(forward: Forward, seconds: float) -> str | None:
    found = _exchange(forward, REQUEST, seconds)
    return None if found is None else _shown(found)


def _exchange(forward: Forward, request: bytes, seconds: float) -> bytes | None:
    try:
        with socket.create_connection(forward.address, timeout=max(seconds, 0.1)) as line:
            line.settimeout(max(seconds / 2, 0.1))
            line.sendall(request)
            return line.recv(256) or None
    except OSError:
        return None


def _shown(data: bytes) -> str:
    """A first line, for a terminal whose cursor it does not move."""
    line = data.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    shown = "".join(sign if sign.isprintable() else "?" for sign in line)
    return (shown[:SHOWN] + "…" if len(shown) > SHOWN else shown) or f"{len(data)} bytes"
