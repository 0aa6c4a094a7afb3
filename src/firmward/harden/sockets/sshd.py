"""sshd: a `Port` more, or a `ListenAddress` with it, is taken out: a login from the device to itself serves nobody."""

from firmward.facts.listener import split_endpoint
from firmward.formats import sshd_config
from firmward.harden.sockets import nothing

OPENS = ("port", "listenaddress")


def close(text: str, protocol: str, port: int) -> str:
    kept, found = [], False
    for line in text.split("\n"):
        said = sshd_config.directive(line, "", 0)
        opened = _port(said) if said is not None and said.keyword in OPENS else None
        if opened == port:
            found = True
            continue
        kept.append(line)
    if not found:
        raise nothing(protocol, port)
    return "\n".join(kept)


def _port(said: sshd_config.Directive) -> int | None:
    """The port that a line names; None for an address without one."""
    word = said.arguments[0] if said.arguments else ""
    place = split_endpoint(word)
    return place[1] if place is not None else None
