from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from old_squashfs import image, superblock_of_4

from samples import FILES


def samples(folder: Path) -> Iterator[bytes]:
    root = _item("", "directory")
    for version in (3, 2, 1):
        for order in ("little", "big"):
            yield image(_items(), root, version, order)
    yield image(_items(), root, 3, "big", pack=lambda data: data, magic=b"qshs", is_checked=True)
    yield superblock_of_4("big", 4096) + bytes(4000)


def _items() -> list[Any]:
    folders = {name.rpartition("/")[0] for name in FILES} | {"var", "var/empty"}
    items = [_item(name, "directory") for name in folders]
    items += [_item(name, "file", content=content) for name, content in FILES.items()]
    return [*items, _item("bin/sh", "symlink", target="tool"), _item("console", "character", device=(5, 1))]


def _item(path: str, kind: str, **more: Any) -> Any:
    plain = {"content": b"", "target": None, "device": None, "mode": 0o755, "uid": 0, "gid": 0, "mtime": 5}
    return SimpleNamespace(path=path, kind=kind, **(plain | more))
