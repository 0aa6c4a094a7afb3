"""A rule of the packet filter. Whichever is asked for, the whole rule set of the policy is made (see `firewall/`): a
single rule says nothing where the rest passes."""

from firmward.facts.packet_filter import Hook
from firmward.harden.draft import Refused
from firmward.harden.firewall.place import place
from firmward.harden.site import Site
from firmward.model.remedy import AddFirewallRule

KIND = AddFirewallRule
HOOKS = {"in": Hook.INPUT, "out": Hook.OUTPUT, "through": Hook.FORWARD}


def apply(change: AddFirewallRule, site: Site) -> None:
    hook = HOOKS.get(change.direction)
    if hook is None:
        raise Refused(f"a packet filter knows no direction {change.direction}")
    place(site, hook)
