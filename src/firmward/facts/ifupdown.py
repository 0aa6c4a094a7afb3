"""Programs that start when the network comes up: hooks of ifupdown, and OpenWrt's.

Rules, from interfaces(5): an interface that `auto` or an `allow-...` line names comes up at boot; then its `pre-up`,
`up` and `post-up` lines run, and the scripts in etc/network/if-pre-up.d and if-up.d. Devices load their firewall
there. Makers call `ifup` in many ways, so a tree that has such interfaces is taken for one that brings them up.
OpenWrt's netifd has /sbin/hotplug-call source etc/hotplug.d/iface/* and net/* for each interface, in a shell that knows
ACTION, INTERFACE and DEVICE.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from firmward.facts.configuration_file import each_file
from firmward.facts.process import Manager, Process, Start
from firmward.facts.scripts.walk import Origin, Walk
from firmward.formats import interfaces
from firmward.model.location import Location
from firmward.model.tree import Tree

PATH = "etc/network/interfaces"
FOLDERS = ("etc/network/if-pre-up.d", "etc/network/if-up.d")
HOTPLUG = ("etc/hotplug.d/net", "etc/hotplug.d/iface")
FILE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class NetworkHooks:
    """`processes` are what the hooks start; `scripts` the paths of the scripts that run.

    `unread` says in words what could not be worked out.
    """

    processes: tuple[Process, ...]
    scripts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def collect(tree: Tree) -> NetworkHooks | None:
    files = dict(_files(tree))
    sourced = _sourced(tree)
    if not files and not sourced:
        return None
    automatic = frozenset(name for parsed in files.values() for name in parsed.automatic)
    walk, dormant = Walk(tree), Walk(tree)
    for path, parsed in files.items():
        for hook in parsed.hooks:
            own = walk if hook.interface in automatic else dormant
            own.line(hook.command, Location(path, hook.line), Origin(hook.interface, Manager.SCRIPT))
    for folder in FOLDERS if automatic - {"lo"} else ():
        for path in tree.list(folder):
            walk.script(path, (), Origin(path.rpartition("/")[2], Manager.SCRIPT))
    for path in sourced:
        walk.sourced_at_event(path, Origin(path.rpartition("/")[2], Manager.SCRIPT))
    disabled = (replace(process, start=Start.DISABLED) for process in dormant.processes)
    return NetworkHooks((*walk.processes, *disabled), tuple(walk.scripts), tuple(walk.unread))


def _sourced(tree: Tree) -> tuple[str, ...]:
    if not (tree.exists("sbin/procd") or tree.exists("etc/rc.common")):
        return ()
    return tuple(path for folder in HOTPLUG for path in tree.list(folder))


def _files(tree: Tree) -> Iterator[tuple[str, interfaces.Interfaces]]:
    def sources(parsed: interfaces.Interfaces) -> Iterator[str]:
        return (path for source in dict.fromkeys(parsed.sources) for path in tree.glob(source.strip("/")))

    return each_file(tree, PATH, interfaces.parse, sources, FILE_LIMIT)
