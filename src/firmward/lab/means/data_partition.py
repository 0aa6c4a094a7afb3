"""What an attacker puts on the data partition while it lies on his bench: files with the owner and the mode of his
choice, device nodes among them. Nothing signs it, and nobody asks who wrote it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import split

from firmward.build.built import DATA
from firmward.build.program import run
from firmward.image.budget import Budget, Damaged
from firmward.image.filesystem.ext import open_ext
from firmward.image.source import open_file
from firmward.lab.attacks import Unseen
from firmward.lab.target import Target
from firmward.model.tree import Tree

PACKAGE = "e2fsprogs"
EPOCH = 0
REGULAR, BLOCK_DEVICE = 0o100000, 0o060000


@dataclass(frozen=True, slots=True)
class Planted:
    """`path` below the partition's root, in a folder that is there. `device` are major and minor of a block device."""

    path: str
    mode: int
    owner: int = 0
    content: bytes = b""
    device: tuple[int, int] | None = None


def plant(target: Target, things: tuple[Planted, ...], folders: tuple[str, ...] = ()) -> None:
    """`folders` are made first. Raises Unseen where it holds no ext4, or has no such folder or no room."""
    image = target.work / "data.ext4"
    image.write_bytes(target.read(DATA, target.size(DATA)))
    script = target.work / "plant"
    made = "".join(f"mkdir /{folder}\n" for folder in folders)
    script.write_text(made + "".join(_commands(things, target.work)), encoding="ascii")
    run(["debugfs", "-w", "-f", script, image], epoch=EPOCH, package=PACKAGE)
    _check(image, things)
    target.write(DATA, image.read_bytes())


def _commands(things: tuple[Planted, ...], work: Path) -> Iterator[str]:
    for number, one in enumerate(things):
        folder, name = split(one.path)
        yield f"cd /{folder}\n"
        if one.device is None:
            source = work / f"planted-{number}"
            source.write_bytes(one.content)
            yield f"rm {name}\nwrite {source} {name}\n"
        else:
            major, minor = one.device
            yield f"mknod {name} b {major} {minor}\n"
        kind = REGULAR if one.device is None else BLOCK_DEVICE
        values = {"mode": f"0{kind | one.mode:o}", "uid": one.owner, "gid": one.owner}
        yield from (f"sif {name} {field} {value}\n" for field, value in values.items())


def _check(image: Path, things: tuple[Planted, ...]) -> None:
    """debugfs ends well whatever its commands came to."""
    try:
        tree = open_ext(open_file(image), Budget())
    except Damaged as problem:
        raise Unseen(f"the data partition cannot be read: {problem}") from problem
    for one in things:
        if not _lies_there(tree, one):
            raise Unseen(f"/{one.path} could not be put on the data partition")


def _lies_there(tree: Tree, one: Planted) -> bool:
    entry = tree.lstat(one.path)
    if entry is None or (entry.mode, entry.uid) != (one.mode, one.owner):
        return False
    # where there is no room, a file has its length and not its content
    return one.device is not None or tree.read(entry.path, len(one.content) + 1) == one.content
