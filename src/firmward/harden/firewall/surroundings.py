"""What of the image the rules depend on: programs, interfaces, addresses, DHCP, containers, and its kernel."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_interface

from firmward.facts import engine_sockets
from firmward.facts.kernel_config import KernelConfigs
from firmward.facts.packet_filter import Hook
from firmward.facts.segments import Segments
from firmward.facts.startup import Start, Startup
from firmward.facts.sysctl import Sysctl
from firmward.facts.uplinks import Uplinks
from firmward.harden.draft import Draft, Refused
from firmward.harden.firewall.nft import Means
from firmward.harden.firewall.rules import Network
from firmward.harden.site import Site
from firmward.model.facts import Unavailable, Unknown
from firmward.model.policy import Policy

FOLDERS = ("usr/sbin", "sbin", "usr/bin", "bin", "usr/local/sbin")
ENGINES = (*engine_sockets.PROGRAMS, "lxc-net", "libvirtd")
DHCP_CLIENTS = frozenset(("udhcpc", "udhcpc6", "dhclient", "dhcpcd", "odhcp6c", "dhcp6c", "NetworkManager", "connmand"))
DHCP_FILES = (
    ("etc/network/interfaces", re.compile(r"^\s*iface\s+\S+\s+inet6?\s+(?:dhcp|auto)\b", re.MULTILINE)),
    ("etc/network/interfaces.d/*", re.compile(r"^\s*iface\s+\S+\s+inet6?\s+(?:dhcp|auto)\b", re.MULTILINE)),
    ("etc/systemd/network/*.network", re.compile(r"^\s*DHCP\s*=\s*(?:yes|true|1|on|ipv4|ipv6|both)", re.MULTILINE)),
    ("usr/lib/systemd/network/*.network", re.compile(r"^\s*DHCP\s*=\s*(?:yes|true|1|on|ipv4|ipv6)", re.MULTILINE)),
    ("etc/config/network", re.compile(r"\bproto\s+['\"]?dhcp", re.MULTILINE)),
)
ADDRESS_FILES = (
    "etc/network/interfaces", "etc/network/interfaces.d/*", "etc/systemd/network/*.network", "etc/config/network",
    "etc/NetworkManager/system-connections/*",
)  # fmt: skip
ADDRESS = re.compile(
    r"^[ \t]*(?:(?:option|list)[ \t]+)?(?:address|Address|ipaddr|address\d)[ \t=]+['\"]?(?P<address>[0-9A-Fa-f.:]{2,45}"
    r"(?:/\d{1,3})?)['\"]?(?:[^\n]*\n[ \t]*(?:option[ \t]+)?netmask[ \t]+['\"]?(?P<mask>[\d.]{7,15}))?",
    re.MULTILINE,
)
FILES_LIMIT = 100
TEXT_LIMIT = 1 << 20
NEEDED: Mapping[str, Mapping[str, str | None]] = {
    "nft": {
        "NF_TABLES": "nf_tables",
        "NF_TABLES_INET": None,
        "NFT_CT": "nft_ct",
        "NFT_LIMIT": "nft_limit",
        "NFT_LOG": "nft_log",
        "NF_CONNTRACK": "nf_conntrack",
    },
    "iptables": {
        "IP_NF_IPTABLES": "ip_tables",
        "IP_NF_FILTER": "iptable_filter",
        "NETFILTER_XT_MATCH_CONNTRACK": "xt_conntrack",
        "NETFILTER_XT_MATCH_LIMIT": "xt_limit",
    },
}
"""What the kernel must have for our rules: options without `CONFIG_`, and the modules that they may be built as."""
SOURCES = {"nft": ("NFT_FIB_INET", "nft_fib_inet"), "iptables": ("IP_NF_MATCH_RPFILTER", "ipt_rpfilter")}
"""The option and the module by which a sender's address is asked for."""
COUNTS = {"nft": ("NFT_CONNLIMIT", "nft_connlimit"), "iptables": ("NETFILTER_XT_MATCH_CONNLIMIT", "xt_connlimit")}
"""The same for counting the connections that one address holds."""
COUNTER = ("NETFILTER_CONNCOUNT", "nf_conncount")
"""What both count with, since Linux 4.16; before that xt_connlimit did so itself."""
NAMED_MODULE = "lib/modules/*/kernel/net/*/{}.ko*"
DEEP_MODULE = "lib/modules/*/kernel/net/ipv4/netfilter/{}.ko*"


