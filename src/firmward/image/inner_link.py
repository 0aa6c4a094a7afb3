"""Where a symbolic link of an image may point once its tree lies in a folder of the host: inside, always.

The device follows a link from its own root. On the host the same text would lead to the host's files (`/etc/shadow`) or
above the folder. So a link is kept word by word only if it goes up first, no further than the root, and then down: such
a text stays inside whatever the names on its way are, other links kept by the same rule among them. Any other is
written anew in that form, to where the device would go (`a/b/..`, where `a` is a link, needs the tree to tell).
"""

from posixpath import join, relpath

from firmward.model.tree import LINK_LIMIT, Kind, Tree

TARGET_LIMIT = 1023
"""Bytes of a target; every Linux file system takes these."""


def inner_target(tree: Tree, path: str, target: str) -> str | None:
    """The text for the link at `path`, equal to `target` where that can be kept; None where it leads nowhere."""
    if not target or "\0" in target:
        return None
    folder = path.rpartition("/")[0]
    text: str | None = target
    if not _stays_inside(folder, target):
        place = _place(tree, folder, target)
        text = None if place is None else relpath(f"/{place}", f"/{folder}")
    return text if text is not None and len(text.encode("utf-8", "surrogateescape")) <= TARGET_LIMIT else None


def _stays_inside(folder: str, target: str) -> bool:
    """Whether a target goes up first, not above the root, and then only down."""
    if target.startswith("/"):
        return False
    steps = [step for step in target.split("/") if step not in ("", ".")]
    ups = next((place for place, step in enumerate(steps) if step != ".."), len(steps))
    depth = len(folder.split("/")) if folder else 0
    return ups <= depth and ".." not in steps[ups:]


def _place(tree: Tree, folder: str, target: str) -> str | None:
    """Where the device would go, its last name not followed; None when it goes in circles."""
    here = "" if target.startswith("/") else folder
    pending = [step for step in reversed(target.split("/")) if step not in ("", ".")]
    links = 0
    while pending:
        step = pending.pop()
        if step == "..":
            here = here.rpartition("/")[0]
            continue
        entry = tree.lstat(join(here, step)) if pending else None
        if entry is None or entry.kind is not Kind.SYMLINK:
            here = join(here, step)
            continue
        links += 1
        if links > LINK_LIMIT or not entry.target:
            return None
        if entry.target.startswith("/"):
            here = ""
        pending.extend(part for part in reversed(entry.target.split("/")) if part not in ("", "."))
    return here
