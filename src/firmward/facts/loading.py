"""Which firewall rules the system really loads: the programs that start and the files that they are given.

A file of rules that nothing loads protects nothing. Loaders: `nft -f FILE` and single `nft` and `iptables` commands,
`iptables-restore` (its file on the command line, or unknown when it comes from standard input),
`netfilter-persistent`, ifupdown's `pre-up` and `up` lines when ifupdown starts, OpenWrt's fw3 and fw4, and the front
ends ufw, firewalld and shorewall.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.command_line import own_words
from firmward.facts.configuration_file import lines
from firmward.facts.startup import Start, Startup
from firmward.model.location import Location
from firmward.model.tree import Tree

INTERFACES = "etc/network/interfaces"
HOOKS = ("pre-up", "up", "post-up")
IFUP = re.compile(r"^[^#\n]*\bifup\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Command:
    """One command that is run at boot: the program's own name and its words."""

    program: str
    words: tuple[str, ...]
    by: str
    at: Location


def commands(tree: Tree, startup: Startup, *programs: str) -> Iterator[Command]:
    """The commands of these programs, ifupdown's first: the network is brought up before what needs it.

    Raises Unavailable when it is not known what starts.
    """
    startup.require_seen()
    if _starts_ifupdown(tree, startup):
        yield from _from_interfaces(tree, programs)
    for process in startup.processes:
        if process.start is not Start.DISABLED and process.program in programs:
            yield Command(process.program, own_words(process.argv), process.service, process.at)


def _starts_ifupdown(tree: Tree, startup: Startup) -> bool:
    """A start script or service calls ifup, which Startup does not list for it ends at once."""
    started = (process for process in startup.processes if process.start is not Start.DISABLED)
    if any(process.program in ("ifup", "ifupdown") or process.service == "networking" for process in started):
        return True
    return any(IFUP.search(tree.text(path) or "") for path in startup.scripts)


def _from_interfaces(tree: Tree, programs: tuple[str, ...]) -> Iterator[Command]:
    paths = (INTERFACES, *tree.glob("etc/network/interfaces.d/*"))
    for path in paths:
        for number, line in lines(tree.text(path) or ""):
            hook, _, rest = line.partition(" ")
            words = rest.split()
            while words and words[0] in ("-", "!", "sudo"):
                words = words[1:]
            if hook in HOOKS and words and words[0].rpartition("/")[2] in programs:
                yield Command(words[0].rpartition("/")[2], tuple(words[1:]), "ifupdown", Location(path, number))