def program(site: Site, name: str) -> str | None:
    """Where a program lies, or how a start script calls it, whether that runs or not."""
    for folder in FOLDERS:
        if site.draft.exists(f"{folder}/{name}") or site.draft.lstat_through(f"{folder}/{name}") is not None:
            return f"/{folder}/{name}"
    startup = site.facts.families.get(Startup)
    for process in startup.processes if isinstance(startup, Startup) else ():
        if process.program == name:
            known = process.argv[0].removesuffix(f"/{name}").strip("/") in FOLDERS
            return process.argv[0] if known and process.argv[0].startswith("/") else name
    return None


def has_no_ipv6(site: Site) -> bool:
    sysctl = site.facts.families.get(Sysctl)
    return isinstance(sysctl, Sysctl) and sysctl.get("net.ipv6.conf.all.disable_ipv6") == "1"


def routes(site: Site) -> bool:
    """Whether packets may go through the device by its own configuration."""
    names = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding")
    sysctl = site.facts.families.get(Sysctl)
    return isinstance(sysctl, Sysctl) and any(sysctl.get(name) == "1" for name in names)


def has_engine(site: Site) -> bool:
    startup = site.facts.families.get(Startup)
    processes = startup.processes if isinstance(startup, Startup) else ()
    return any(one.program in ENGINES and one.start is not Start.DISABLED for one in processes)


def uses_dhcp(site: Site) -> bool:
    startup = site.facts.families.get(Startup)
    processes = startup.processes if isinstance(startup, Startup) else ()
    if any(one.program in DHCP_CLIENTS and one.start is not Start.DISABLED for one in processes):
        return True
    return any(pattern.search(text) for place, pattern in DHCP_FILES for text in _texts(site.draft, place))


def _texts(draft: Draft, place: str) -> Iterator[str]:
    for path in draft.glob(place)[:FILES_LIMIT]:
        if draft.is_file(path):
            try:
                yield draft.text(path, TEXT_LIMIT) or ""
            except Unavailable:
                continue


def local_networks(site: Site) -> tuple[Network, ...]:
    """The networks that the device has an address in by its configuration."""
    found = []
    for place in ADDRESS_FILES:
        for text in _texts(site.draft, place):
            found += [_network(match["address"], match["mask"]) for match in ADDRESS.finditer(text)]
    return tuple(dict.fromkeys(one for one in found[:FILES_LIMIT] if one is not None and not one.is_loopback))


def _network(address: str, mask: str | None) -> Network | None:
    """None for a single address, which tells of no neighbours."""
    try:
        found = ip_interface(f"{address}/{mask}" if mask else address).network
    except ValueError:
        return None
    return found if found.num_addresses > 1 else None


def interfaces(site: Site, policy: Policy) -> dict[str, tuple[str, ...]]:
    """The interfaces of each zone: those that are configured with its VLAN, and how they are usually called."""
    segments, uplinks = site.facts.families.get(Segments), site.facts.families.get(Uplinks)
    vlans = segments.vlans if isinstance(segments, Segments) else ()
    bases = segments.bases if isinstance(segments, Segments) else ()
    bases = tuple(dict.fromkeys((*bases, *(uplinks.names if isinstance(uplinks, Uplinks) else ()), "eth0")))
    found = {}
    for zone in policy.zone:
        own = [vlan.interface for vlan in vlans if vlan.number == zone.vlan and vlan.interface]
        usual = [f"{base}.{zone.vlan}" for base in bases] + [f"vlan{zone.vlan}"]
        found[zone.name] = (*own, *(usual if zone.vlan is not None else ()), f"br-{zone.name}", zone.name)
    return found


