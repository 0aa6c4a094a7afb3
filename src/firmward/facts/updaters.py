"""Which means of updating are installed, by the files that each needs.

What they verify, and whether they run, is not asked here.
"""

from dataclasses import dataclass

from firmward.model.tree import Tree


@dataclass(frozen=True, slots=True)
class _Row:
    """A means of updating, in the policy's words, and files of which one shows it."""

    name: str
    paths: tuple[str, ...]


ROWS = (
    _Row("rauc", ("etc/rauc/system.conf", "usr/lib/rauc/system.conf", "usr/bin/rauc")),
    _Row("swupdate", ("etc/swupdate.cfg", "etc/swupdate", "usr/bin/swupdate")),
    _Row("mender", ("etc/mender/mender.conf", "usr/bin/mender", "usr/bin/mender-update", "usr/share/mender")),
    _Row("opkg", ("bin/opkg", "usr/bin/opkg", "etc/opkg.conf")),
    _Row("apt", ("usr/bin/apt-get", "usr/bin/apt")),
    _Row("other", ("sbin/sysupgrade", "sbin/apk", "usr/bin/ostree", "usr/bin/dnf", "usr/bin/hawkbit-client")),
)
"""Those that replace the whole system first."""


@dataclass(frozen=True, slots=True)
class Updaters:
    """The `names` of what is there, in the policy's words."""

    names: tuple[str, ...]


def collect(tree: Tree) -> Updaters | None:
    names = tuple(row.name for row in ROWS if any(tree.exists(path) for path in row.paths))
    return Updaters(names) if names else None
