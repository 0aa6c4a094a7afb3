"""TOMOYO's policy, where a system brings any.

Rules, from TOMOYO Linux 2.6's documentation: /sbin/tomoyo-init loads etc/tomoyo/policy/current at boot (2.2: files in
etc/tomoyo itself). profile.conf says what each profile does (`3-CONFIG={ mode=enforcing ... }`, before 2.3
`3-MAC_FOR_FILE=enforcing`), domain_policy.conf which profile a domain has (`use_profile 3` below its name). Without a
domain that has an enforcing profile the module only watches.
"""

import re
from dataclasses import dataclass

from firmward.model.location import Location
from firmward.model.tree import Tree

FOLDERS = ("etc/tomoyo/policy/current", "etc/tomoyo")
ENFORCING = re.compile(
    r"^(?P<number>\d{1,3})-(?:CONFIG(?:::[\w:]+)?\s*=\s*\{[^}\n]*\bmode=enforcing\b|MAC_FOR_FILE\s*=\s*(?:enforcing|3)\b)",
    re.MULTILINE,
)
USED = re.compile(r"^use_profile (?P<number>\d{1,3})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tomoyo:
    """A policy is installed; `at` is its list of domains. `enforces` says whether a domain has a profile that does."""

    at: Location
    enforces: bool


def collect(tree: Tree) -> Tomoyo | None:
    for folder in FOLDERS:
        domains = tree.text(f"{folder}/domain_policy.conf")
        if domains is not None:
            enforcing = {int(one["number"]) for one in ENFORCING.finditer(tree.text(f"{folder}/profile.conf") or "")}
            used = {int(one["number"]) for one in USED.finditer(domains)}
            return Tomoyo(Location(f"{folder}/domain_policy.conf"), not enforcing.isdisjoint(used))
    return None
