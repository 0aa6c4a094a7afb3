"""How a program's configuration says that a socket is for the device itself, one program a file.

A file is called as the program is, and has `close(text, protocol, port) -> str`: the text with every socket of that
port bound to the loopback of its family, and all else as it was; where the program cannot be told so, without what
opens it. It raises Refused where nothing there opens such a socket, or it cannot be closed without another one, and
gives back the text where it is closed. What OpenWrt's script makes a configuration of is changed instead of that.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from firmward.facts.listener import is_loopback, split_endpoint
from firmward.harden.draft import Refused
from firmward.harden.settings import uci

Close = Callable[[str, str, int], str]
FOUR, SIX = "127.0.0.1", "::1"


def by_program(program: str, path: str) -> Close | None:
    name = program.replace("-", "_")
    if name not in {file.name for file in iter_modules(__path__)}:
        return None
    module = import_module(f"{__name__}.{name}")
    found: Close | None = getattr(module, "close_uci" if path.startswith(uci.FOLDER) else "close", None)
    return found


def kept(word: str, port: int, default: int | None = None) -> str | None:
    """An address and port as they are written, on the loopback of the same family; None for another port."""
    place = split_endpoint(word, default)
    if place is None or place[1] != port:
        return None
    if is_loopback(place[0]):
        return word
    return f"[{SIX}]:{port}" if ":" in place[0] or word.strip().startswith("[") else f"{FOUR}:{port}"


def nothing(protocol: str, port: int) -> Refused:
    return Refused(f"nothing here opens {protocol}/{port}")
