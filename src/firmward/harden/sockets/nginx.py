"""nginx: `listen` of a `server`; one that says none opens port 80. UDP is what says `udp` or `quic`."""

import re

from firmward.harden.draft import Refused
from firmward.harden.settings.nginx import Directive, directives, indent
from firmward.harden.sockets import FOUR, kept, nothing

DEFAULT = 80
DATAGRAMS = {"udp", "quic"}
ADDRESS = re.compile(r"(\s*)(\"[^\"]*\"|'[^']*'|[^\s;]+)")


def close(text: str, protocol: str, port: int) -> str:
    edits: list[tuple[int, int, str]] = []
    known: set[tuple[int, str]] = set()
    first: dict[str, int] = {}
    statements = tuple(directives(text))
    for one in statements:
        address = _kept(one, protocol, port)
        if address is None:
            continue
        place = (one.around[-1] if one.around else 0, address)
        start = text.rfind("listen", 0, one.end_of_name)
        words = ADDRESS.sub(rf"\g<1>{address}", text[one.end_of_name : one.end], count=1)
        # two addresses of one server become one, which it may not name twice
        edits.append((start, one.end + 1, "") if place in known else (one.end_of_name, one.end, words))
        known.add(place)
        if "default_server" in one.words and first.setdefault(address, place[0]) != place[0]:
            raise Refused(f"two servers would be the first of {address}")
    if (protocol, port) == ("tcp", DEFAULT):
        edits += [(block, block, f"\n{indent(text, block)}listen {FOUR}:{port};") for block in _silent(statements)]
    if not edits:
        raise nothing(protocol, port)
    for start, end, new in sorted(edits, reverse=True):
        text = f"{text[:start]}{new}{text[end:]}"
    return text


def _kept(one: Directive, protocol: str, port: int) -> str | None:
    if one.words[0] != "listen" or len(one.words) < 2 or one.opens:
        return None
    is_datagrams = bool(DATAGRAMS & set(one.words[2:]))
    return kept(one.words[1], port, DEFAULT) if is_datagrams == (protocol == "udp") else None


def _silent(statements: tuple[Directive, ...]) -> list[int]:
    """Where the servers begin that do not say where they listen, nor take in what may."""
    said = {one.around[-1] for one in statements if one.words[0] in ("listen", "include") and one.around}
    servers = [one.end for one in statements if one.opens and one.words == ("server",)]
    streams = {one.end for one in statements if one.opens and one.words[0] in ("stream", "mail")}
    within = {one.end for one in statements if streams & set(one.around)}
    return [start for start in servers if start not in said and start not in within]
