"""lighttpd: a block's own address; the first socket's is `server.bind`, which blocks with an address are free of.

Debian's script that opens the same port for IPv6 is left out with the first socket's: it knows no address.
"""

import re

from firmward.formats.lighttpd import TOKEN
from firmward.harden.draft import Refused
from firmward.harden.settings import lighttpd
from firmward.harden.sockets import FOUR, SIX, kept, nothing

USUAL = (80, 443)
"""The first socket's port where nothing says it."""
PORT = re.compile(r"(?m)^[ \t]*server\.port[ \t]*:?=[ \t]*\"?(\d{1,5})\b")
BIND = re.compile(r"(?m)^[ \t]*server\.bind[ \t]*:?=[ \t]*\"([^\"\n]*)\"")
USES_SIX = re.compile(r"(?m)^[ \t]*server\.use-ipv6[ \t]*=[ \t]*\"enable\"")
SIX_TOO = re.compile(r"(?m)^[ \t]*include_shell[ \t]+\"[^\"\n]*use-ipv6\.pl[ \t]*(?P<port>\d*)\"[^\n]*\n?")


def close(text: str, protocol: str, port: int) -> str:
    changed, blocks = _blocks(text, port)
    said = PORT.search(text)
    is_first = int(said[1]) == port if said is not None else not blocks
    if not blocks and (not is_first or (said is None and port not in USUAL)):
        raise nothing(protocol, port)
    return _first(changed, port) if is_first else changed


def _blocks(text: str, port: int) -> tuple[str, int]:
    """The text with the blocks of this port on the loopback, and how many there are."""
    tokens = [one for one in TOKEN.finditer(text) if one.lastgroup not in ("space", "comment", "newline")]
    if any(one.lastgroup == "open" for one in tokens):
        raise Refused("a quote is not closed here")
    edits = []
    for head, sign, value in zip(tokens, tokens[2:], tokens[3:], strict=False):
        is_socket = head.group().strip("\"'") == "socket" and sign.group() == "==" and value.lastgroup == "text"
        address = kept(value.group()[1:-1], port) if is_socket else None
        if address is not None:
            edits.append((value.start(), value.end(), f'"{address}"'))
    for start, end, new in reversed(edits):
        text = f"{text[:start]}{new}{text[end:]}"
    return text, len(edits)


def _first(text: str, port: int) -> str:
    bind = BIND.search(text)
    address = kept(bind[1], port, port) if bind is not None else f"{SIX if USES_SIX.search(text) else FOUR}:{port}"
    if address is None:  # its own port goes before server.port
        raise nothing("tcp", port)
    host = address.removesuffix(f":{port}")
    if bind is None or bind[1].strip("[]") != host.strip("[]"):
        text = lighttpd.set_option(text, "server.bind", f"[{SIX}]" if host.strip("[]") == SIX else host, None)
    return SIX_TOO.sub(lambda found: "" if found["port"] in ("", str(port)) else found[0], text)
