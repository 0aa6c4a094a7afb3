"""snmpd: the addresses of `agentAddress`, a list with commas, each with the protocol that it has."""

import re

from firmward.facts.listener import is_loopback
from firmward.facts.snmpd import place
from firmward.harden.sockets import FOUR, SIX, nothing

LINE = re.compile(r"(?mi)^([ \t]*agentaddress[ \t]+)([^\n#]*)((?:#[^\n]*)?)$")
UCI_LINE = re.compile(
    r"(?m)^([ \t]*(?:list|option)[ \t]+['\"]?agentaddress['\"]?[ \t]+['\"]?)([^'\"\n]*)(['\"]?[^\n]*)$"
)
PROTOCOL = re.compile(r"(?i)(?:udp|tcp|dtlsudp|tlstcp)(?:6|v6|ipv6)?:")


def close(text: str, protocol: str, port: int) -> str:
    return _closed(LINE, text, protocol, port)


def close_uci(text: str, protocol: str, port: int) -> str:
    return _closed(UCI_LINE, text, protocol, port)


def _closed(line: re.Pattern[str], text: str, protocol: str, port: int) -> str:
    found = False

    def local(said: re.Match[str]) -> str:
        nonlocal found
        words = []
        for word in re.split(r"[,\s]+", said[2].strip()):
            meant = place(word)
            is_it = meant is not None and (meant[0], meant[2]) == (protocol, port)
            found = found or is_it
            words.append(_kept(word, port) if is_it and meant is not None and not is_loopback(meant[1]) else word)
        behind = said[2][len(said[2].rstrip()) :]
        return f"{said[1]}{','.join(dict.fromkeys(words))}{behind}{said[3]}"

    changed = line.sub(local, text)
    if not found:
        raise nothing(protocol, port)
    return changed


def _kept(word: str, port: int) -> str:
    head = PROTOCOL.match(word)
    spoken = head[0] if head is not None else ""
    is_six = "6" in spoken or word[len(spoken) :].startswith("[")
    return f"{spoken}[{SIX}]:{port}" if is_six else f"{spoken}{FOUR}:{port}"
