"""A root laid out as real files, for the tools that make an image of a folder and take owners and devices from it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def lay(items: Iterable[Any], folder: Path) -> Path:
    """Every item as a real file with its owner, mode and time; needs to be root."""
    if os.geteuid():
        pytest.skip("only root can lay out owners and devices")
    folder.mkdir()
    items = list(items)
    for item in items:
        _make(item, folder)
    for item in items:
        if not item.hard_link:
            _attributes(item, folder / item.path)
    for item in reversed(items):  # what is made in a folder changes its time
        os.utime(folder / item.path, (item.mtime, item.mtime), follow_symlinks=False)
    return folder


def _make(item: Any, folder: Path) -> None:
    path = folder / item.path
    if item.hard_link:
        os.link(folder / item.hard_link, path)
    elif item.kind == "directory":
        path.mkdir()
    elif item.kind == "symlink":
        path.symlink_to(item.target)
    elif item.kind == "file":
        path.write_bytes(item.content)
    else:
        types = {"character": 0o020000, "block": 0o060000, "fifo": 0o010000, "socket": 0o140000}
        os.mknod(path, types[item.kind] | 0o600, os.makedev(*(item.device or (0, 0))))


def _attributes(item: Any, path: Path) -> None:
    os.chown(path, item.uid, item.gid, follow_symlinks=False)
    if item.kind != "symlink":
        path.chmod(item.mode)
    for name, value in item.xattrs.items():
        os.setxattr(path, name, value)
