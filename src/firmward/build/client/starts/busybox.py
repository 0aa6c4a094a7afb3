"""BusyBox's init with a script that runs all of `/etc/init.d/S??*` in their order, as Buildroot has it."""

from firmward.build.client.starts import init_script
from firmward.model.tree import Tree

NAME = "BusyBox's init"
RUNNER = "etc/init.d/rcS"
PATH = "etc/init.d/S85firmward-update"


def is_there(tree: Tree) -> bool:
    return tree.is_file(RUNNER) and bool(tree.glob("etc/init.d/S[0-9][0-9]*"))


def files(_tree: Tree) -> dict[str, tuple[bytes, int]]:
    return {PATH: (init_script.TEXT.encode(), 0o755)}
