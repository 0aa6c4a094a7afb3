"""Which firewall rules the system really loads: the programs that start and the files that they are given.

A file of rules that nothing loads protects nothing. Loaders: `nft -f FILE` and single `nft` and `iptables` commands,
`iptables-restore` (its file on the command line or fed by the script), `netfilter-persistent`, OpenWrt's fw3 and fw4,
and the front ends ufw, firewalld and shorewall; in units, start scripts and ifupdown's hooks alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.command_line import own_words
from firmward.facts.startup import Start, Startup
from firmward.model.location import Location


@dataclass(frozen=True, slots=True)
class Command:
    """One command that is run at boot: the program's own name, its words, and the file that it is fed."""

    program: str
    words: tuple[str, ...]
    at: Location
    input: str | None = None


def commands(startup: Startup, *programs: str) -> Iterator[Command]:
    """The commands of these programs among what starts. Raises Unavailable when it is not known what starts."""
    startup.require_seen()
    for process in startup.processes:
        if process.start is not Start.DISABLED and process.program in programs:
            yield Command(process.program, own_words(process.argv), process.at, process.input)
