"""The cure of what a packet filter lets pass: the policy says what may, and all else is dropped.

What may pass is the maker's word. Where the policy declares it, dropping the rest is safe; where it declares nothing of
the kind, the rest is everything, and a person must agree; without any policy only a person can say what is to be kept.
"""

from firmward.facts.packet_filter import Hook
from firmward.model.policy import Policy
from firmward.model.remedy import AddFirewallRule, Remedy, Safety, Stage

DIRECTIONS = {Hook.INPUT: "in", Hook.OUTPUT: "out", Hook.FORWARD: "through"}
SUMMARIES = {
    Hook.INPUT: "Accept what the policy declares with [[listen]], then drop the rest, in IPv4 and IPv6 alike",
    Hook.OUTPUT: "Accept answers and the destinations that the policy declares with [[egress]], then drop the rest",
    Hook.FORWARD: "Accept what the policy declares with [[flow]] between networks, then drop the rest",
}
BREAKS = {
    Hook.INPUT: "Nobody reaches the device any more, since the policy declares no [[listen]].",
    Hook.OUTPUT: "the device reaches nobody any more, since the policy declares no [[egress]]",
    Hook.FORWARD: "what the device forwards between its networks stops, unless a [[flow]] declares it",
}
DECLARE = {
    Hook.INPUT: "Declare in device.toml who may reach which port ([[listen]]); `firmward harden` then writes the rules",
    Hook.OUTPUT: "Declare in device.toml whom the device calls ([[egress]]); `firmward harden` then writes the rules",
    Hook.FORWARD: "Declare in device.toml what passes between networks ([[flow]]); `firmward harden` writes the rules",
}


def closing(hook: Hook, policy: Policy | None) -> Remedy:
    """What closes this hook of the packet filter but for what the policy declares."""
    if policy is None or (hook is Hook.OUTPUT and not policy.egress):
        return Remedy(DECLARE[hook], Safety.MANUAL, Stage.SOURCE)
    changes = (AddFirewallRule(DIRECTIONS[hook], "drop"),)
    if _is_declared(hook, policy):
        return Remedy(SUMMARIES[hook], Safety.SAFE, Stage.IMAGE, changes)
    return Remedy(SUMMARIES[hook], Safety.UNSAFE, Stage.IMAGE, changes, BREAKS[hook])


def _is_declared(hook: Hook, policy: Policy) -> bool:
    if hook is Hook.FORWARD:
        return bool(policy.flow)
    return bool(policy.egress) if hook is Hook.OUTPUT else bool(policy.listen or policy.service)
