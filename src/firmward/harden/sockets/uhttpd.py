"""uhttpd: the addresses of `listen_http` and `listen_https` in etc/config/uhttpd."""

import re

from firmward.harden.sockets import kept, nothing

LINE = re.compile(r"(?m)^([ \t]*(?:list|option)[ \t]+['\"]?listen_https?['\"]?[ \t]+)(['\"]?)([^'\"\n#]+)\2([^\n]*)\n?")


def close_uci(text: str, protocol: str, port: int) -> str:
    found = 0
    known: set[str] = set()

    def local(line: re.Match[str]) -> str:
        nonlocal found
        words = []
        for word in line[3].split():
            address = kept(word, port)
            found += address is not None
            if address is None or address not in known:
                words.append(address or word)
            known.add(address or word)
        return f"{line[1]}{line[2]}{' '.join(words)}{line[2]}{line[4]}\n" if words else ""

    changed = LINE.sub(local, text)
    if not found:
        raise nothing(protocol, port)
    return changed
