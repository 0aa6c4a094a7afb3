"""dnsmasq: TFTP and DHCP are taken out, which answer nobody on the loopback; what is left is DNS, and where it answers
holds for all three, so that it is kept for the device itself where it is alone.
"""

import re

from firmward.formats import uci
from firmward.harden.draft import Refused
from firmward.harden.settings import dnsmasq
from firmward.harden.settings import uci as uci_file
from firmward.harden.sockets import FOUR, nothing

TFTP, DHCP, DHCP_SIX = ("udp", 69), ("udp", 67), ("udp", 547)
SERVES = re.compile(r"(?m)^[ \t]*(?:enable-tftp|dhcp-range)\b")
WHERE = re.compile(r"(?m)^[ \t]*(?:interface|listen-address|except-interface|bind-dynamic)\b[^\n]*\n?")
RANGE = re.compile(r"(?m)^[ \t]*dhcp-range[ \t]*=(?P<value>[^\n]*)\n?")
MARK = re.compile(r"(?:set|tag|constructor|interface):[^,]*")
ON = ("1", "on", "true", "yes", "enabled")


def close(text: str, protocol: str, port: int) -> str:
    if (protocol, port) == TFTP:
        return dnsmasq.set_option(text, "enable-tftp", dnsmasq.OFF, None)
    if (protocol, port) in (DHCP, DHCP_SIX):
        is_six = port == DHCP_SIX[1]
        return RANGE.sub(lambda found: "" if (":" in MARK.sub("", found["value"])) == is_six else found[0], text)
    if SERVES.search(text):
        raise Refused("DHCP and TFTP would answer where DNS does alone")
    text = dnsmasq.set_option(WHERE.sub("", text), "bind-interfaces", dnsmasq.ON, None)
    return dnsmasq.set_option(text, "listen-address", FOUR, None)


def close_uci(text: str, protocol: str, port: int) -> str:
    sections = uci.parse(text)
    if (protocol, port) == TFTP and any(one.type == "dnsmasq" for one in sections):
        return uci_file.set_option(text, "enable_tftp", "0", "dnsmasq")
    pools = [one for one in sections if one.type == "dhcp"]
    if (protocol, port) != DHCP or not pools:
        raise nothing(protocol, port)
    for place, one in enumerate(pools):
        told = one.get("ignore")
        if one.get("start") is not None and (told is None or told.value not in ON):
            text = uci_file.set_option(text, "ignore", "1", f"@dhcp[{place}]")
    return text
