"""SysV's init: a folder of scripts for each runlevel. The script itself lies there, where others have links: `rc` asks
for the name alone."""

from firmward.build.client.starts import init_script
from firmward.model.tree import Kind, Tree

NAME = "SysV's init"
LEVELS = tuple(f"etc/rc{level}.d" for level in "2345")
SCRIPT = "S85firmward-update"


def is_there(tree: Tree) -> bool:
    return bool(_levels(tree))


def files(tree: Tree) -> dict[str, tuple[bytes, int]]:
    return {f"{level}/{SCRIPT}": (init_script.TEXT.encode(), 0o755) for level in _levels(tree)}


def _levels(tree: Tree) -> list[str]:
    found = [(level, tree.resolve(level)) for level in LEVELS]
    return [level for level, entry in found if entry is not None and entry.kind is Kind.DIRECTORY]
