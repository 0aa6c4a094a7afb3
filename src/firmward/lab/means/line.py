"""One connection to a port of the device: what came over it, and how long it is waited for."""

import socket
import ssl
import time
from collections.abc import Callable

SECONDS = 4.0
"""For a whole exchange, after which it is tried anew."""
LIMIT = 1 << 18
"""Bytes that are listened to: a port that talks without end is left alone."""
PIECE = 4096


class Line:
    """A context. `said` is all that came. Raises OSError where nobody answers."""

    def __init__(self, address: tuple[str, int], seconds: float = SECONDS, tls: ssl.SSLContext | None = None) -> None:
        self.said = b""
        self._limit = time.monotonic() + seconds
        plain = socket.create_connection(address, timeout=seconds)
        try:
            self._socket = plain if tls is None else tls.wrap_socket(plain)
        except BaseException:
            plain.close()
            raise

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def until(self, seen: Callable[[bytes], bool]) -> bool:
        """Listen until something is seen in what was said; not, when the other end closed, or the time is over."""
        while not seen(self.said):
            left = self._limit - time.monotonic()
            if left <= 0 or len(self.said) > LIMIT:
                return False
            self._socket.settimeout(left)
            try:
                piece = self._socket.recv(PIECE)
            except OSError:  # also one that was reset in the middle
                return False
            if not piece:
                return False
            self.said += piece
        return True


def unverified() -> ssl.SSLContext:
    """For an attacker, to whom it does not matter whose certificate it is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
