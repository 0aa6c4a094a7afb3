"""A login by telnet: the right password leads to a shell, a wrong one to the next try, and words alone to nothing."""

import re
import socket
from functools import partial
from socket import SocketIO

import pytest
from local_port import served

from firmward.lab.challenge import Challenge
from firmward.lab.means import telnet

ASKED = Challenge(1234567, 7654321)
OPTIONS = b"\xff\xfd\x01\xff\xfb\x03\r\r\n"
PAIRS = [("root", "wrong"), ("root", "xc3511")]


def login(caller: socket.socket, *, fits: str, computes: bool = True) -> None:
    """As BusyBox's: an echo of the name, three tries, then a shell that works out what it is asked."""
    with caller.makefile("rwb", buffering=0) as stream:
        stream.write(OPTIONS)
        if any(_lets_in(stream, fits) for _ in range(3)):
            stream.write(b"\r\n~ # \x1b[6n")
            line = stream.readline()
            found = re.search(rb"\((\d+) \* (\d+)\)", line)
            product = str(int(found[1]) * int(found[2])) if computes and found is not None else ""
            stream.write(line + product.encode() + b"\r\n~ # ")


def _lets_in(stream: SocketIO, fits: str) -> bool:
    stream.write(b"camera login: ")
    name = stream.readline()
    stream.write(name + b"Password: ")
    fitted = stream.readline().strip().decode() == fits
    stream.write(b"" if fitted else b"\r\nLogin incorrect\r\n")
    return fitted


@pytest.mark.parametrize(
    ("fits", "computes", "pairs", "wins"),
    [
        ("xc3511", True, PAIRS[1:], True),
        ("xc3511", True, PAIRS, True),
        ("another", True, PAIRS, False),
        ("xc3511", False, PAIRS, False),
        ("xc3511", True, [], False),
    ],
)
def test_a_password_that_fits_leads_to_a_shell_that_computes(
    fits: str, computes: bool, pairs: list[tuple[str, str]], wins: bool
) -> None:
    with served(partial(login, fits=fits, computes=computes)) as address:
        assert telnet.logs_in(address, pairs, ASKED) is wins


def test_a_shell_without_a_login_is_one_too() -> None:
    def talk(caller: socket.socket) -> None:
        caller.sendall(b"login: ")
        caller.recv(100)
        caller.sendall(b"\r\n$ ")
        caller.recv(100)
        caller.sendall(ASKED.answers[0].encode())

    with served(talk) as address:
        assert telnet.logs_in(address, PAIRS, ASKED)
