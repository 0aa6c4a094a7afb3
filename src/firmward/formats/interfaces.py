"""etc/network/interfaces, as ifupdown and BusyBox's ifup read it.

Rules, from interfaces(5): a backslash at a line's end joins lines; `auto` and `allow-...` name interfaces that come up
by themselves; `iface` begins a section, whose `pre-up`, `up`, `post-up` lines are commands; `source` and
`source-directory` name more files.
"""

from dataclasses import dataclass

HOOKS = ("pre-up", "up", "post-up")


@dataclass(frozen=True, slots=True)
class Hook:
    """A command that runs when an interface comes up."""

    interface: str
    command: str
    line: int


@dataclass(frozen=True, slots=True)
class Interfaces:
    """`automatic` are the interfaces that come up at boot or when they appear."""

    automatic: frozenset[str]
    hooks: tuple[Hook, ...]
    sources: tuple[str, ...] = ()


def parse(text: str) -> Interfaces:
    automatic: set[str] = set()
    hooks: list[Hook] = []
    sources: list[str] = []
    interface = ""
    number = 1
    for row in text.replace("\\\n", "\0").split("\n"):
        line = row.replace("\0", " ").strip()
        word, _, rest = line.partition(" ") if "\t" not in line else line.replace("\t", " ").partition(" ")
        if word == "auto" or word.startswith("allow-"):
            automatic |= set(rest.split())
        elif word == "iface":
            interface = (rest.split() or [""])[0]
        elif word in ("mapping", "source", "source-directory"):
            interface = ""
            path = rest.strip()
            sources += [] if word == "mapping" else [path if word == "source" else f"{path.rstrip('/')}/*"]
        elif word in HOOKS and interface:
            hooks.append(Hook(interface, rest.strip(), number))
        number += 1 + row.count("\0")
    return Interfaces(frozenset(automatic), tuple(hooks), tuple(sources))
