"""The scripts of the initramfs: the first program and the watcher of health, filled in.

What goes in is either made of digits and hexadecimal digits alone, or quoted for the shell. Of the kernel's command
line a script reads the slot and nothing else; nothing in it starts a shell for anybody.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from firmward.build.initramfs.modules import Module
from firmward.formats import verity
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

DEVICE = "DEVICE"
"""What stands in a table where the partition goes."""
ON_CORRUPTION = "panic_on_corruption"
COMMANDS = 64
COMMAND_LIMIT = 4096
"""Characters of one health command."""
SECTOR = 512
FOLDER = ".firmward"
"""Where the watcher and its programs lie in an initramfs that is the whole system."""

# the names of BusyBox that the scripts call
APPLETS = (
    "cat", "chroot", "cp", "dd", "insmod", "mount", "reboot", "rm", "sh", "sleep", "switch_root", "umount",
)  # fmt: skip

_TABLE = re.compile(r"0 (?P<sectors>\d{1,15}) verity (?P<rest>\d .*)")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_START = re.compile(r"(?:/[A-Za-z0-9_.-]+)+")


@dataclass(frozen=True, slots=True)
class Health:
    """The `commands` that tell whether the device serves its purpose, to succeed within so many `seconds`."""

    commands: tuple[str, ...]
    seconds: int


def first(modules: Sequence[Module], table: str) -> str:
    """The first program of an initramfs that goes on to a verified root. Raises InputError."""
    slot = _slot(modules, "/proc", "/sys", "/modules")
    return _filled("init.sh", {"SLOT": slot, "TABLE": opened(table)})


def first_of_whole(modules: Sequence[Module], start: str) -> str:
    """The first program of an initramfs that is the whole system, whose own first program is `start`."""
    if not _START.fullmatch(start):
        raise InputError(f"{start!r}: cannot be the system's first program")
    slot = _slot(modules, f"/{FOLDER}/proc", f"/{FOLDER}/sys", f"/{FOLDER}/modules")
    return _filled("init_whole.sh", {"SLOT": slot, "START": start})


def opened(table: str) -> str:
    """The table as the script gives it to dmsetup: written anew from what it says. Raises InputError for one that is
    not of a single device, or lets damage pass."""
    found = _TABLE.fullmatch(table.strip())
    try:
        one = verity.parse_table(found["rest"] if found else "")
    except Malformed as reason:
        raise InputError(f"the table of dm-verity cannot be used: {reason}") from reason
    shape = one.shape
    if found is None or int(found["sectors"]) * SECTOR != shape.data_size:
        raise InputError("the table of dm-verity does not begin with all sectors of its data")
    if (one.data_device, one.hash_device) != (DEVICE, DEVICE) or one.options != (ON_CORRUPTION,):
        raise InputError(f"the table of dm-verity has to name {DEVICE} twice and {ON_CORRUPTION} alone")
    if len(one.root_hash) != 2 * shape.digest_size:
        raise InputError(f"the root hash has {len(one.root_hash)} digits, and {shape.algorithm} makes another number")
    words = (
        "0", found["sectors"], "verity", shape.format, "$root", "$root", shape.data_block, shape.hash_block,
        shape.data_blocks, one.hash_start, shape.algorithm, one.root_hash, shape.salt.hex() or "-", 1, ON_CORRUPTION,
    )  # fmt: skip
    return " ".join(str(word) for word in words)


def watcher(health: Health) -> str:
    """Raises InputError for commands that no script can hold."""
    if len(health.commands) > COMMANDS or not 0 < health.seconds <= 3600:
        raise InputError(f"[update] health: {len(health.commands)} commands within {health.seconds} seconds cannot be")
    for command in health.commands:
        if not command.strip() or "\0" in command or len(command) > COMMAND_LIMIT:
            raise InputError(f"[update] health: {command[:40]!r} is no command")
    asked = " &&\n\t\t".join(f"ask {shlex.quote(command)}" for command in health.commands)
    return _filled("watch.sh", {"HEALTH": asked or ":", "SECONDS": str(health.seconds)})


def _slot(modules: Sequence[Module], proc: str, sys: str, folder: str) -> str:
    for one in modules:
        if not _NAME.fullmatch(one.name):
            raise InputError(f"{one.name!r}: is no name of a kernel module")
    required = " ".join(one.name for one in modules if one.is_required)
    faster = " ".join(one.name for one in modules if not one.is_required)
    values = {"PROC": proc, "SYS": sys, "FOLDER": folder, "MODULES": required, "FASTER": faster}
    return _filled("slot.sh", values)


def _filled(name: str, values: dict[str, str]) -> str:
    """A template with its values, each put in once and not looked at again."""
    text = resources.files("firmward.build.initramfs").joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], text)
