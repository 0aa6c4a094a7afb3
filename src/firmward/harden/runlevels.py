"""OpenRC's runlevels as its makers lay them out: its own and Alpine's, or Debian's, made of SysV's scripts.

OpenRC's own service localmount is in the runlevel boot. Debian has none: there mountall.sh is in the runlevel sysinit,
and so is networking, so that what is to come before the network cannot wait for boot.
"""

from firmward.facts.openrc import RUNLEVELS
from firmward.harden.draft import Draft

FOLDER = "etc/runlevels"
MOUNTS = ("localmount", "mountall")
"""What mounts the file systems; a name that nothing has only orders nothing."""


def that_mounts(draft: Draft) -> str:
    """The folder of the runlevel in which file systems are mounted; boot where it is not seen."""
    folders = [f"{FOLDER}/{level}" for level in RUNLEVELS]
    mounting = (one for one in folders if {name.removesuffix(".sh") for name in draft.names(one)} & set(MOUNTS))
    return next(mounting, f"{FOLDER}/boot")
