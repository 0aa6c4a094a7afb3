"""The rules of the policy, in the language that the image has, where they are loaded; then the facts are asked."""

from collections.abc import Iterable

from firmward.facts.configuration_file import inside
from firmward.facts.firewall import Firewall
from firmward.facts.loading import commands
from firmward.facts.nftables import rules_file
from firmward.facts.packet_filter import Hook, Reach
from firmward.facts.process import Manager
from firmward.facts.startup import Startup
from firmward.facts.uplinks import Uplinks
from firmward.harden.draft import Refused
from firmward.harden.firewall import iptables, nft, rules, start, surroundings, uci
from firmward.harden.firewall.rules import Accept, Rules
from firmward.harden.firewall.start import Loading
from firmward.harden.firewall.tighten import firewall_of, tighten
from firmward.harden.site import Site
from firmward.model.facts import Unavailable
from firmward.model.policy import Policy

FAMILIES = {4: "ip", 6: "ip6"}
PROGRAMS = {4: "iptables", 6: "ip6tables"}
SHELL = "etc/firmward/firewall.sh"
SHELL_HEAD = "#!/bin/sh\n"
INCLUDE = f'include "/{nft.PATH}"'
ANY_PORT = 1
"""Stands for all where none is named: who accepts them all accepts this one, which nothing uses."""
NO_POLICY = "what may pass is the maker's word: give it with --policy device.toml"


def place(site: Site, hook: Hook) -> None:
    """Close a hook, and all others of which the policy says what passes. Raises Refused."""
    if site.policy is None:
        raise Refused(NO_POLICY)
    allowed = rules.of_policy(
        site.policy, surroundings.interfaces(site, site.policy), surroundings.local_networks(site)
    )
    if surroundings.uses_dhcp(site):
        allowed = allowed.with_dhcp()
    asked = frozenset((hook, *_closed_before(site)))
    hooks = surroundings.closed(site, site.policy, asked)
    if _is_openwrt(site):
        _openwrt(site, allowed, hooks)
    elif surroundings.program(site, "nft"):
        _nft(site, site.policy, allowed, hooks)
    elif surroundings.program(site, "iptables-restore") or surroundings.program(site, "iptables"):
        _iptables(site, site.policy, allowed, hooks)
    else:
        raise Refused("the image has neither nft nor iptables: add one, with CONFIG_NF_TABLES or CONFIG_IP_NF_IPTABLES")
    _confirm(site, site.policy, asked)


def _closed_before(site: Site) -> Iterable[Hook]:
    """The hooks that an earlier change has closed in our own files."""
    texts = [site.draft.text(path) or "" for path in (nft.PATH, *iptables.PATHS.values(), SHELL)]
    for hook, chain in iptables.CHAINS.items():
        signs = (f"\tchain {hook.value} {{", f":{chain} DROP", f"-P {chain} DROP", f"-A {chain} ")
        if any(sign in text for text in texts for sign in signs):
            yield hook


def _is_openwrt(site: Site) -> bool:
    has_program = surroundings.program(site, "fw4") or surroundings.program(site, "fw3")
    return site.draft.is_file(uci.PATH) and has_program is not None


def _uplinks(site: Site) -> Uplinks | None:
    found = site.facts.families.get(Uplinks)
    return found if isinstance(found, Uplinks) else None


def _versions(site: Site) -> tuple[int, ...]:
    return (4,) if surroundings.has_no_ipv6(site) else (4, 6)


def _require_kernel(site: Site, language: str) -> None:
    """Where rules are loaded already, the maker knows that the kernel takes them."""
    before = site.facts.families.get(Firewall)
    if not isinstance(before, Firewall) or not before.loaded:
        surroundings.require_kernel(site, language)


# ---------------------------------------------------------------------- nftables


def _nft(site: Site, policy: Policy, allowed: Rules, hooks: frozenset[Hook]) -> None:
    _require_kernel(site, "nft")
    means = surroundings.means(site, policy, hooks, "nft")
    site.draft.write(nft.PATH, nft.render(allowed, means))
    file = _makers_file(site)
    if file is not None:
        # with the maker's rules, since these flush what is there whenever they are loaded
        text = site.draft.text(file) or ""
        if INCLUDE not in text.split("\n"):
            site.draft.write(file, f"{text.rstrip()}\n\n{INCLUDE}\n")
        return
    program = surroundings.program(site, "nft") or "nft"
    absolute = program if program.startswith("/") else "/usr/sbin/nft"
    start.start(site, Loading((f"{program} -f /{nft.PATH}",), (f"{absolute} -f /{nft.PATH}",)))


def _makers_file(site: Site) -> str | None:
    """The last file of rules that is loaded and lies in the image."""
    startup = site.facts.families.get(Startup)
    if not isinstance(startup, Startup):
        return None
    found = None
    try:
        for command in commands(startup, "nft"):
            path = inside(rules_file(command.words) or "")
            if path and path != nft.PATH and site.draft.is_file(path):
                found = path
    except Unavailable:
        return None
    return found


# ---------------------------------------------------------------------- iptables


def _iptables(site: Site, policy: Policy, allowed: Rules, hooks: frozenset[Hook]) -> None:
    _require_kernel(site, "iptables")
    means = surroundings.means(site, policy, hooks, "iptables")
    before = site.facts.families.get(Firewall)
    versions = _versions(site)
    own = {version: _has_own(site, before, version) for version in versions}
    _blank(site)
    tighten(site.draft, hooks, tuple(FAMILIES[version] for version in versions if own[version]), _uplinks(site))
    texts = {}
    for version in versions:
        if not own[version]:
            texts[version] = iptables.whole(allowed, means, version)
        else:
            missing = _missing(site, allowed, FAMILIES[version])
            if missing.inward or missing.outward or missing.across:
                texts[version] = iptables.more(missing, sorted(hooks), version)
    if texts:
        _load(site, texts, own)


