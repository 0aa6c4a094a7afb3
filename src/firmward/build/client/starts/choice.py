"""Which init system a root has, and what of the client's start goes into it."""

from typing import Protocol

from firmward.build.client.starts import busybox, loop, systemd, sysv
from firmward.model.policy import Policy
from firmward.model.tree import Tree


class Starter(Protocol):
    NAME: str

    def is_there(self, tree: Tree, /) -> bool: ...

    def files(self, tree: Tree, /) -> dict[str, tuple[bytes, int]]:
        """By path, with their modes."""
        ...


STARTERS: tuple[Starter, ...] = (systemd, busybox, sysv)
"""The first that is there: where systemd is, it also reads the others' scripts."""


def started(tree: Tree, policy: Policy) -> tuple[dict[str, tuple[bytes, int]], str]:
    """Files by path, and words for who starts it."""
    files = {loop.PATH: (loop.text(policy).encode(), 0o755)}
    for one in STARTERS:
        if one.is_there(tree):
            return files | one.files(tree), f"started by {one.NAME}"
    return files, f"nothing here starts it: have your init system run /{loop.PATH}"
