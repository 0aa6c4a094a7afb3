"""mosquitto: the address behind `listener PORT`, `bind_address` of the default listener, `no_remote` in OpenWrt."""

import re

from firmward.facts.listener import is_loopback
from firmward.formats import uci
from firmward.harden.draft import Refused
from firmward.harden.settings import mosquitto
from firmward.harden.settings import uci as uci_file
from firmward.harden.sockets import FOUR, SIX, nothing

DEFAULT = 1883
ON = ("1", "on", "true", "yes", "enabled")
HEAD = re.compile(r"(?m)^([ \t]*listener[ \t]+)(\d{1,5})\b(?:[ \t]+([^\s#]\S*))?[ \t]*(?=\r?$)")
PORT = re.compile(r"(?m)^[ \t]*port[ \t]+(\d{1,5})[ \t]*\r?$")
BOUND = re.compile(r"(?m)^[ \t]*bind_(?:interface|address)[ \t]+(\S+)")
FAMILY = re.compile(r"(?m)^[ \t]*socket_domain[ \t]+(\S+)")
INTERFACE = re.compile(r"(?m)^([ \t]*bind_interface[ \t]+)\S+")


def close(text: str, protocol: str, port: int) -> str:
    heads = list(HEAD.finditer(text))
    own = [one for one in heads if int(one[2]) == port]
    said = PORT.search(text)
    is_default = (said is not None and int(said[1]) == port) or (not own and said is None and port == DEFAULT)
    if len(own) + is_default > 1:
        raise Refused(f"{len(own) + is_default} listeners of port {port} cannot share one address")
    if own:
        return _listener(text, own[0], next((one.start() for one in heads if one.start() > own[0].start()), len(text)))
    if not is_default or not (said or BOUND.search(text)):
        raise nothing(protocol, port)
    if INTERFACE.search(text):
        raise Refused("the default listener is bound to an interface here")
    found = BOUND.search(text)
    return text if found and is_loopback(found[1]) else mosquitto.set_option(text, "bind_address", FOUR, None)


def _listener(text: str, head: re.Match[str], end: int) -> str:
    """One listener, with what stands behind it and is its own, on the loopback."""
    address = head[3] or ""
    if is_loopback(address):
        return text
    own = text[head.end() : end]
    six = ":" in address or ((found := FAMILY.search(own)) is not None and found[1] == "ipv6")
    own = INTERFACE.sub(r"\g<1>lo", own)
    return f"{text[: head.start()]}{head[1]}{head[2]} {SIX if six else FOUR}{own}{text[end:]}"


def close_uci(text: str, protocol: str, port: int) -> str:
    sections = uci.parse(text)
    brokers = [one for one in sections if one.type == "mosquitto"]
    listeners = [one for one in sections if one.type == "listener"]
    meant = [(f"@mosquitto[{place}]", one) for place, one in enumerate(brokers) if _port(one) == port]
    meant += [(f"@listener[{place}]", one) for place, one in enumerate(listeners) if _port(one) == port]
    if not meant:
        raise nothing(protocol, port)
    for place, section in meant:
        told = section.get("no_remote")
        if told is None or told.value not in ON:
            text = uci_file.set_option(text, "no_remote", "1", place)
    return text


def _port(section: uci.Section) -> int | None:
    told = section.get("port")
    return int(told.value) if told is not None and told.value.isascii() and told.value.isdecimal() else None