def _has_own(site: Site, before: object, version: int) -> bool:
    """Whether rules of the maker's are loaded, and not ours of an earlier time."""
    ours = (site.draft.below.text(iptables.PATHS[version]) or "").startswith(iptables.HEAD)
    return isinstance(before, Firewall) and before.covers(FAMILIES[version]) and not ours


def _blank(site: Site) -> None:
    """What an earlier change has added is no rule of the maker's when it is asked what is missing."""
    for path in iptables.PATHS.values():
        if (site.draft.text(path) or "").startswith(iptables.MORE_HEAD):
            site.draft.write(path, f"{iptables.MORE_HEAD}*filter\nCOMMIT\n")
    if iptables.MORE_HEAD in (site.draft.text(SHELL) or ""):
        site.draft.write(SHELL, SHELL_HEAD, 0o755)


def _missing(site: Site, allowed: Rules, family: str) -> Rules:
    """What is declared, and no rule of the maker's accepts. Where IPv6 was closed, it may be so on purpose."""
    before, after = site.facts.families.get(Firewall), firewall_of(site.draft)
    version = next(version for version, name in FAMILIES.items() if name == family)

    def is_missing(one: Accept, hook: Hook) -> bool:
        if after is None or not (one.peer.has(version) and one.source.has(version)):
            return False
        was_closed = isinstance(before, Firewall) and _is_closed(before, family, one, hook)
        return _is_closed(after, family, one, hook) and not (family == "ip6" and was_closed)

    inward = tuple(one for one in allowed.inward if is_missing(one, Hook.INPUT))
    outward = tuple(one for one in allowed.outward if is_missing(one, Hook.OUTPUT))
    return Rules(inward, outward, tuple(one for one in allowed.across if is_missing(one, Hook.FORWARD)))


def _is_closed(firewall: Firewall, family: str, one: Accept, hook: Hook) -> bool:
    return firewall.reach_by(family, one.protocol, one.port or ANY_PORT, hook) is Reach.CLOSED


def _load(site: Site, texts: dict[int, str], own: dict[int, bool]) -> None:
    lines, units, shell = [], [], ""
    for version, text in texts.items():
        name = PROGRAMS[version]
        restore, single = _restore(site, name), surroundings.program(site, name)
        if restore is not None:
            site.draft.write(iptables.PATHS[version], text)
            keep = " --noflush" if own[version] else ""
            # without a filter for IPv6 there had better be no IPv6
            closed = " || echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6" if version == 6 else ""
            lines.append(f"{restore}{keep} < /{iptables.PATHS[version]}{closed}")
            absolute = restore if restore.startswith("/") else f"/usr/sbin/{name}-restore"
            units.append(f"{absolute}{keep} /{iptables.PATHS[version]}")
        elif single is not None:
            shell += text.partition("\n")[0] + "\n" + "\n".join([*iptables.commands(text, single), ""])
        else:
            raise Refused(f"the image has no {name}: add it, or switch IPv6 off (net.ipv6.conf.all.disable_ipv6)")
    if shell:
        site.draft.write(SHELL, SHELL_HEAD + shell, 0o755)
        lines.append(f"/{SHELL}")
        units.append(f"/{SHELL}")
    start.start(site, Loading(tuple(lines), tuple(units)))


def _restore(site: Site, name: str) -> str | None:
    """ip6tables comes with iptables; where it should not, the script that loads its rules switches IPv6 off."""
    found = surroundings.program(site, f"{name}-restore")
    startup = site.facts.families.get(Startup)
    if found is None and isinstance(startup, Startup) and startup.init is not Manager.SYSTEMD:
        sibling = surroundings.program(site, "iptables-restore")
        return None if sibling is None else sibling.replace("iptables-restore", f"{name}-restore")
    return found


# ---------------------------------------------------------------------- OpenWrt


def _openwrt(site: Site, allowed: Rules, hooks: frozenset[Hook]) -> None:
    text = site.draft.text(uci.PATH) or ""
    site.draft.write(uci.PATH, uci.edited(text, allowed, hooks))
    if not site.draft.glob("etc/rc.d/S*firewall"):
        if not site.draft.is_file("etc/init.d/firewall"):
            raise Refused("etc/init.d/firewall is not there, which would load the rules")
        site.draft.link("etc/rc.d/S19firewall", "../init.d/firewall")
    tighten(site.draft, hooks, tuple(FAMILIES[version] for version in _versions(site)), _uplinks(site))


# ---------------------------------------------------------------------- afterwards


def _confirm(site: Site, policy: Policy, asked: frozenset[Hook]) -> None:
    """Raises Refused unless the facts say what was meant: closed, and open where the policy declares it."""
    after = firewall_of(site.draft)
    if after is None:
        raise Refused("what was written is not seen to be loaded")
    if after.unread:
        raise Refused(f"what filters packets cannot be read as a whole: {after.unread[0]}")
    for hook in sorted(asked):
        for version in _versions(site):
            if not after.drops_rest(hook, FAMILIES[version]):
                raise Refused(f"packets at {hook} would go on to pass by IPv{version} whatever is written here")
    before = site.facts.families.get(Firewall)
    for protocol, port in rules.declared(policy):
        was_closed = isinstance(before, Firewall) and before.reach(protocol, port) is Reach.CLOSED
        if not was_closed and after.reach(protocol, port) is Reach.CLOSED:
            raise Refused(f"{protocol}/{port}, which the policy declares, would not be reached any more")