def require_kernel(site: Site, language: str) -> None:
    """Raises Refused where the kernel's configuration is known, and lacks what the rules need."""
    configs = site.facts.families.get(KernelConfigs)
    has_modules = bool(site.draft.glob("lib/modules/*/kernel") or site.draft.glob("usr/lib/modules/*/kernel"))
    for config in configs.found if isinstance(configs, KernelConfigs) else ():
        missing = [f"CONFIG_{option}" for option in NEEDED[language] if config.get(option) == "n"]
        if missing:
            raise Refused(f"the kernel ({config.at}) has no packet filter for it: build it with {' '.join(missing)}")
        modules = [name for option, name in NEEDED[language].items() if name and config.get(option) == "m"]
        absent = [f"{name}.ko" for name in modules if has_modules and not has_module(site, name)]
        if absent:
            raise Refused(f"the packet filter's modules are not in lib/modules: {' '.join(absent)}")


def can_ask_sources(site: Site, language: str) -> bool:
    """A module that the kernel was built with is of use where the root brings it."""
    return _can(site, *SOURCES[language])


def can_count(site: Site, language: str) -> bool:
    """Whether the kernel tells how many connections an address holds."""
    return _can(site, *COUNTS[language]) and (_values(site, COUNTER[0]) == {"n"} or _can(site, *COUNTER))


def _values(site: Site, option: str) -> set[str | Unknown]:
    configs = site.facts.families.get(KernelConfigs)
    return {one.get(option) for one in configs.found} if isinstance(configs, KernelConfigs) else set()


def _can(site: Site, option: str, module: str) -> bool:
    values = _values(site, option)
    if values and not values <= {"y", "m"}:
        return False
    return values == {"y"} or has_module(site, module)


def has_module(site: Site, name: str) -> bool:
    """Whether it is in the root; what was built into this kernel is in a list there."""
    places = (NAMED_MODULE.format(name), DEEP_MODULE.format(name))
    if any(site.draft.glob(f"{root}{place}") for root in ("", "usr/") for place in places):
        return True
    lists = (*site.draft.glob("lib/modules/*/modules.builtin"), *site.draft.glob("usr/lib/modules/*/modules.builtin"))
    return any(f"/{name}.ko\n" in text for path in lists[:FILES_LIMIT] for text in _texts(site.draft, path))


def means(site: Site, policy: Policy, hooks: frozenset[Hook], language: str) -> Means:
    uplinks = site.facts.families.get(Uplinks)
    ways = len(uplinks.names) if isinstance(uplinks, Uplinks) else 1
    several = ways > 1 or any("*" in name for name in uplinks.names) if isinstance(uplinks, Uplinks) else False
    return Means(
        closed(site, policy, hooks),
        can_ask_sources(site, language),
        several,
        has_engine(site),
        can_count(site, language),
    )


def closed(site: Site, policy: Policy, asked: frozenset[Hook]) -> frozenset[Hook]:
    """The hooks that are closed: those asked for, and each of which the policy says what passes there. What is routed
    and not declared goes on as long as nobody asks for more."""
    found = set(asked)
    if policy.listen or policy.service:
        found.add(Hook.INPUT)
    if policy.egress:
        found.add(Hook.OUTPUT)
    if policy.flow or not (routes(site) or has_engine(site) or _forwards(site)):
        found.add(Hook.FORWARD)
    return frozenset(found)


def _forwards(site: Site) -> bool:
    """Where it is not known what the kernel is told, it may forward."""
    return isinstance(site.facts.families.get(Sysctl), Unknown)
