"""systemd as the first program of an initramfs: what it sets up, and where a shell is had.

Sources: systemd-veritysetup-generator(8), veritytab(5), systemd-debug-generator(8), sulogin(8), dracut.cmdline(7).
"""

from collections.abc import Iterator

from firmward.facts.early.programs import dispatch
from firmward.facts.early.records import Anchor, Given, Verification, WayOut
from firmward.facts.early.ways import Ways
from firmward.model.location import Location
from firmward.model.tree import Tree

MARKS = ("etc/initrd-release", "usr/lib/initrd-release", "lib/initrd-release")
FOLDERS = ("usr/lib/systemd", "lib/systemd")
GENERATOR = "system-generators/systemd-veritysetup-generator"
VERITYTAB = "etc/veritytab"
EMERGENCY = ("usr/bin/dracut-emergency", "bin/dracut-emergency")
"""dracut's own shell, which its unit for emergencies starts."""
FORCED = "SYSTEMD_SULOGIN_FORCE=1"


def hands_over(tree: Tree) -> bool:
    """Whether systemd takes itself to be in an initramfs."""
    return any(tree.lstat_through(path) is not None for path in MARKS)


def verifies(tree: Tree, part: str) -> Iterator[Verification]:
    for number, line in enumerate((tree.text(VERITYTAB) or "").splitlines(), 1):
        if len(line.split()) > 3 and not line.lstrip().startswith("#"):
            yield Verification("dm-verity", Location(VERITYTAB, number, part=part), "systemd", Anchor.INITRAMFS)
    path = next((f"{folder}/{GENERATOR}" for folder in FOLDERS if tree.is_file(f"{folder}/{GENERATOR}")), None)
    if path is not None:
        yield Verification("dm-verity", Location(path, part=part), "systemd", Anchor.COMMAND_LINE, "roothash")


def ways_out(tree: Tree, part: str) -> Iterator[WayOut]:
    """dracut's shell for emergencies, systemd's where a setting opens it, and the one for debugging."""
    script = next((path for path in EMERGENCY if tree.is_file(path)), None)
    if script is not None:
        ways = Ways(tree, part, dispatch)
        ways.run(script)
        yield from ways.ways_out.values()
    for path in _settings(tree):
        for number, line in enumerate((tree.text(path) or "").splitlines(), 1):
            if FORCED in line and not line.lstrip().startswith(("#", ";")):
                yield WayOut(Location(path, number, part=part), "sulogin -e", (frozenset(),))
    for folder in FOLDERS:
        unit = f"{folder}/system/debug-shell.service"
        if tree.is_file(unit) and tree.is_file(f"{folder}/system-generators/systemd-debug-generator"):
            word = "systemd.debug_shell"
            yield WayOut(Location(unit, part=part), "sh", (frozenset((Given("", word),)),), (word,))
            return


def _settings(tree: Tree) -> Iterator[str]:
    for name in ("emergency.service", "rescue.service"):
        for folder in ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"):
            path = f"{folder}/{name}"
            if tree.is_file(path):
                yield path
                break
        for folder in ("etc/systemd/system", "usr/lib/systemd/system"):
            yield from tree.glob(f"{folder}/{name}.d/*.conf")
